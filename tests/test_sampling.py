import jax
import numpy as np
import pytest

from gan_jax import generate, keys, latents, methods, sampling, train
from gan_jax.config import Latents, override
from gan_jax.errors import UserError


def test_latents_are_of_their_distribution():
    many = keys.per_example(keys.root(0), np.arange(20_000))
    normal = np.asarray(latents.sampler(Latents(4, "normal"))(many))
    uniform = np.asarray(latents.sampler(Latents(4, "uniform"))(many))
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
    sample = sampling.sampler(tiny, method)
    key = keys.root(5)
    many = sample(state, key, 130)
    assert many.shape == (130, 8, 8, 1)
    assert many.dtype == np.uint8
    for count in (1, 3, 64, 65):
        np.testing.assert_array_equal(sample(state, key, count), many[:count])
    assert (many[0] != many[64]).any()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from conftest import tiny_config

    workdir = tmp_path_factory.mktemp("run")
    config = override(tiny_config(), {"data.path": "", "train.num_steps": 4})
    train.run(config, workdir)
    return workdir


def test_generate_writes_a_grid_pictures_and_an_array(run, capsys):
    folder = generate.run(run, num_samples=5, seed=3)
    assert folder == run / "generated" / "step_00000004_seed_3"
    assert "Wrote 5 samples of step 4" in capsys.readouterr().out
    names = {path.name for path in folder.iterdir()}
    assert names == {"grid.png", "samples.npz", *(f"0000{i}.png" for i in range(5))}
    few = np.load(folder / "samples.npz")
    assert few["images"].shape == (5, 8, 8, 1)
    assert few["latents"].shape == (5, 6)
    more = np.load(generate.run(run, num_samples=7, seed=3) / "samples.npz")
    np.testing.assert_array_equal(more["images"][:5], few["images"])
    other = np.load(generate.run(run, num_samples=5, seed=4) / "samples.npz")
    assert (other["images"] != few["images"]).any()


def test_generate_takes_any_kept_step(run):
    assert generate.run(run, num_samples=1, seed=0, step=2).name == "step_00000002_seed_0"
    with pytest.raises(UserError, match=r"no checkpoint of step 3 .*2, 4"):
        generate.run(run, num_samples=1, seed=0, step=3)


def test_generate_without_a_run_says_so(tmp_path):
    with pytest.raises(UserError, match="There is no run in"):
        generate.run(tmp_path, num_samples=1, seed=0)
    assert list(tmp_path.iterdir()) == []
