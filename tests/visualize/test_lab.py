import dataclasses
import math

import jax
import numpy as np
import pytest
from PIL import Image

from gan_jax import keys, methods, train, visualize
from gan_jax.data import Digits, Points, densities
from gan_jax.data.densities import DENSITIES, mixture
from gan_jax.method import Inputs
from gan_jax.methods import GAN, Checkpoint, GameTrain, Log, Sample
from gan_jax.networks import MLPDisc, MLPGen, Uniform
from gan_jax.objectives import Hinge, NonSaturating
from gan_jax.run import runs
from gan_jax.run.writers import read_rows
from gan_jax.visualize import NotForThisRun, Options, plane
from gan_jax.visualize.lab import _manifold, centres, lab, looks, moment

CONFIG = GAN(
    experiment="plane",
    data=Points(name="disjoint"),
    latents=Uniform(dimension=2),
    gen=MLPGen(features=(8, 8), norm="none", output="linear"),
    disc=MLPDisc(features=(8, 8), norm="none"),
    train=GameTrain(num_steps=6, batch_size=8),
    log=Log(every_steps=2),
    sample=Sample(every_steps=2, num_images=16),
    checkpoint=Checkpoint(every_steps=2, keep_last=1, keep_every_steps=2),
)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    train.run(CONFIG, folder)
    return folder


@pytest.fixture(scope="module")
def shown(workdir):
    reals, _ = densities.draw(DENSITIES["disjoint"], 1, 450)
    return moment(runs.open_run(workdir), DENSITIES["disjoint"], reals)


def test_the_history_of_a_run_begins_untrained_and_ends_here(workdir):
    run = runs.open_run(workdir, 4)
    history = list(runs.history(run))
    assert [each.step for each in history] == [0, 2, 4]
    assert [int(each.state.step) for each in history] == [0, 2, 4]
    first = jax.jit(methods.make(CONFIG).init)(keys.root(0))
    for leaf, expected in zip(
        jax.tree.leaves(history[0].state), jax.tree.leaves(first), strict=True
    ):
        np.testing.assert_array_equal(leaf, expected)


def test_the_heat_map_is_d_at_the_centres_of_its_cells_with_y_up(workdir, shown):
    run = runs.open_run(workdir)
    side = len(shown.disc)
    for row, column in ((0, 0), (side - 1, 0), (5, side - 1)):
        at = [(column + 0.5) * 2 / side - 1, (row + 0.5) * 2 / side - 1]
        logit = run.method.score(run.state, np.array([at], np.float32), None)
        assert shown.disc[row, column] == pytest.approx(1 / (1 + math.exp(-logit[0])), abs=1e-6)


def test_the_optimal_map_is_of_the_exact_density_and_the_kernel_estimate(workdir, shown):
    """At three cells, by the sum over 4,000 samples; gray where neither density is."""
    run, density = runs.open_run(workdir), DENSITIES["disjoint"]
    sample = looks(run.config, run.method)[0]
    key = keys.stream(keys.root(0), keys.Purpose.USER_SAMPLE)
    fakes = sample(run.state, key, 4_450, averaged=False)[450:].astype(np.float64)
    side, width = len(shown.optimal), 0.05 / 3
    somewhere = np.argwhere(~np.isnan(shown.optimal))
    for row, column in somewhere[:: len(somewhere) // 3]:
        at = (np.array([column, row]) + 0.5) * 2 / side - 1
        real = np.exp(densities.log_density(density, at[None]))[0]
        squares = ((fakes - at) ** 2).sum(axis=1)
        fake = np.exp(-squares / (2 * width**2)).mean() / (2 * math.pi * width**2)
        assert shown.optimal[row, column] == pytest.approx(real / (real + fake), abs=1e-6)
    assert np.isnan(shown.optimal[side - 1, side - 1])  # the corner, far from all modes


def test_the_optimal_map_agrees_with_the_formula_where_both_densities_are_known():
    """N(0, 1) against N(1, 1) along x on the map's own points: sigmoid(1/2 - x) to 1e-6."""
    known = densities.optimal_disc(
        *(densities.log_density(mixture([[mean, 0]], 1.0), centres()) for mean in (0, 1))
    )
    expected = 1 / (1 + np.exp(centres()[:, 0] - 0.5))
    np.testing.assert_allclose(known, expected, rtol=0, atol=1e-6)


def test_arrows_are_the_gradient_of_d(workdir, shown):
    run = runs.open_run(workdir)
    score = looks(run.config, run.method)[1]
    for axis in (0, 1):
        shift = np.eye(2)[axis] * 1e-3
        above, below = (np.asarray(score(run.state, shown.fakes + d)) for d in (shift, -shift))
        off = np.abs(shown.arrows[:, axis] - (above - below) / 2e-3)
        assert np.quantile(off, 0.9) < 5e-4  # a few lie at a kink of LeakyReLU
    assert np.abs(shown.arrows).max() > 0.02


def test_the_manifold_is_g_on_quantiles_of_the_latents(workdir, shown):
    run = runs.open_run(workdir)
    cells = plane.MANIFOLD_CELLS
    assert shown.manifold.shape == (cells + 1, cells + 1, 2)
    z = np.array([[2 * 10 / cells - 1, 2 * 30 / cells - 1]], np.float32)  # 10 to the right, 30 up
    expected = run.method.sample(run.state, Inputs(z), False)["image"]
    np.testing.assert_allclose(shown.manifold[30, 10], np.ravel(expected), atol=1e-5)


def test_there_is_no_manifold_of_noise_with_codes(workdir):
    run, coded = runs.open_run(workdir), dataclasses.replace(CONFIG.latents, categories=(8,))
    assert _manifold(run._replace(config=dataclasses.replace(CONFIG, latents=coded))) is None


@pytest.mark.parametrize(
    ("targets", "formula"),
    [
        ((1.0, 0.0), "p_data / (p_data + p_G)"),
        ((0.9, 0.0), "0.9 p_data / (p_data + p_G)"),
        ((0.9, 0.1), "(0.9 p_data + 0.1 p_G) / (p_data + p_G)"),
    ],
)
def test_the_formula_of_the_optimal_d_is_that_of_its_targets(targets, formula):
    real, fake = targets
    assert plane.formula(NonSaturating(real_target=real, fake_target=fake)) == formula


@pytest.mark.parametrize(("half_life", "said"), [(0.0, False), (100.0, True)])
def test_the_note_tells_of_the_averaged_g_where_there_is_one(shown, half_life, said):
    train = dataclasses.replace(CONFIG.train, ema_half_life_images=half_life)
    story = plane.Story([], 0.1, 2, 0.05, dataclasses.replace(CONFIG, train=train))
    texts = [text.get_text() for text in plane.whole(shown, np.zeros((2, 2)), story).texts]
    assert any("averaged" in text for text in texts) == said


def test_the_density_of_a_cell_is_its_mass_by_its_area():
    """Of two cells a square of side 1 has half of the mass in a quarter of the plane: density 2."""
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    np.testing.assert_allclose(plane._density(np.stack([unit, unit * 2])), [2, 0.5])


def test_lab_writes_a_picture_a_strip_and_an_animation(workdir):
    folder = workdir / "pictures" / "step_00000006"
    written = visualize.run(workdir, ("lab",), Options(animate=True))
    assert written == [folder / name for name in ("lab.png", "lab_strip.png", "lab.gif")]
    for path in written:
        with Image.open(path) as picture:
            assert picture.width >= 800
    with Image.open(written[2]) as picture:
        assert picture.n_frames >= 4  # steps 0, 2, 4 and 6; equal ones at the end may be joined
    rows = read_rows(workdir / "metrics.jsonl")
    assert all(row["coverage/jensen_shannon"] > 0 for row in rows)


def test_lab_says_why_it_is_not_for_a_run(workdir, tmp_path):
    run = runs.open_run(workdir)
    data = Digits(height=8, width=8, channels=1)
    cases = {
        "pictures": run._replace(config=dataclasses.replace(CONFIG, data=data)),
        "has no D": run._replace(method=run.method._replace(score=None)),
        "each class apart": run._replace(
            config=dataclasses.replace(CONFIG, data=dataclasses.replace(CONFIG.data, num_classes=3))
        ),
        "the loss hinge has none": run._replace(config=dataclasses.replace(CONFIG, loss=Hinge())),
    }
    for words, other in cases.items():
        with pytest.raises(NotForThisRun, match=words):
            lab(other, Options(), tmp_path)
