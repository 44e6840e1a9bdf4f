"""Graded faults of real images: what they are, and which metrics worsen by them step by step."""

import dataclasses
from typing import NamedTuple

import jax
import numpy as np
import pytest
from conftest import TEST_DATA

from benchmarks import faults
from benchmarks.faults import FAULTS, Floor, Material, Values
from gan_jax import data as data_lib
from gan_jax.data import Dataset, Digits
from gan_jax.errors import UserError
from gan_jax.evaluation import extraction
from gan_jax.method import Example
from gan_jax.metrics import classes, neighbours
from gan_jax.metrics.features import Classifier, Extractor, Head, Patches

DIGITS = Digits(height=12, width=12, channels=1)
METRICS = ("frechet", "kernel", "neighbours", "two_sample", "copying", "classes")


class Measured(NamedTuple):
    floor: dict[str, Floor]
    study: dict[str, list[Values]]

    def verdict(self, fault: str, name: str, first: float = 0) -> str:
        """From the step `first` on."""
        steps = FAULTS[fault].steps
        at = steps.index(first) if first else 0
        return faults.verdict(name, self.floor[name], self.each(fault, name)[at:], steps[at:])

    def each(self, fault: str, name: str) -> list[float]:
        return [values[name] for values in self.study[fault]]


def measured(extractor: Extractor, m: Material) -> Measured:
    return Measured(faults.floor_of(extractor, m), dict(faults.study(extractor, m)))


@pytest.fixture(scope="module")
def some_digits() -> Dataset:
    """Scikit-learn's digits, which are in the order of their writers, shuffled."""
    made = data_lib.load(DIGITS)
    x = np.concatenate([made.train.x, made.test.x])
    label = np.concatenate([made.train.label, made.test.label])
    order = np.random.default_rng(0).permutation(len(x))
    train, test = (Example(x[part], label[part]) for part in np.split(order, [600]))
    return made._replace(train=train, test=test)


@pytest.fixture(scope="module")
def m(some_digits) -> Material:
    return faults.material(some_digits, num_real=400, num_fake=120)


@pytest.fixture(scope="module")
def digits(some_digits, m) -> Measured:
    extractor = Patches().extractor(some_digits, DIGITS)
    some_filters = jax.tree.map(lambda leaf: leaf[..., ::4], extractor.params)
    extractor = extractor._replace(dims=extractor.dims // 4, params=some_filters)
    program = jax.jit(extractor.apply)
    with pytest.MonkeyPatch.context() as patched:
        # All sets by one compiled program, where the extraction compiles one for each.
        patched.setattr(extraction, "of_examples", lambda e, x: np.asarray(program(e.params, x)))
        patched.setattr(faults, "METRICS", METRICS)
        extractor = extractor._replace(head=ridge(extractor, some_digits.train))
        return measured(extractor, m)


def ridge(extractor: Extractor, examples: Example) -> Head:
    """The linear classifier by least squares with a penalty."""
    x = extraction.of_examples(extractor, examples.x).astype(np.float64)
    mean, targets = x.mean(axis=0), np.eye(10)[examples.label]
    inner = (x - mean).T @ (x - mean) + 0.1 * np.eye(extractor.dims)
    kernel = 10 * np.linalg.solve(inner, (x - mean).T @ targets)
    return Head(kernel, -mean @ kernel, tuple("0123456789"))


def test_sets_have_their_classes_in_equal_counts_and_no_image_in_common(some_digits, m):
    sets = [m.real, m.held_out, *(m.fakes(i) for i in range(faults.DRAWS))]
    assert [len(some.x) for some in sets] == [400, 120, *faults.DRAWS * [120]]
    for some in sets:
        assert set(np.bincount(some.label)) == {len(some.x) // 10}
    turns = m.real.label.reshape(-1, 10)
    assert (np.sort(turns, axis=1) == np.arange(10)).all()
    assert set(m.real.label[::2]) == set(range(10))
    numbers = np.arange(len(some_digits.test.x))
    numbered = some_digits._replace(test=Example(numbers, some_digits.test.label))
    of = faults.material(numbered, 400, 120)
    drawn = np.concatenate([of.held_out.x, *(of.fakes(i).x for i in range(faults.DRAWS))])
    assert len(set(drawn)) == (1 + faults.DRAWS) * 120


def test_more_images_than_there_are_is_one_sentence(some_digits, m):
    with pytest.raises(UserError, match=r"200 images at every step take 1600 test images .* 1\d+"):
        faults.material(some_digits, num_real=400, num_fake=200)
    for real in (119, 10**6):
        with pytest.raises(UserError, match=f"--real={real}: the reference takes 120 training im"):
            faults.material(some_digits, num_real=real, num_fake=120)
    with pytest.raises(UserError, match=r"2 classes have \d+ test images in equal counts, not 800"):
        faults.dropped(m._replace(size=800), 8)


def test_a_blur_has_the_weights_of_a_gaussian(m):
    point = np.zeros((1, 12, 12, 1), np.uint8)
    point[0, 5, 6] = 255
    of = m._replace(test=Example(point, m.test.label[:1]), size=1)
    near, far = np.exp(-1 / 2), np.exp(-4 / 2)
    total = 1 + 2 * (near + far + np.exp(-9 / 2) + np.exp(-16 / 2) + np.exp(-25 / 2))
    found = faults.blur(of, 1.0).x[0, :, :, 0]
    assert list(found[5, 6:9]) == [round(255 / total**2 * w) for w in (1, near, far)]
    assert found[7, 4] == round(255 / total**2 * far**2)
    assert found.sum() == pytest.approx(255, abs=6)
    flat = m._replace(test=Example(np.full_like(point, 77), m.test.label[:1]), size=1)
    np.testing.assert_array_equal(faults.blur(flat, 2.0).x, flat.test.x)


def test_noise_has_its_deviation_and_is_the_same_draw_at_every_step(m):
    gray = m._replace(test=Example(np.full((120, 12, 12, 1), 128, np.uint8), m.test.label))
    weak, strong = (faults.noise(gray, level).x.astype(float) - 128 for level in (8, 16))
    assert weak.std() == pytest.approx(8, rel=0.03)
    assert abs(weak.mean()) < 0.3
    assert abs(strong - 2 * weak).max() <= 1.5  # both are rounded
    assert faults.noise(m, 32).x.dtype == np.uint8


def test_dropped_classes_are_gone_and_the_others_make_up_for_them(m):
    for count in FAULTS["dropped"].steps:
        label = faults.dropped(m, count).label
        assert set(label) == set(range(int(count), 10))
        assert len(label) == 120
        assert np.ptp(np.bincount(label)[int(count) :]) <= 1
    shares = np.bincount(m.real.label)
    for count, classes_left in ((5, 5), (8, 2)):
        found = classes.modes(faults.dropped(m, count).label, shares)
        assert found.hit == classes_left
        assert found.kl == pytest.approx(np.log(10 / classes_left), rel=1e-12)


@pytest.mark.parametrize(("copies", "distinct"), [(2, 60), (4, 30), (16, 7), (64, 1)])
def test_duplicates_are_few_images(m, copies, distinct):
    found = faults.duplicates(m, copies)
    assert len(found.x) == len(found.label) == 120
    times = np.unique(found.x, axis=0, return_counts=True)[1]
    assert len(times) == distinct
    assert min(times) >= copies


@pytest.mark.parametrize(("percent", "copied"), [(10, 12), (30, 36), (100, 120)])
def test_copies_are_images_of_the_reference(m, percent, copied):
    flat = [e.x.reshape(len(e.x), -1).astype(float) for e in (faults.copies(m, percent), m.real)]
    assert (neighbours.nearest(*flat).squared[:, 0] == 0).sum() == copied
    assert (faults.copies(m, percent).label[copied:] == m.fakes().label[copied:]).all()


def test_mirrored_images_begin_on_the_right(m):
    np.testing.assert_array_equal(faults.mirrored(m, 100).x[:, 3, :2], m.fakes().x[:, 3, :9:-1])


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("fd", [1.4, 1.5, 2], "yes"),
        ("fd", [1.3, 1.5, 2], "from 2"),
        ("fd", [0.7, 1.3, 2], "from 3"),
        ("fd", [0.6, 1.3, 1.3], "better"),
        ("fd", [0.6, 1.5, 2], "unordered"),
        ("fd", [1.5, 2, 1.3], "unordered"),
        ("fd", [1.4, 1.4, 2], "yes"),
        ("recall", [1.4, 1.5, 2], "better"),
        ("one_nn", [1.2, 1.5, 2], "from 2 ↑"),
        ("one_nn", [0.6, 0.5, 0], "yes ↓"),
        ("one_nn", [1.5, 0.5, 0], "unordered ↓"),
        ("one_nn", [1.5, 0.5, 0.9], "unordered ↑"),
        ("one_nn", [1.1, 0.9, 1.3], "no"),
    ],
)
def test_verdicts_by_hand(name, found, expected):
    assert faults.verdict(name, Floor(1.0, 0.1), found, (1, 2, 3)) == expected


def test_tables_by_hand():
    floor = faults.floors([{"fd": 1.0, "recall": 0.5}, {"fd": 1.2, "recall": 0.5}])
    assert floor["fd"] == pytest.approx((1.1, 0.1 * 2**0.5))
    study = {
        "copies": [{"fd": fd, "recall": 0.5} for fd in (1.5, 1.6, 1234.4)],
        "mirrored": [{"fd": 1.7, "recall": 0.25}],
    }
    lines = faults.table("copies", floor, study["copies"]).splitlines()
    assert lines[0] == "|  | floor | 10 | 30 | 100 | seen |"
    assert lines[2] == "| fd | 1.1 ± 0.14 | 1.5 | 1.6 | 1234 | from 30 |"
    lines = faults.summary(floor, study).splitlines()
    assert lines[0] == "|  | copies | mirrored |"
    assert lines[2:] == ["| fd | from 30 | yes |", "| recall | no | yes |"]


SEEN = {
    "digits": {
        ("blur", 0.6): ("fd", "kd", "precision", "recall", "density", "coverage", "copying ↑"),
        ("blur", 1): ("one_nn ↑", "authenticity ↑"),
        ("blur", 2): ("agreement", "kl", "class_score"),
        ("noise", 32): ("fd", "kd", "density"),
        ("dropped", 1): ("kl", "class_score", "recall"),
        ("dropped", 3): ("fd", "kd", "coverage"),
        ("duplicates", 2): ("fd",),
        ("duplicates", 16): ("kl", "modes"),
        ("copies", 30): ("copying ↓",),
        ("copies", 100): ("authenticity ↓",),
        ("mirrored", 100): ("fd", "kd", "precision", "recall", "agreement"),
    },
    "all": {
        ("noise", 32): ("precision", "recall", "coverage", "one_nn ↑", "copying ↑"),
        ("dropped", 8): ("fd", "kd", "recall", "coverage", "one_nn ↑"),
        ("duplicates", 2): ("recall", "coverage", "one_nn ↑"),
        ("duplicates", 16): ("fd", "kd"),
    },
    "real": {
        ("blur", 0.6): ("fd", "kd", "recall", "coverage", "one_nn ↑"),
        ("noise", 16): ("fd", "kd", "recall"),
        ("noise", 32): ("authenticity ↑",),
        ("copies", 30): ("authenticity ↓", "copying ↓", "one_nn ↓"),
    },
    "mnist": {
        ("dropped", 3): ("fd", "recall", "coverage", "one_nn ↑"),
        ("mirrored", 100): ("fd", "kd", "precision", "recall", "coverage", "one_nn ↑"),
    },
    "classifier": {
        ("blur", 1): ("kl", "class_score", "agreement"),
        ("noise", 32): ("kl", "class_score"),
        ("dropped", 1): ("kl",),
    },
}
"""Of data and space: by fault and step, the metrics that see it from there on."""

UNSEEN = {
    "digits": {"noise": ("modes",), "dropped": ("authenticity",), "duplicates": ("agreement",)},
    "all": {
        "dropped": ("precision", "density"),
        "copies": ("fd", "kd", "precision", "recall", "coverage"),
    },
    "cifar10": {"mirrored": ("fd", "kd", "precision", "recall", "coverage", "one_nn")},
    "classifier": {"noise": ("modes",), "copies": ("kl", "modes", "agreement")},
}


def unexpected(found: Measured, *of: str) -> dict[tuple[str, str], tuple[str, list[float]]]:
    """What is not as `SEEN` and `UNSEEN` say, with its verdict and its values."""
    wrong = {}
    for (fault, first), metrics in (item for key in of for item in SEEN.get(key, {}).items()):
        for metric, _, arrow in (words.partition(" ") for words in metrics):
            verdict = found.verdict(fault, metric, first)
            if verdict != f"yes {arrow}".strip():
                wrong[fault, metric] = verdict, found.each(fault, metric)
    for fault, metrics in (item for key in of for item in UNSEEN.get(key, {}).items()):
        for metric in metrics:
            if (verdict := found.verdict(fault, metric)) not in ("no", "better"):
                wrong[fault, metric] = verdict, found.each(fault, metric)
    return wrong


def test_metrics_of_digits_worsen_step_by_step_where_they_should(digits):
    assert unexpected(digits, "all", "digits") == {}


@pytest.mark.slow
@pytest.mark.skipif(
    not (TEST_DATA / "tfds").is_dir(), reason="needs the prepared TFDS data of the test data"
)
@pytest.mark.parametrize("name", ["cifar10", "mnist"])
@pytest.mark.parametrize("space", [Patches(), Classifier()], ids=lambda space: space.choice)
def test_metrics_of_real_data_worsen_step_by_step_where_they_should(name, space, monkeypatch):
    """At the counts of docs/scores.md: with half of them some weak steps are not seen."""
    monkeypatch.setattr(faults, "METRICS", METRICS)
    source = dataclasses.replace(faults.SOURCES[name], data_dir=str(TEST_DATA / "tfds"))
    data = data_lib.load(source)
    m = faults.material(data, num_real=2000, num_fake=1000)
    found = measured(space.extractor(data, source), m)
    assert unexpected(found, "all", "real", name, space.choice) == {}


def test_the_weakest_faults_of_pixels_are_within_the_floor(digits):
    """A blur of 0.3 and noise of 4 hardly outlive the rounding of pixels."""
    for name in digits.floor:
        mean, deviation = digits.floor[name]
        for fault in ("blur", "noise"):
            assert digits.each(fault, name)[0] == pytest.approx(mean, abs=4 * deviation), name


def test_values_that_copies_and_duplicates_have_exactly(digits):
    """Of four copies each has three others at distance 0, so that their balls hold nothing else."""
    assert digits.each("duplicates", "recall")[1:] == [0, 0, 0]
    assert digits.each("copies", "precision")[2] == 1
    few, some, all_copies = digits.each("copies", "authenticity")
    assert 0.9 * digits.floor["authenticity"].mean == pytest.approx(few, abs=0.1)
    assert 0.7 * digits.floor["authenticity"].mean == pytest.approx(some, abs=0.1)
    assert all_copies == 0
