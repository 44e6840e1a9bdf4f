"""Scores of pictures that are to be their sources but for the class."""

import json

import numpy as np
import pytest

from gan_jax.config import override
from gan_jax.data import ProceduralCars
from gan_jax.evaluation import pairs
from gan_jax.method import Example
from gan_jax.methods import GAN, CycleGAN
from gan_jax.methods.sampling import Requests

RANDOM = np.random.default_rng(0)
CARS = ProceduralCars(height=8, width=8, labels="paint", num_classes=2)
EDITED = CycleGAN(data=CARS)


def counterfactuals(count):
    """Pictures whose middle, 4x4 of 8x8 pixels, is 40 levels brighter than in their sources, in the
    second class darker."""
    source = RANDOM.integers(50, 150, (count, 8, 8, 3), np.uint8)
    x, label = source.copy(), np.arange(count, dtype=np.int32) % 2
    x[:, 2:6, 2:6] += np.uint8(np.where(label, -40, 40)[:, None, None, None])
    return Example(x, label, source)


def test_the_error_is_told_where_the_class_changes_and_where_it_does_not():
    requests = Requests(EDITED, pictures=counterfactuals(10))
    shown = requests(range(6))
    rows = pairs.beside(requests, 6, None)
    kept = {name: (row["l1_changed"], row["l1_kept"]) for name, row in rows.items()}
    assert kept == {"source": (40, 0), "target": (0, 0)}
    half = (shown.x.astype(int) + shown.source) // 2
    half[:, 0] += 8  # one row of eight; 48 pixels of 64 are to stay
    found = pairs.of(requests, 6, None)(half.astype(np.uint8))
    assert found["l1_changed"] == 20
    assert found["l1_kept"] == pytest.approx(8 * 8 / 48)
    assert found["l1"] == pytest.approx((20 * 16 + 8 * 8) / 64)


def test_a_picture_of_its_own_class_has_nothing_to_change(tmp_path):
    test = counterfactuals(10)
    own = Requests(EDITED, pictures=test._replace(source=test.x))
    scores = pairs.of(own, 6, None)(own(range(6)).x)
    assert scores["l1_kept"] == 0
    assert "l1_changed" not in scores
    table = pairs.write(tmp_path, 6, {"other": {"l1_changed": 3.0, "l1_kept": 1.0}, "own": scores})
    assert "| own |  | 0 |" in table
    content = json.loads((tmp_path / "evaluation" / "pairs.json").read_text())
    assert content["scores"]["own"] == scores


@pytest.mark.parametrize(
    ("config", "pictures"),
    [
        (EDITED, counterfactuals(10)._replace(source=None)),
        (override(GAN(data=CARS), {"condition.name": "stored"}), counterfactuals(10)),
    ],
)
def test_other_pairs_have_no_such_scores(config, pictures):
    requests = Requests(config, pictures=pictures)
    assert not requests.has_counterfactuals
    if requests.has_targets:
        assert "l1_kept" not in pairs.of(requests, 4, None)(requests(range(4)).x)
