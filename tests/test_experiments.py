import dataclasses

import numpy as np
import pytest

import experiments
from gan_jax import train
from gan_jax.config import Network, flatten, override
from gan_jax.errors import UserError


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_shrinks_to_one_step(name, tmp_path):
    """Its own parts in its own order, with few channels, on its fallback where it has one."""
    config = experiments.load(name)
    changes = {"train.num_steps": 1, "train.batch_size": 4, "sample.num_images": 4,
               "data.data_dir": str(tmp_path / "none")}  # fmt: skip
    for part in ("gen", "disc"):
        network: Network = getattr(config, part)
        changes[f"{part}.features"] = tuple(4 for _ in network.features)
    state = train.run(override(config, changes), tmp_path / "run")
    assert int(state.step) == 1
    assert (tmp_path / "run" / "samples" / "step_00000001.png").exists()


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_is_a_recipe(name):
    module = experiments.module(name)
    assert f"--experiment={name}" in module.__doc__
    assert module.PAPER
    assert len(module.__doc__.splitlines()[0]) <= 80


def test_the_cars_are_the_chapters():
    config = experiments.load("dcgan_cifar_cars")
    expected = {
        "experiment": "dcgan_cifar_cars",
        "data.name": "cifar10",
        "data.classes": ("automobile",),
        "data.fallback": "procedural_cars",
        "latents.dimension": 100,
        "latents.distribution": "normal",
        "gen.features": (192, 256, 128),
        "disc.features": (64, 128, 256),
        "gen.kernel_size": 5,
        "disc.kernel_size": 5,
        "gen.negative_slope": 0.2,
        "disc.negative_slope": 0.2,
        "gen.batch_norm_momentum": 0.8,
        "disc.batch_norm_momentum": 0.8,
        "gen.kernel_stddev": 0.02,
        "disc.dropout_rate": 0.2,
        "gen.optimizer.learning_rate": 1e-4,
        "disc.optimizer.learning_rate": 1e-3,
        "gen.optimizer.b1": 0.5,
        "disc.optimizer.b1": 0.5,
        "loss.real_target": 0.9,
        "loss.fake_target": 0.0,
        "train.batch_size": 128,
        "train.num_steps": 7800,
        "train.disc_update": "in_turn",
        "sample.num_images": 16,
    }
    flat = flatten(config)
    assert {name: flat[name] for name in expected} == expected


def test_parameter_counts_of_the_cars():
    """Counted by hand: kernels, biases, and scale and bias of each BatchNorm."""
    import jax

    from gan_jax.methods import adversarial
    from gan_jax.methods import game as games

    game = games.make(experiments.load("dcgan_cifar_cars"))
    state = jax.eval_shape(lambda key: adversarial.init(game, key), jax.random.key(0))
    gen = 100 * 3072 + 3072 + 2 * 192
    gen += 25 * 192 * 256 + 2 * 256 + 25 * 256 * 128 + 2 * 128 + 25 * 128 * 3 + 3
    disc = 25 * 3 * 64 + 64 + 25 * 64 * 128 + 2 * 128 + 25 * 128 * 256 + 2 * 256
    disc += 4 * 4 * 256 + 1
    for params, count in ((state.gen.params, gen), (state.disc.params, disc)):
        assert sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params)) == count


def test_weights_start_where_the_chapter_has_them():
    import jax

    from gan_jax.methods import adversarial
    from gan_jax.methods import game as games

    game = games.make(experiments.load("dcgan_cifar_cars"))
    state = adversarial.init(game, jax.random.key(0))
    for params, name in ((state.gen.params, "ConvTranspose_1"), (state.disc.params, "Conv_2")):
        kernel = np.asarray(params[name]["kernel"])
        assert kernel.std() == pytest.approx(0.02, rel=0.01)
        assert kernel.mean() == pytest.approx(0.0, abs=2e-4)
    dense = np.asarray(state.gen.params["Dense_0"]["kernel"])
    assert np.abs(dense).max() == pytest.approx(np.sqrt(6 / (100 + 3072)), rel=1e-3)


def test_an_unknown_experiment_names_the_nearest():
    with pytest.raises(UserError, match="did you mean dcgan_cifar_cars"):
        experiments.load("dcgan_cifar_car")
    with pytest.raises(UserError, match="--list"):
        experiments.load("zzz")


def test_the_table_has_every_experiment():
    table = experiments.table().splitlines()
    assert table[0].split() == ["name", "what", "paper", "data"]
    assert [line.split()[0] for line in table[1:]] == experiments.names()
    assert "else procedural_cars" in table[1]


def test_load_names_the_config_after_the_module():
    for name in experiments.names():
        config = experiments.load(name)
        assert config == dataclasses.replace(experiments.module(name).get_config(), experiment=name)
