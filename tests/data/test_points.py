import dataclasses
import json
import math

import numpy as np
import pytest

from gan_jax import data, sample, train
from gan_jax.config import override
from gan_jax.data import Digits, Points, densities, sheets
from gan_jax.data.densities import DENSITIES, Mixture, mixture
from gan_jax.errors import UserError
from gan_jax.methods import GAN, Checkpoint, GameTrain, Log, Sample
from gan_jax.metrics import measures
from gan_jax.networks import MLPDisc, MLPGen, Uniform

POINTS = Points(name="ring")


def one(mean, deviation=1.0) -> Mixture:
    return mixture([mean], deviation)


def best_disc(real: Mixture, fake: Mixture, points, *targets):
    logs = (densities.log_density(each, points) for each in (real, fake))
    return densities.optimal_disc(*logs, *targets)


def test_a_mixture_has_the_density_of_its_formula():
    """Weights .25 and .75; at the origin by hand, at random points by the sum of two products."""
    density = Mixture(
        np.array([0.25, 0.75]),
        np.array([[0.0, 0.0], [1.0, -2.0]]),
        np.array([[1.0, 1.0], [0.5, 2.0]]),
    )
    at_origin = 0.25 / (2 * math.pi) + 0.75 / (2 * math.pi) * math.exp(-(2**2 + 1**2) / 2)
    assert densities.log_density(density, np.zeros((1, 2))) == pytest.approx(
        [math.log(at_origin)], abs=1e-12
    )
    points = np.random.default_rng(0).normal(size=(600, 2))
    expected = 0
    for weight, mean, spread in zip(*density, strict=True):
        factors = np.exp(-(((points - mean) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))
        expected += weight * factors.prod(axis=1)
    np.testing.assert_allclose(
        densities.log_density(density, points), np.log(expected), rtol=0, atol=1e-12
    )


def test_samples_are_of_the_density():
    """Per mode: its share, mean and deviations, within 4 standard errors."""
    density = Mixture(
        np.array([0.2, 0.8]),
        np.array([[-3.0, 1.0], [2.0, 0.5]]),
        np.array([[0.1, 0.3], [0.5, 0.2]]),
    )
    points, modes = densities.draw(density, 3, 40_000)
    for mode in (0, 1):
        own = points[modes == mode]
        assert len(own) / 40_000 == pytest.approx(density.weights[mode], abs=0.008)
        bounds = 4 * density.deviations[mode] / math.sqrt(len(own))
        assert (np.abs(own.mean(axis=0) - density.means[mode]) < bounds).all()
        np.testing.assert_allclose(own.std(axis=0), density.deviations[mode], rtol=0.04)
    again, _ = densities.draw(density, 3, 40_000)
    other, _ = densities.draw(density, 4, 40_000)
    np.testing.assert_array_equal(points, again)
    assert (points != other).any()


@pytest.mark.parametrize("mean", [0.5, 1.0, -2.0])
def test_the_optimal_logit_of_two_gaussians_is_a_line(mean):
    """N(0, 1) against N(m, 1): log p / q = m^2 / 2 - m x (Goodfellow et al. 2014)."""
    points = np.random.default_rng(0).uniform(-3, 3, size=(100, 2))
    best = best_disc(one([0, 0]), one([mean, 0]), points)
    expected = mean**2 / 2 - mean * points[:, 0]
    np.testing.assert_allclose(np.log(best / (1 - best)), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(best, 1 / (1 + np.exp(-expected)), rtol=0, atol=1e-12)


def test_the_optimal_d_of_mixtures_is_the_ratio_of_densities():
    ring, grid = DENSITIES["ring"], DENSITIES["grid"]
    points = np.concatenate([densities.draw(each, 7, 200)[0] for each in (ring, grid)])
    p, q = (np.exp(densities.log_density(each, points)) for each in (ring, grid))
    np.testing.assert_allclose(best_disc(ring, grid, points), p / (p + q), rtol=0, atol=1e-12)
    np.testing.assert_allclose(best_disc(ring, ring, points), 0.5, atol=1e-12)
    far = np.array([[-1e3, 0.0], [1e3, 0.0]])
    best = best_disc(one([0, 0]), one([1, 0]), far)
    np.testing.assert_array_equal(best, [1.0, 0.0])


def test_smoothed_targets_move_the_optimal_d():
    """p = q and targets .9 and 0: D* = .45, logit -.20067070 (Salimans et al. 2016)."""
    same = one([0, 0])
    best = best_disc(same, same, np.zeros((1, 2)), 0.9)
    assert np.log(best / (1 - best)) == pytest.approx([-0.20067070], abs=1e-8)
    both = best_disc(same, one([1, 0]), np.array([[0.5, 0]]), 0.9, 0.2)
    assert both == pytest.approx([(0.9 + 0.2) / 2], abs=1e-12)  # midway, where p = q


def test_cell_masses_are_exact_and_sum_to_one():
    masses = densities.cell_masses(one([0, 0]), np.array([-np.inf, 0.0, 1.0, np.inf]))
    along = np.array([0.5, 0.34134474606854293, 0.15865525393145707])
    np.testing.assert_allclose(masses, np.outer(along, along), rtol=0, atol=1e-12)
    for density in DENSITIES.values():
        assert densities.cell_masses(density).sum() == pytest.approx(1, abs=1e-12)


def test_the_divergence_of_two_gaussians():
    """N(0, 1) and N(1, 1): .11142148 nats; fine cells lose 2e-6 of it. None at most log 2."""
    edges = np.concatenate([[-np.inf], np.linspace(-8, 9, 600), [np.inf]])
    p, q = (densities.cell_masses(one([mean, 0]), edges) for mean in (0, 1))
    assert densities.jensen_shannon(p, q) == pytest.approx(0.11142148, abs=1e-5)
    assert densities.jensen_shannon(p, p) == 0
    apart = np.eye(2)
    assert densities.jensen_shannon(apart[0], apart[1]) == pytest.approx(math.log(2), abs=1e-12)


@pytest.mark.parametrize("name", DENSITIES)
def test_the_data_are_at_the_floor_of_the_divergence(name):
    """Samples of the density itself are as far from it as the floor says; another's are not."""
    density = DENSITIES[name]
    points, _ = densities.draw(density, 5, 10_000)
    floor = densities.divergence_floor(density, 10_000)
    assert densities.divergence(density, points) == pytest.approx(floor, rel=0.25)
    assert densities.divergence(density, points + np.array([0.1, 0])) > 10 * floor
    assert densities.divergence(density, points * 100) > 0.5  # out of the square is in some cell


def test_coverage_counts_modes_and_the_share_near_them():
    """Deviations .1 and .4 along x and y: (0.29, 0) is within three of them, (0.31, 0) not."""
    density = mixture([[0, 0], [2, 0]], [[0.1, 0.4], [0.1, 0.4]])
    near, off = [[0.29, 0.0], [0.0, -1.19]], [[0.31, 0.0], [0.0, 1.21], [0.29, 0.4]]
    assert densities.coverage(density, np.array(near)) == (1, 1.0)
    assert densities.coverage(density, np.array(off)) == (0, 0.0)
    mixed = np.array([*near, *off, [2.1, 0.1]])
    assert densities.coverage(density, mixed) == (2, 0.5)


@pytest.mark.parametrize(
    ("name", "modes"), [("ring", 8), ("grid", 25), ("gaussians", 2), ("line", 54), ("disjoint", 3)]
)
def test_every_density_covers_itself(name, modes):
    """98.9 % lie within three deviations, 1 - exp(-4.5); on the line, more."""
    points, _ = densities.draw(DENSITIES[name], 2, 20_000)
    covered, share = densities.coverage(DENSITIES[name], points)
    assert covered == modes
    expected = 0.9970 if name == "line" else 1 - math.exp(-4.5)
    assert share == pytest.approx(expected, abs=0.003)


def test_the_line_is_even_along_its_length():
    along = np.linspace([0.6, 0.2], [-0.9, 0.8], 2001)[200:-200]
    heights = np.exp(densities.log_density(DENSITIES["line"], along))
    assert heights.max() / heights.min() == pytest.approx(1, abs=1e-3)
    length, deviation = math.hypot(1.5, 0.6), 0.02
    even = 1 / (length * (54 / 53)) / (deviation * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(heights, even, rtol=1e-3)


@pytest.mark.parametrize("name", DENSITIES)
def test_points_are_arrays_that_nothing_rounds(name):
    """Through the cache and back: the same float32, in [-1, 1], labelled by their modes."""
    config = dataclasses.replace(POINTS, name=name)
    first, again = data.load(config), data.load(config)
    assert first.fingerprint == again.fingerprint
    for split, count, seed in ((again.train, 20_000, 0), (again.test, 5_000, 1)):
        drawn, modes = densities.draw(DENSITIES[name], seed, count)
        assert split.x.dtype == np.float32
        assert split.x.shape == (count, 2)
        np.testing.assert_array_equal(split.x, drawn.astype(np.float32))
        np.testing.assert_array_equal(split.label, modes)
        assert np.abs(split.x).max() <= 1
    assert isinstance(again.train.x, np.memmap)
    assert data.describe(config) == f"points {name}"


def test_a_wrong_density_or_shape_is_refused():
    with pytest.raises(UserError, match=r"data.name='rings' is unknown.*ring, grid"):
        data.resolve(dataclasses.replace(POINTS, name="rings"))
    with pytest.raises(UserError, match=r"data\.source=points has no field 'height'; it has num_"):
        override(GAN(data=POINTS), {"data.height": 2})


def test_a_scatter_has_a_dot_at_each_point_with_y_up():
    drawn = sheets.scatter(np.array([[-0.5, 0.5], [0.75, -0.25]]))
    assert drawn.shape == (384, 384, 3)
    blue = (drawn == [0x00, 0x72, 0xB2]).all(axis=-1)
    assert blue[96, 96]  # half-way to the left and to the top
    assert blue[240, 336]
    assert 4 <= blue.sum() <= 18  # two dots, three pixels wide
    kind = POINTS.kind
    assert kind.scale == 1
    assert kind.sheet(np.zeros((3, 2), np.float32)).shape == (384, 384, 3)


def points_config(**changes) -> GAN:
    config = GAN(
        experiment="points",
        data=POINTS,
        latents=Uniform(dimension=2),
        gen=MLPGen(features=(8, 8), norm="none", output="linear"),
        disc=MLPDisc(features=(8, 8), norm="none"),
        train=GameTrain(num_steps=4, batch_size=8),
        log=Log(every_steps=1),
        sample=Sample(every_steps=2, num_images=16),
        checkpoint=Checkpoint(every_steps=2, keep_every_steps=2),
    )
    return dataclasses.replace(config, **changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("points")
    train.run(points_config(), workdir)
    return workdir


def test_a_run_measures_coverage_in_the_rows_of_sample_steps(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert ["coverage/modes" in row for row in rows] == [False, True, False, True]
    samples = np.load(sample.run(run, 3, seed=0) / "samples.npz")["images"]
    assert samples.dtype == np.float32
    for row in rows[1::2]:
        assert row["coverage/modes"] in range(9)
        assert 0 <= row["coverage/share_at_modes"] <= 1
        assert 0 < row["coverage/jensen_shannon"] <= math.log(2)


def test_a_measure_is_of_exactly_the_samples_it_asks_for():
    """2,500 draws of the ring, and then draws of one mode: all covered, a divergence between."""
    (measure,) = measures.measures(POINTS, data.load(POINTS))
    assert measure.num_samples == 10_000
    ring = densities.draw(DENSITIES["ring"], 9, 2_500)[0]
    rest = np.tile(DENSITIES["ring"].means[:1], (7_500, 1))
    images = np.concatenate([ring, rest]).astype(np.float32)
    row = measure.scalars(images)
    assert row["coverage/modes"] == 8
    assert row["coverage/share_at_modes"] == pytest.approx(1 - math.exp(-4.5), abs=0.01)
    assert 0.2 < row["coverage/jensen_shannon"] < math.log(2)
    of_pictures = Digits(height=8, width=8, channels=1)
    assert measures.coverage(of_pictures, data.load(of_pictures)) is None


def test_samples_of_points_are_a_scatter_and_an_array(run):
    folder = sample.run(run, num_samples=70, seed=1)
    assert {path.name for path in folder.iterdir()} == {"grid.png", "samples.npz"}
    saved = np.load(folder / "samples.npz")
    assert saved["images"].shape == (70, 2)
    assert saved["images"].dtype == np.float32
    assert len(np.unique(saved["images"])) > 100  # not rounded to the 256 steps of a picture
    np.testing.assert_array_equal(
        np.load(sample.run(run, 5, seed=1) / "samples.npz")["images"], saved["images"][:5]
    )
