import errno
import weakref
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from gan_jax import keys, methods, sample, train
from gan_jax.config import override
from gan_jax.data import kinds
from gan_jax.devices import chunks
from gan_jax.errors import UserError
from gan_jax.methods import sampling
from gan_jax.networks import latents
from gan_jax.networks.latents import Normal, Uniform
from gan_jax.run import runs
from gan_jax.sample import drawn


def test_latents_are_of_their_distribution():
    many = keys.per_example(keys.root(0), np.arange(20_000))
    normal = np.asarray(latents.sampler(Normal(4))(many))
    uniform = np.asarray(latents.sampler(Uniform(4))(many))
    assert normal.shape == uniform.shape == (20_000, 4)
    np.testing.assert_allclose(normal.mean(0), 0, atol=0.03)  # 4 deviations of 1 / sqrt(n)
    np.testing.assert_allclose(normal.std(0), 1, atol=0.02)
    np.testing.assert_allclose(uniform.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(uniform.std(0), 1 / np.sqrt(3), atol=0.01)
    assert -1 <= uniform.min() < -0.999
    assert 0.999 < uniform.max() <= 1


def test_a_sample_is_the_same_however_many_are_drawn(tiny):
    method = methods.make(tiny)
    state = jax.jit(method.init)(keys.root(0))
    sample = sampling.sampler(tiny, method, sampling.Requests(tiny))
    key = keys.root(5)
    many = sample(state, key, 130)
    assert many.shape == (130, 8, 8, 1)
    assert many.dtype == np.uint8
    for count in (1, 3, 64, 65):
        np.testing.assert_array_equal(sample(state, key, count), many[:count])
    assert (many[0] != many[64]).any()


def test_a_sample_is_the_same_on_one_device_and_on_two(tiny, monkeypatch):
    method = methods.make(tiny)
    state = jax.jit(method.init)(keys.root(0))
    two = sampling.sampler(tiny, method, sampling.Requests(tiny))(state, keys.root(5), 130)
    monkeypatch.setattr(jax, "local_devices", lambda: jax.devices()[:1])
    monkeypatch.setattr(chunks, "MOST_CHUNKS", 2)
    one = sampling.sampler(tiny, method, sampling.Requests(tiny))(state, keys.root(5), 130)
    np.testing.assert_array_equal(one, two)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from conftest import tiny_config

    workdir = tmp_path_factory.mktemp("run")
    config = override(tiny_config(), {"train.num_steps": 4})
    train.run(config, workdir)
    return workdir


def test_generate_writes_a_grid_pictures_and_an_array(run, capsys):
    folder = sample.run(run, num_samples=5, seed=3)
    assert folder == run / "generated" / "step_00000004_seed_3"
    assert "Wrote 5 samples of step 4" in capsys.readouterr().out
    names = {path.name for path in folder.iterdir()}
    assert names == {"grid.png", "samples.npz", *(f"0000{i}.png" for i in range(5))}
    few = np.load(folder / "samples.npz")
    assert few["images"].shape == (5, 8, 8, 1)
    assert few["latents"].shape == (5, 6)
    more = np.load(sample.run(run, num_samples=7, seed=3) / "samples.npz")
    np.testing.assert_array_equal(more["images"][:5], few["images"])
    other = np.load(sample.run(run, num_samples=5, seed=4) / "samples.npz")
    assert (other["images"] != few["images"]).any()


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """A run on ten digits, whose G is conditioned on them."""
    from conftest import tiny_config

    workdir = tmp_path_factory.mktemp("classes")
    changes = {"data.num_classes": 10, "gen.conditioning": "embedding", "train.num_steps": 1}
    train.run(override(tiny_config(), changes), workdir)
    return workdir


def test_samples_of_chosen_classes_say_of_which(classes):
    folder = sample.run(classes, num_samples=70, seed=1)
    every = np.load(folder / "samples.npz")
    np.testing.assert_array_equal(every["labels"], np.arange(70) % 10)
    assert list(every["class_names"]) == [str(digit) for digit in range(10)]
    folder = sample.run(classes, num_samples=70, seed=1, classes=("7", "1"))
    assert folder.name == "step_00000001_seed_1_classes_7_1"
    chosen = np.load(folder / "samples.npz")
    np.testing.assert_array_equal(chosen["labels"], np.resize([7, 1], 70))
    np.testing.assert_array_equal(chosen["latents"], every["latents"])
    same = chosen["labels"] == every["labels"]  # of the same latents and class: the same image
    assert 0 < same.sum() < 70
    np.testing.assert_array_equal(chosen["images"][same], every["images"][same])
    assert (chosen["images"][~same] != every["images"][~same]).any()
    with pytest.raises(UserError, match="--classes=cat is none of this run's: 0, 1, 2"):
        sample.run(classes, num_samples=1, seed=1, classes=("cat",))


def test_classes_of_a_run_that_has_none(run):
    with pytest.raises(UserError, match="not conditioned on classes; leave --classes out"):
        sample.run(run, num_samples=1, seed=1, classes=("1",))


def test_the_grid_shows_some_hundred_and_the_array_has_all(run, tmp_path):
    folder = sample.run(run, 450, 0, formats=("npz",), output=tmp_path / "mine")
    assert folder == tmp_path / "mine"
    assert {path.name for path in folder.iterdir()} == {"grid.png", "samples.npz"}
    with Image.open(folder / "grid.png") as grid:
        assert grid.size == (12 * 20 * 10 - 24, 12 * 20 * 10 - 24)  # 20 x 20, enlarged 12 times
    assert np.load(folder / "samples.npz")["images"].shape == (450, 8, 8, 1)
    few = np.load(sample.run(run, 3, 0, output=tmp_path / "few") / "samples.npz")
    np.testing.assert_array_equal(np.load(folder / "samples.npz")["images"][:3], few["images"])
    alone = sample.run(run, 2, 0, formats=("png",), output=tmp_path / "pngs")
    assert {path.name for path in alone.iterdir()} == {"grid.png", "00000.png", "00001.png"}


def test_memory_does_not_grow_with_the_number_of_samples(run, tmp_path, monkeypatch):
    """Of the images, when the last ones come: those that are written and those that come."""
    alive, stream = [], sampling.streamer

    def watched(*arguments):
        def images(*given):
            made = stream(*arguments)
            for part in made(*given):
                part = part.copy()
                weakref.finalize(part, alive.remove, 0)
                alive.append(0)
                most.append(len(alive))
                yield part

        return images

    most = []
    monkeypatch.setattr(sampling, "streamer", watched)
    monkeypatch.setattr(kinds.Picture, "most_in_sheet", 64)
    monkeypatch.setattr(chunks, "MOST_CHUNKS", 1)
    monkeypatch.setattr(jax, "local_devices", lambda: jax.devices()[:1])
    sample.run(run, 64 * 12, 0, formats=("npz",), output=tmp_path)
    assert len(most) == 12
    assert max(most) <= 4


def test_the_latents_are_those_of_the_images(run, tmp_path):
    arrays = np.load(sample.run(run, 70, 5, formats=("npz",), output=tmp_path) / "samples.npz")
    opened = runs.open_run(run)
    key = keys.stream(keys.root(5), keys.Purpose.USER_SAMPLE)
    numbers = np.arange(70)
    shown = sampling.Requests(opened.config)(numbers)
    inputs = sampling.inputs(opened.config, opened.method, key, numbers, shown)
    np.testing.assert_allclose(arrays["latents"], inputs.latents, rtol=1e-5, atol=1e-6)
    made = opened.method.sample(opened.state, inputs, True)["image"]
    stored = np.asarray(opened.config.data.kind.from_model(made))
    assert (stored != arrays["images"]).mean() < 0.01  # another program rounds a few otherwise
    assert (stored[1:] != stored[:-1]).mean() > 0.1


def test_pictures_and_array_hold_the_same(run, tmp_path, monkeypatch):
    """Over several parts, written behind the drawing."""
    monkeypatch.setattr(chunks, "MOST_CHUNKS", 1)
    folder = sample.run(run, 300, 2, output=tmp_path)
    images = np.load(folder / "samples.npz")["images"]
    for number in range(300):
        with Image.open(folder / f"{number:05d}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), images[number, ..., 0])


@pytest.mark.parametrize("count", [3, 64 * 12])
@pytest.mark.parametrize("formats", [("png",), ("npz",), ("png", "npz")])
def test_a_full_disk_ends_the_drawing_and_leaves_no_part_of_an_array(
    run, tmp_path, monkeypatch, formats, count
):
    monkeypatch.setattr(chunks, "MOST_CHUNKS", 1)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kinds.Picture, "file", full)
    monkeypatch.setattr(drawn, "_write_header", full)
    with pytest.raises(UserError, match="no space left"):
        sample.run(run, count, 0, formats=formats, output=tmp_path / "full")
    assert list((tmp_path / "full").iterdir()) == []


def test_equal_samples_are_equal_files(run, tmp_path):
    one, two = (sample.run(run, 3, 0, output=tmp_path / name) for name in "ab")
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_an_output_that_is_a_file(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file is a file; give another --output"):
        sample.run(run, 1, 0, output=tmp_path / "file")


def test_a_run_that_one_may_only_read_is_sampled_elsewhere(run, tmp_path, monkeypatch):
    mkdir = Path.mkdir

    def read_only(self, *arguments, **options):
        if run in self.parents:
            raise OSError(errno.EROFS, "Read-only file system", str(self))
        mkdir(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(UserError, match="generated cannot be written to; give another --output"):
        sample.run(run, 1, 77)
    assert (sample.run(run, 1, 77, output=tmp_path) / "grid.png").exists()


def test_generate_takes_any_kept_step(run):
    assert sample.run(run, num_samples=1, seed=0, step=2).name == "step_00000002_seed_0"
    with pytest.raises(UserError, match=r"no checkpoint of step 3 .*2, 4"):
        sample.run(run, num_samples=1, seed=0, step=3)


def test_generate_without_a_run_says_so(tmp_path):
    with pytest.raises(UserError, match="There is no run in"):
        sample.run(tmp_path, num_samples=1, seed=0)
    assert list(tmp_path.iterdir()) == []
