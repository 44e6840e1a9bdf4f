"""The memorisation report: copies are found, new images are not accused."""

import json
import math

import numpy as np
import pytest
from conftest import tiny_config
from PIL import Image

from gan_jax import train, visualize
from gan_jax.config import override
from gan_jax.data import Dataset, kinds
from gan_jax.method import Example
from gan_jax.metrics import measures, memorisation
from gan_jax.metrics.memorisation import nearness
from gan_jax.run.writers import Writers
from gan_jax.visualize.neighbours import write_distances


def images(seed, count, size=(12, 10, 3)):
    """Independent draws of one law: three soft blobs of random place, size and colour."""
    rng = np.random.default_rng(seed)
    height, width, channels = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    drawn = np.full((count, *size), 60, np.float32)
    for _ in range(3):
        at = rng.uniform(0, 1, (2, count, 1, 1)) * np.array([height, width]).reshape(2, 1, 1, 1)
        radius = rng.uniform(1.5, 4, (count, 1, 1))
        blob = np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / radius**2)
        drawn += blob[..., None] * rng.uniform(-60, 120, (count, 1, 1, channels))
    return np.clip(drawn, 0, 255).astype(np.uint8)


TRAINING = images(0, 100)


@pytest.fixture(scope="module")
def survey():
    return memorisation.survey(TRAINING, None, mirrored=False)


def figures(survey, samples):
    return memorisation.figures(survey, memorisation.compare(survey, samples))


def test_a_generator_that_returns_training_images_is_found(survey):
    compared = memorisation.compare(survey, TRAINING[::-1])
    for space in compared.values():
        np.testing.assert_array_equal(space.neighbours.numbers[:, 0], np.arange(100)[::-1])
        np.testing.assert_allclose(space.neighbours.distances[:, 0], 0, atol=1e-5)
        assert space.nearer.all()
    found = memorisation.figures(survey, compared)
    expected = {"share": 1, "distance": 0, "share_pixels": 1, "distance_pixels": 0}
    assert found == pytest.approx(expected, abs=1e-5)
    report = memorisation.report(7, found, 100)
    assert report["step"] == 7
    assert report["finding"] == ""
    assert report["warning"] == (
        "The generator learns by heart: 100 % of 100 samples are nearer to a training image than "
        "real images are to each other; of new images at most 5 % are."
    )


@pytest.mark.parametrize(
    ("count", "num_samples", "finding"),
    [
        (0, 64, "No sign of memorisation: 0 % of 64 samples are nearer"),
        (10, 64, "No sign of memorisation: 16 %"),
        (11, 64, "More than new images would show: 17 % of 64"),
        (15, 64, "More than new images would show: 23 %"),
        (16, 64, "The generator learns by heart: 25 %"),
        (1, 4, "No sign of memorisation: 25 % of 4"),
        (2, 4, "No sign of memorisation: 50 %"),
        (3, 4, "The generator learns by heart: 75 %"),
    ],
)
def test_the_words_are_those_of_the_count(count, num_samples, finding):
    """What the tail of the binomial distribution leaves to chance is no sign."""
    parts = range(count, num_samples + 1)
    tail = sum(math.comb(num_samples, k) * 0.05**k * 0.95 ** (num_samples - k) for k in parts)
    assert memorisation.exceeds(count / num_samples, num_samples) == (tail < 1e-3)
    assert memorisation.sentence({"share": count / num_samples}, num_samples).startswith(finding)


def test_copies_with_slight_changes_are_found(survey):
    noisy = TRAINING + np.random.default_rng(1).normal(0, 3, TRAINING.shape)
    assert figures(survey, np.clip(noisy, 0, 255).astype(np.uint8))["share"] > 0.9
    darker = (TRAINING * 0.7).astype(np.uint8)
    assert figures(survey, darker)["share"] == 1


@pytest.mark.parametrize("held_out", [False, True])
def test_new_images_are_not_accused(held_out):
    """Of new images 5 % pass each bound, whether test images set it or the training images."""
    training = images(0, 400)
    test = images(1, 400) if held_out else None
    survey = memorisation.survey(training, test, mirrored=False)
    assert survey.held_out == held_out
    compared = memorisation.compare(survey, images(2, 400))
    for name, space in survey.spaces.items():
        for values, bound in zip(compared[name].nearness, space.bounds, strict=True):
            assert 0.01 < (values <= bound).mean() < 0.1  # 3 deviations of both samples of 400
    found = memorisation.figures(survey, compared)
    assert found["share"] < 0.05
    assert found["share_pixels"] < 0.05
    assert found["distance"] == pytest.approx(1, abs=0.06)
    assert found["distance_pixels"] == pytest.approx(1, abs=0.06)
    assert memorisation.report(1, found, 400)["warning"] == ""


def test_an_image_that_is_near_to_all_copies_none():
    """Of images that vary about a common one, that one is nearer than they are to each other."""
    rng = np.random.default_rng(0)
    common = 128 + rng.normal(0, 30, (12, 10, 3))
    training = np.clip(common + rng.normal(0, 30, (100, 12, 10, 3)), 0, 255).astype(np.uint8)
    nearly = np.clip(common + rng.normal(0, 3, (20, 12, 10, 3)), 0, 255).astype(np.uint8)
    survey = memorisation.survey(training, None, mirrored=False)
    compared = memorisation.compare(survey, nearly)
    bound = survey.spaces["pixels"].bounds.distance
    assert (compared["pixels"].nearness.distance < bound).all()
    assert figures(survey, nearly)["share"] == 0
    assert figures(survey, nearly)["share_pixels"] == 0


def test_a_picture_that_stands_several_times_in_the_data_changes_no_bound(survey):
    thrice = memorisation.survey(np.concatenate([TRAINING, *[TRAINING[:10]] * 2]), None, False)
    for name, space in survey.spaces.items():
        for values, expected in zip(thrice.spaces[name].real, space.real, strict=True):
            np.testing.assert_allclose(values, expected, rtol=1e-5)
    assert figures(thrice, TRAINING)["share"] == 1
    assert figures(thrice, images(2, 100))["share"] < 0.1


@pytest.mark.parametrize("copies", [2, 6, 20])
@pytest.mark.parametrize("noise", [0, 3])
def test_data_full_of_copies_are_no_all_clear(copies, noise):
    """40 pictures, each as often, exactly or with up to so many gray levels of noise."""
    rng = np.random.default_rng(0)
    pictures = images(0, 40)

    def again():
        changed = pictures + rng.integers(-noise, noise + 1, pictures.shape)
        return np.clip(changed, 0, 255).astype(np.uint8)

    survey = memorisation.survey(np.concatenate([again() for _ in range(copies)]), None, False)
    assert 40 <= survey.distinct < 70
    learnt = memorisation.report(1, figures(survey, again()), 40)
    assert learnt["warning"].startswith("The generator learns by heart")
    assert np.isfinite([value for value in learnt.values() if isinstance(value, float)]).all()
    assert figures(survey, images(5, 40))["share"] < 0.1


@pytest.mark.parametrize("given", ["one", "flat", "few", "few tests"])
def test_of_too_few_distinct_pictures_nothing_is_said(given, tmp_path, capsys):
    training, test = {
        "one": (np.repeat(images(0, 1), 30, axis=0), None),
        "flat": (np.stack([np.full((8, 8, 3), 9 * i, np.uint8) for i in range(20)]), None),
        "few": (np.repeat(images(0, 9), 30, axis=0), None),
        "few tests": (TRAINING, np.repeat(images(0, 4), 30, axis=0)),
    }[given]
    survey = memorisation.survey(training, test, False)
    assert not survey.has_bounds
    found = figures(survey, training[:16])
    assert found == {"distinct": survey.distinct}
    report = memorisation.report(3, found, 16)
    assert report["finding"].startswith("Cannot say whether the generator memorises: ")
    assert report["warning"] == ""
    writers = Writers(tmp_path, 0, kinds.Picture(8, 8, 1))
    writers.scalars(3, {f"memorisation/{name}": value for name, value in found.items()})
    writers.close()
    kept = json.loads((tmp_path / "memorisation.json").read_text())
    assert kept["finding"] == memorisation.sentence(found, 64)
    assert capsys.readouterr().out == ""


def test_mirrored_copies_are_copies_where_the_training_images_were_mirrored(survey):
    mirrored = memorisation.survey(TRAINING, None, mirrored=True)
    copies = TRAINING[:, :, ::-1]
    found = figures(mirrored, copies)
    assert found == pytest.approx(figures(mirrored, TRAINING), abs=1e-5)
    assert found["share"] == 1
    assert figures(mirrored, images(2, 100))["share"] < 0.1
    assert figures(survey, copies)["share"] < memorisation.ALARM


def test_brightness_and_contrast_do_not_tell_images_apart():
    dark = images(3, 4) // 3
    for embed in memorisation.SPACES.values():
        vectors = np.asarray(embed(dark))
        np.testing.assert_allclose(embed(2 * dark + 20), vectors, atol=1e-4)
        np.testing.assert_allclose(vectors.mean(axis=1), 0, atol=1e-5)
        np.testing.assert_allclose((vectors**2).sum(axis=1), 1, rtol=1e-5)
        assert np.isfinite(embed(np.full((1, 8, 8, 1), 7, np.uint8))).all()


def test_neighbours_are_those_of_all_distances_written_out(survey):
    samples = images(2, 70)  # more than a chunk, less than two
    compared = memorisation.compare(survey, samples)
    for name, embed in memorisation.SPACES.items():
        apart = np.asarray(embed(samples))[:, None] - np.asarray(embed(TRAINING))[None]
        distances = np.sqrt((apart**2).sum(axis=2))
        order = np.argsort(distances, axis=1)[:, :9]
        expected = np.take_along_axis(distances, order, axis=1)
        np.testing.assert_allclose(compared[name].neighbours.distances, expected, atol=1e-5)
        assert (compared[name].neighbours.numbers == order).mean() > 0.99  # but for ties
        np.testing.assert_allclose(compared[name].nearness.distance, expected[:, 0], atol=1e-5)


def test_of_a_large_data_set_an_even_part_is_taken(monkeypatch):
    monkeypatch.setattr(nearness, "MOST_TRAINING_IMAGES", 34)
    monkeypatch.setattr(nearness, "MOST_REAL_IMAGES", 12)
    survey = memorisation.survey(TRAINING, None, mirrored=False)
    np.testing.assert_array_equal(survey.numbers, np.arange(0, 100, 3))
    assert len(survey.spaces["pixels"].real.distance) == 12
    nearest = memorisation.compare(survey, TRAINING[::3])["pixels"].neighbours.numbers[:, 0]
    np.testing.assert_array_equal(nearest, np.arange(0, 100, 3))


@pytest.mark.parametrize(("count", "measured"), [(9, 0), (10, 1), (1_999, 1), (2_000, 0)])
def test_only_small_data_sets_are_watched(count, measured):
    split = Example(np.zeros((count, 8, 8, 1), np.uint8), np.zeros(count, np.int32))
    source = tiny_config().data
    dataset = Dataset(split, split, (), (), "")
    assert len(measures.measures(source, dataset)) == measured


def test_the_warning_is_kept_and_said_once(tmp_path, capsys):
    def row(share):
        return {"g/loss": 1.0, "memorisation/share": share, "memorisation/distance": 0.5}

    writers = Writers(tmp_path, 0, kinds.Picture(8, 8, 1))
    writers.scalars(1, row(0.24))
    assert "memorisation.json" not in capsys.readouterr().out
    kept = json.loads((tmp_path / "memorisation.json").read_text())
    assert kept == {
        "finding": "More than new images would show: 24 % of 64 samples are nearer to a training "
        "image than real images are to each other; of new images at most 5 % are.",
        "warning": "",
        "step": 1,
        "num_samples": 64,
        "share": 0.24,
        "distance": 0.5,
        "highest_share": 0.24,
        "highest_step": 1,
    }
    writers.scalars(2, row(0.25))
    said = capsys.readouterr().out
    assert said.startswith("The generator learns by heart: 25 % of 64 samples")
    writers.scalars(3, row(0.5))
    writers.scalars(4, {"g/loss": 1.0})
    writers.close()
    again = Writers(tmp_path, 4, kinds.Picture(8, 8, 1))
    again.scalars(5, row(0.6))
    again.scalars(4_600, row(0.61))
    again.scalars(6_800, row(0.0))
    again.close()
    assert capsys.readouterr().out == ""
    kept = json.loads((tmp_path / "memorisation.json").read_text())
    assert kept["step"] == 6_800
    assert kept["finding"].startswith("No sign of memorisation: 0 %")
    assert kept["warning"] == (
        "At step 4,600 61 % of 64 samples were nearer to a training image than real images are to "
        "each other; of new images at most 5 % are."
    )
    assert (kept["highest_share"], kept["highest_step"]) == (0.61, 4_600)


def test_the_samples_that_the_share_counts_are_filled_in_the_histogram(survey, tmp_path):
    found, orange = memorisation.compare(survey, images(2, 64)), []
    for counted in (np.zeros(64, bool), np.ones(64, bool)):
        compared = {name: space._replace(nearer=counted) for name, space in found.items()}
        write_distances(tmp_path / "distances.png", survey, compared, "")
        with Image.open(tmp_path / "distances.png") as picture:
            pixels = np.asarray(picture)[:, :, :3]
        orange.append(int((pixels == [0xD5, 0x5E, 0x00]).all(axis=2).sum()))
    assert orange[1] > 2 * orange[0] > 0


def test_a_run_measures_it_and_its_neighbours_can_be_seen(tmp_path, monkeypatch, capsys):
    steps = {"train.num_steps": "5", "log.every_steps": "4", "sample.every_steps": "3"}
    train.run(override(tiny_config(), steps), tmp_path)
    row = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    assert row["step"] == 4  # the first row after the grid of step 3
    assert 0 <= row["memorisation/share"] <= 1
    assert row["memorisation/distance"] > 0.5  # an untrained G copies nothing
    options = visualize.Options(num_samples=20)
    written = visualize.run(tmp_path, ("neighbours",), options)
    names = ["neighbours.png", "neighbours_distances.png", "neighbours.json"]
    assert [path.name for path in written] == names
    with Image.open(written[0]) as picture:
        assert picture.mode == "L"
    report = json.loads(written[2].read_text())
    assert (report["step"], report["num_samples"]) == (5, 20)
    monkeypatch.setattr(nearness, "FEWEST_IMAGES", 10_000)
    with pytest.raises(visualize.NotForThisRun, match="are too few; it needs"):
        visualize.run(tmp_path, ("neighbours",), options)
