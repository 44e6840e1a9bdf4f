"""The latents that pictures show, on a run made by hand; whole pictures, on real runs."""

import csv
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from PIL import Image

from gan_jax import keys, train, visualize
from gan_jax.config import override
from gan_jax.data import Digits, Folder, Points, sheets
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.methods import Method, conditioning, sampling
from gan_jax.networks import MLPEncoderSettings, MLPGen, Normal, Uniform
from gan_jax.run.runs import Run, open_run
from gan_jax.visualize import NotForThisRun, Options, subject
from gan_jax.visualize.manifold import points
from gan_jax.visualize.progress import grid_of, spread

MINE = ("samples", "sweep", "interpolate", "arithmetic", "manifold", "reconstruct", "progress")
WEIGHTS = jnp.array([1, -9, 2, 0, 3, 7, -4, 0.5, 6, 5, -8, 10])
"""How much each of twelve coordinates changes the images of the run made by hand."""


def by_hand(tmp_path, classes=0, latents=None, **functions) -> Run:
    """A run whose every pixel is one weighted sum of the latents."""
    latents = latents or Normal(12)

    def sample(state, inputs, averaged):
        z = inputs.latents
        value = z @ WEIGHTS[: z.shape[1]] / 80
        return {"image": jnp.broadcast_to(value[:, None, None, None], (len(z), 8, 8, 1))}

    data = Digits(height=8, width=8, channels=1, num_classes=classes)
    config = dataclasses.replace(tiny_config(), data=data, latents=latents)
    method = Method(
        None,
        conditioning.inputs_of(config, conditioning.condition_of(config)),
        None,
        sample,
        None,
        **functions,
    )
    return Run(tmp_path, config, method, 7, jnp.zeros(()))


def mean_of_pixels(state, images, labels=None):
    return images.mean((1, 2, 3))


def corners(state, images):
    """An encoder to two coordinates."""
    return images[:, 2:4, 4, 0]


@pytest.fixture
def shown(monkeypatch):
    """What pictures asked to be shown: (latents, condition), in order."""
    asked, images = [], subject.images

    def noted(run, inputs):
        asked.append(jax.tree.map(np.asarray, inputs))
        return images(run, inputs)

    monkeypatch.setattr(subject, "images", noted)
    return asked


def draw(name, run, folder, **options):
    return visualize.PICTURES[name].draw(run, Options(**options), folder)


@pytest.fixture(scope="module")
def gan(tmp_path_factory):
    """A run of four steps, with grids of steps 0 and 4."""
    workdir = tmp_path_factory.mktemp("gan")
    train.run(tiny_config(), workdir)
    return workdir


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("vae")
    config = override(tiny_config(), {"method": "vae"})
    parts = {
        "latents": Normal(2),
        "gen": MLPGen(features=(16,), norm="none", output="linear"),
        "encoder": MLPEncoderSettings(features=(16,), norm="none"),
    }
    train.run(dataclasses.replace(config, **parts), workdir)
    return workdir


def test_a_gan_has_all_pictures_that_make_sense(gan, capsys, monkeypatch):
    rows = {name: visualize.PICTURES[name] for name in MINE}
    monkeypatch.setattr(visualize, "PICTURES", rows)
    options = Options(num_samples=4, animate=True)
    written = visualize.run(gan, ("all",), options)
    folder = gan / "pictures" / "step_00000004"
    stems = ("samples.png", "sweep.png", "interpolate.png", "arithmetic.png", "progress.png")
    gifs = ("sweep.gif", "interpolate.gif", "progress.gif", "sweep_z000.gif", "sweep_z005.gif")
    assert {*stems, *gifs, "progress_curves.png"} <= {path.name for path in written}
    assert all(path.parent == folder and path.exists() for path in written)
    assert not list(folder.glob(".*"))
    out = capsys.readouterr().out
    assert "manifold: left out. manifold lays a plane of latents out" in out
    assert "reconstruct: left out. reconstruct needs a model that encodes" in out
    for path in written:
        with Image.open(path) as picture:
            assert picture.mode == "L" or "curves" in path.name or path.suffix == ".gif", path
    before = {path: path.read_bytes() for path in written}
    assert visualize.run(gan, ("all",), options) == written
    assert {path: path.read_bytes() for path in written} == before


def test_a_vae_has_the_pictures_of_its_plane_and_its_encoder(vae):
    written = visualize.run(vae, ("manifold", "reconstruct", "arithmetic"), Options())
    names = [path.stem for path in written]
    assert names == ["manifold", "manifold_codes", "reconstruct", "arithmetic", "concept"]
    with pytest.raises(NotForThisRun, match=r"--nice keeps what D .* vae, has no D; leave --nice"):
        visualize.run(vae, ("samples",), Options(nice=True))


def test_samples_are_those_of_their_numbers(gan):
    run = open_run(gan)
    key = keys.stream(keys.root(3), Purpose.USER_SAMPLE)
    expected = sampling.sampler(run.config, run.method, sampling.Requests(run.config))(
        run.state, key, 70
    )
    inputs = subject.numbered(run, Options(seed=3), [69, 2])
    np.testing.assert_array_equal(subject.images(run, inputs), expected[[69, 2]])


def test_nice_samples_are_the_best_of_twenty_times_as_many(gan, tmp_path, shown):
    """The best 1 in 20 by D, as keras-dcgan shows."""
    run = open_run(gan)
    _, table = draw("samples", run, tmp_path, nice=True, num_samples=5)
    rows = list(csv.DictReader(table.open()))
    assert sorted(int(row["sample"]) for row in rows) == list(range(100))
    kept = [float(row["score"]) for row in rows if row["kept"] == "1"]
    left = [float(row["score"]) for row in rows if row["kept"] == "0"]
    assert (len(kept), len(left)) == (5, 95)
    assert min(kept) >= max(left)
    assert max(left) > min(left)
    inputs = subject.numbered(run, Options(), [int(row["sample"]) for row in rows])
    np.testing.assert_array_equal(shown[0].latents, inputs.latents[:5])
    assert inputs.condition is None
    images = run.method.sample(run.state, inputs, True)["image"]
    expected = run.method.score(run.state, images, None)
    np.testing.assert_allclose([float(row["score"]) for row in rows], expected, atol=1e-5)


def test_conditional_samples_have_a_column_per_class(tmp_path, shown):
    run = by_hand(tmp_path, classes=3)
    draw("samples", run, tmp_path, num_samples=7)
    assert shown[0][1].tolist() == [0, 1, 2, 0, 1, 2, 0]
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.height > 3 * 96  # three rows of three columns


def test_a_sweep_moves_one_coordinate_alone(tmp_path, shown):
    run = by_hand(tmp_path, latents=Uniform(12))
    draw("sweep", run, tmp_path)
    z = shown[-1][0]
    base = np.asarray(subject.numbered(run, Options(), [0]).latents[0])
    strongest = [11, 1, 10, 5, 8, 9, 6, 4, 2, 0]  # by the weights
    assert z.shape == (10, 11, 12)
    for row, coordinate in zip(z, strongest, strict=True):
        np.testing.assert_allclose(row[:, coordinate], np.linspace(-0.98, 0.98, 11), atol=1e-6)
        others = np.delete(row, coordinate, axis=1)
        np.testing.assert_array_equal(others, np.tile(np.delete(base, coordinate), (11, 1)))


def test_interpolation_joins_two_samples_within_a_class(tmp_path, shown):
    run = by_hand(tmp_path, classes=3)
    draw("interpolate", run, tmp_path)
    ends = np.asarray(subject.numbered(run, Options(), range(16)).latents)
    for z, labels in shown:
        np.testing.assert_allclose(z[:, 0], ends[::2], atol=1e-6)
        np.testing.assert_allclose(z[:, -1], ends[1::2], atol=1e-5)
        assert (labels == np.array([0, 1, 2, 0, 1, 2, 0, 1])[:, None]).all()
    straight, arc = shown[0][0], shown[1][0]
    np.testing.assert_allclose(straight[:, 3], (4 * ends[::2] + 3 * ends[1::2]) / 7, atol=1e-5)
    assert np.linalg.norm(arc[:, 3], axis=1).mean() > np.linalg.norm(straight[:, 3], axis=1).mean()


def test_arithmetic_adds_and_subtracts_means(tmp_path, shown):
    run = by_hand(tmp_path)
    draw("arithmetic", run, tmp_path, operands="3,1 - 4 + 1,5,9", seed=2)
    z = np.asarray(subject.numbered(run, Options(seed=2), range(10)).latents)
    result = z[[3, 1]].mean(0) - z[4] + z[[1, 5, 9]].mean(0)
    around = shown[-1][0]
    np.testing.assert_allclose(around[4], result, atol=1e-6)
    noise = np.abs(np.delete(around, 4, axis=0) - result)
    assert 0.2 < noise.max() <= 0.25
    np.testing.assert_allclose(noise.mean(), 0.125, atol=0.025)
    np.testing.assert_allclose(shown[0][0], [z[3], z[1], (z[3] + z[1]) / 2], atol=1e-6)


def test_the_manifold_takes_quantiles_and_points_up(tmp_path):
    plane = np.asarray(points(by_hand(tmp_path, latents=Normal(2))))
    assert plane.shape == (15, 15, 2)
    low, second = -1.6448536, -1.2040469  # of 0.05 and, a step of 0.9 / 14 further, of 0.1142857
    np.testing.assert_allclose(plane[0, 0], [low, -low], atol=1e-5)
    np.testing.assert_allclose(plane[14, 14], [-low, low], atol=1e-5)
    np.testing.assert_allclose(plane[7, 7], [0, 0], atol=1e-6)
    np.testing.assert_allclose(plane[5, 1, 0], second, atol=1e-5)
    uniform = np.asarray(points(by_hand(tmp_path, latents=Uniform(2))))
    np.testing.assert_allclose(uniform[0, :, 0], np.linspace(-0.9, 0.9, 15), atol=1e-6)


def test_reconstructions_are_of_the_codes_of_each_class(tmp_path, shown, monkeypatch):
    run = by_hand(tmp_path, latents=Normal(2), encode=corners)
    drawn = {}
    monkeypatch.setattr(
        "gan_jax.visualize.panels.sheet",
        lambda panels, *rest: drawn.update(panel=panels[0]) or np.zeros((1, 1, 1), np.uint8),
    )
    draw("reconstruct", run, tmp_path)
    panel, test = drawn["panel"], subject.dataset(run, "").test
    assert panel.images.shape == (6, 10, 8, 8, 1)
    assert panel.columns == tuple("0123456789")
    for column in range(10):
        number = np.flatnonzero(test.label == column)[1]
        np.testing.assert_array_equal(panel.images[2, column], test.x[number])
        code = test.x[number, 2:4, 4, 0] / 127.5 - 1
        np.testing.assert_allclose(shown[0].latents.reshape(3, 10, 2)[1, column], code, atol=1e-6)
    assert (panel.images[3] == panel.images[3][:, :1, :1]).all()  # one value each, by hand


def test_progress_spreads_its_snapshots():
    assert spread(list(range(0, 1100, 100)), 8) == [0, 100, 300, 400, 600, 700, 900, 1000]
    assert spread([0, 5, 9], 8) == [0, 5, 9]


def test_progress_finds_the_grids_as_they_were(gan):
    run = open_run(gan)
    key = keys.stream(keys.root(run.config.seed), Purpose.SAMPLE_GRID)
    images = sampling.sampler(run.config, run.method, sampling.Requests(run.config))(
        run.state, key, 4
    )
    grid = grid_of(run, gan / "samples" / "step_00000004.png")
    np.testing.assert_array_equal(grid, sheets.grid(images))
    with Image.open(gan / "samples" / "step_00000004.png") as picture:
        np.testing.assert_array_equal(grid.repeat(12, 0).repeat(12, 1)[:, :, 0], picture)


@pytest.mark.parametrize(("half_life", "said"), [(0.0, False), (100.0, True)])
def test_averaged_weights_are_claimed_where_there_are_any(
    gan, tmp_path, monkeypatch, half_life, said
):
    run, notes = open_run(gan), []

    def noted(panels, title, note="", scale=0):
        notes.append(note)
        return np.zeros((1, 1, 1), np.uint8)

    monkeypatch.setattr("gan_jax.visualize.panels.sheet", noted)
    training = dataclasses.replace(run.config.train, ema_half_life_images=half_life)
    draw("progress", run._replace(config=dataclasses.replace(run.config, train=training)), tmp_path)
    assert ("averaged weights" in notes[0]) == said


def test_pictures_that_make_no_sense_say_why(tmp_path):
    plane = Points(name="ring")
    run = by_hand(tmp_path, latents=Normal(2))
    flat = run._replace(config=dataclasses.replace(run.config, data=plane))
    for name in ("sweep", "interpolate", "arithmetic", "manifold", "reconstruct"):
        with pytest.raises(NotForThisRun, match=f"{name} is of pictures, .* points of the plane"):
            draw(name, flat, tmp_path)
    with pytest.raises(NotForThisRun, match="this run's latents have 12 coordinates, not 2"):
        draw("manifold", by_hand(tmp_path), tmp_path)
    with pytest.raises(NotForThisRun, match="reconstruct needs a model that encodes images"):
        draw("reconstruct", run, tmp_path)
    with pytest.raises(NotForThisRun, match="--concept needs a model that encodes images"):
        draw("arithmetic", run, tmp_path, concept="7,1")
    with pytest.raises(NotForThisRun, match="samples has 0 up to step 7; train further"):
        draw("progress", run, tmp_path)
    with pytest.raises(NotForThisRun, match="--nice keeps what D takes"):
        draw("samples", run, tmp_path, nice=True)
    encoding = by_hand(tmp_path, latents=Normal(2), encode=corners)
    with pytest.raises(UserError, match=r"two classes .* there are 0, 1, 2, .*, 9; join them"):
        draw("arithmetic", encoding, tmp_path, concept="7,eleven")
    lost = Folder(path="nowhere")
    gone = encoding._replace(config=dataclasses.replace(encoding.config, data=lost))
    with pytest.raises(NotForThisRun, match=r"reconstruct needs the images .* no folder nowhere"):
        draw("reconstruct", gone, tmp_path)


def test_names_are_checked_before_anything_is_written(gan, tmp_path):
    with pytest.raises(UserError, match="--what='swep' is unknown; choose one of samples, sweep"):
        visualize.run(tmp_path, ("samples", "swep"), Options())
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_cannot_have_does_not_keep_the_others_from_it(gan):
    drawn = gan / "pictures" / "step_00000004" / "interpolate.png"
    drawn.unlink(missing_ok=True)
    with pytest.raises(NotForThisRun, match=r"manifold lays .* reconstruct needs a model"):
        visualize.run(gan, ("manifold", "interpolate", "reconstruct"), Options())
    assert drawn.exists()
