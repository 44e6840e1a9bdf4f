import dataclasses
import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import experiments
from gan_jax import data, keys, methods, train
from gan_jax.config import flatten, override
from gan_jax.data import check_classes, procedural_cars
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Example
from gan_jax.methods import Config, gan
from gan_jax.methods import game as games
from gan_jax.methods.sampling import takes_pictures
from gan_jax.networks import latents

NARROW = {"train.num_steps": 1, "train.batch_size": 4, "sample.num_images": 4}
MODEL_ON_DATA = r"\w*(GAN|VAE|pix2pix|SRCNN)(-\w+)? on \S.*\.$"
PLAYERS = {
    "cycle_gan": ("gen", "disc"),
    "gan": ("gen", "disc"),
    "pyramid": ("gen", "disc", "coarsest.gen", "coarsest.disc"),
    "vae": ("gen", "encoder"),
}


def narrow(config: Config) -> Config:
    """The experiment with few layers, channels, examples and samples, for one step."""
    names, flat = [f"{part}.features" for part in PLAYERS[config.choice]], flatten(config)
    features = {name: (4,) * min(2, len(flat[name])) for name in names}
    return override(config, NARROW | features)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Data at hand in no time: few cars, no TFDS; what they are is not cached."""
    monkeypatch.setattr(data, "cached", lambda place, key, make: make())
    monkeypatch.setattr(procedural_cars, "_each", _noise)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "none"))


def _noise(seed, count, drawn, shape, dtype=np.uint8):
    size, values = (min(count, 5), *shape), 256 if shape else 2
    return np.random.default_rng(seed).integers(values, size=size, dtype=dtype)


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_takes_a_step(name):
    """At its full architecture, batch and order, by shapes alone; the state keeps its own."""
    config = experiments.load(name)
    method, key = methods.make(config), keys.root(0)
    count, data = config.train.examples_per_step, config.data
    shape = data.kind.shape
    x = jnp.zeros((count, *shape))
    source = x if data.has_sources else None
    batch = Example(x, jnp.zeros(count, jnp.int32), source)
    before = jax.eval_shape(method.init, key)
    step = jax.make_jaxpr(method.step, axis_env=[(collectives.AXIS, 1)], return_shape=True)
    _, (after, metrics) = step(before, batch, key)
    assert jax.tree.map(describe, after) == jax.tree.map(describe, before)
    assert all(re.fullmatch("[a-z0-9_]+(/[a-z0-9_]+)+", name) for name in metrics)
    assert {value.shape for value in metrics.values()} == {()}
    given = takes_pictures(config)
    source = x[:2] if data.has_sources else None
    shown = Example(x[:2] if given else None, jnp.zeros(2, int), source)
    inputs = jax.eval_shape(method.inputs, jax.random.split(key), shown)
    assert inputs.latents.shape == (2, latents.size(config.latents))
    assert (inputs.condition is None) == (config.data.num_classes == 0 and not given)
    sample = jax.eval_shape(method.sample, after, inputs, True)
    assert sample["image"].shape == (2, *shape)


def describe(leaf):
    return leaf.shape, leaf.dtype


@pytest.mark.parametrize(
    "name",
    [
        "infogan_mnist",
        "lapgan_cifar10",
        "toy_line",
        "vae_mnist",
    ],
)
def test_an_experiment_of_each_kind_runs_on_its_stand_in(name, stand_in, tmp_path):
    """Each method and kind of game, narrow, through the loop and all it writes."""
    config = narrow(experiments.load(name))
    state = train.run(config, tmp_path / "run")
    assert int(state.step) == 1
    assert (tmp_path / "run" / "samples" / "step_00000001.png").exists()
    assert (tmp_path / "run" / "samples_raw").exists() == (name != "vae_mnist")  # it has no average


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_is_a_recipe(name):
    module = experiments.module(name)
    lines = module.__doc__.splitlines()
    assert f"--experiment={name}" in module.__doc__
    assert module.PAPER
    assert len(lines) <= 12
    assert len(lines[0]) <= 80
    assert re.match(MODEL_ON_DATA, lines[0])


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("SAGAN on CIFAR-10: self-attention.", True),
        ("cGAN-PD on CIFAR-10: projection discriminator.", True),
        ("VAE on MNIST: dense networks.", True),
        ("Small pictures by self-attention: SAGAN on CIFAR-10.", False),
        ("SAGAN: self-attention on CIFAR-10.", False),
        ("gan on MNIST: dense networks.", False),
        ("SAGAN on CIFAR-10: self-attention", False),
    ],
)
def test_a_first_line_names_the_model_and_its_data(line, fits):
    assert bool(re.match(MODEL_ON_DATA, line)) == fits


def test_a_module_that_recipes_share_is_not_listed(tmp_path, monkeypatch):
    for name in ("_shared", "recipe"):
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.setattr(experiments, "__path__", [str(tmp_path)])
    assert experiments.names() == ["recipe"]
    with pytest.raises(UserError, match="There is no experiment '_shared'"):
        experiments.load("_shared")


def test_the_cars_are_the_chapters():
    config = experiments.load("dcgan_cifar_cars")
    expected = {
        "experiment": "dcgan_cifar_cars",
        "data.name": "cifar10",
        "data.classes": ("automobile",),
        "data.fallback": "procedural_cars",
        "latents.dimension": 100,
        "latents.name": "normal",
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
        "gen_optimizer.learning_rate": 1e-4,
        "disc_optimizer.learning_rate": 1e-3,
        "gen_optimizer.b1": 0.5,
        "disc_optimizer.b1": 0.5,
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
    game = games.make(experiments.load("dcgan_cifar_cars"))
    state = jax.eval_shape(lambda key: gan.init(game, key), jax.random.key(0))
    gen = 100 * 3072 + 3072 + 2 * 192
    gen += 25 * 192 * 256 + 2 * 256 + 25 * 256 * 128 + 2 * 128 + 25 * 128 * 3 + 3
    disc = 25 * 3 * 64 + 64 + 25 * 64 * 128 + 2 * 128 + 25 * 128 * 256 + 2 * 256
    disc += 4 * 4 * 256 + 1
    for params, count in ((state.gen.params, gen), (state.disc.params, disc)):
        assert sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params)) == count


def test_weights_start_where_the_chapter_has_them():
    game = games.make(experiments.load("dcgan_cifar_cars"))
    state = gan.init(game, jax.random.key(0))
    body = state.disc.params["body"]
    for params, name in ((state.gen.params, "ConvTranspose_1"), (body, "Conv_2")):
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
    cars = next(line for line in table if line.startswith("dcgan_cifar_cars "))
    assert "else procedural_cars" in cars


def test_load_names_the_config_after_the_module():
    for name in experiments.names():
        config = experiments.load(name)
        assert config == dataclasses.replace(experiments.module(name).get_config(), experiment=name)


IMAGES = jax.random.uniform(jax.random.key(9), (1, 4, 28, 28, 1), minval=-1.0, maxval=1.0)
LABELS = jnp.array([[3, 1, 4, 1]], jnp.int32)


@functools.cache
def one_step(config):
    """The game, its state at the start and after one step, and a map over its one device."""

    def on_device(function, *shared):
        axes = (0, *(None for _ in shared))
        mapped = jax.vmap(function, in_axes=axes, out_axes=None, axis_name=collectives.AXIS)
        return jax.jit(mapped)(Example(IMAGES, LABELS), *shared)

    game = games.make(config)
    state = jax.jit(lambda key: gan.init(game, key))(keys.root(0))
    root = keys.root(0)
    after, _ = on_device(lambda batch, state: gan.step(game, state, batch, root), state)
    return game, state, after, on_device


def drawn(game, purpose, update=None):
    key = keys.at_step(keys.root(0), purpose, 0)
    key = key if update is None else jax.random.fold_in(key, update)
    return game.draw_latents(keys.per_example(key, jnp.arange(4)))


def fakes(game, params, stats, z, labels):
    variables = {"params": params, "batch_stats": stats}
    return game.gen.apply(variables, z, labels, train=True, mutable=["batch_stats"])[0]


def updates_of(player):
    return int(optax.tree.get(player.opt, "count"))


def test_labelled_digits_update_disc_once_and_gen_twice():
    config = narrow(experiments.load("dcgan_mnist"))
    _, _, after, _ = one_step(config)
    assert (updates_of(after.disc), updates_of(after.gen)) == (1, 2)
    _, _, once, _ = one_step(override(config, {"train.gen_updates": 1}))
    assert updates_of(once.gen) == 1
    # D's update is before both of G's, and of the untrained G's fakes
    for a, b in zip(jax.tree.leaves(after.disc), jax.tree.leaves(once.disc), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_keras_digits_update_disc_on_one_batch_of_real_and_fake():
    """The first step of Nesterov's descent is 1.9 times the rate times the mean gradient."""
    game, state, after, on_device = one_step(narrow(experiments.load("dcgan_mnist_keras")))

    def gradient(batch, state):
        z = drawn(game, Purpose.LATENT)
        fake = fakes(game, state.gen.params, state.gen.stats, z, batch.label)
        both, targets = jnp.concatenate([batch.x, fake]), jnp.repeat(jnp.array([1.0, 0]), 4)

        def loss(params):
            logits = game.disc.apply({"params": params}, both, batch.label, train=True).logits
            entropy = targets * jax.nn.softplus(-logits) + (1 - targets) * jax.nn.softplus(logits)
            return entropy.mean()

        return collectives.mean(jax.grad(loss)(state.disc.params))

    assert_descends(state.disc, after.disc, on_device(gradient, state))


def test_keras_digits_update_gen_on_new_latents():
    config = narrow(experiments.load("dcgan_mnist_keras"))
    game, state, after, on_device = one_step(config)

    def gradient(batch, state, disc):
        z = drawn(game, Purpose.GEN_LATENT, update=0)

        def loss(params):
            fake = fakes(game, params, state.gen.stats, z, batch.label)
            seen = game.disc.apply({"params": disc.params}, fake, batch.label, train=True)
            return jax.nn.softplus(-seen.logits).mean()

        return collectives.mean(jax.grad(loss)(state.gen.params))

    assert_descends(state.gen, after.gen, on_device(gradient, state, after.disc))
    assert not np.isclose(drawn(game, Purpose.LATENT), drawn(game, Purpose.GEN_LATENT, 0)).any()


def assert_descends(before, after, gradient):
    moved = jax.tree.map(lambda a, b: a - b, before.params, after.params)
    for change, slope in zip(jax.tree.leaves(moved), jax.tree.leaves(gradient), strict=True):
        np.testing.assert_allclose(change, 5e-4 * 1.9 * slope, rtol=2e-2, atol=2e-7)


def test_num_classes_of_conditional_networks_is_that_of_the_data():
    split = Example(np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.int32))
    for names in ((), ("cat", "dog", "owl")):
        made = data.dataset(split, split, names, ())
        check_classes(0, made)  # unconditional networks
        check_classes(len(names), made)
    with pytest.raises(UserError, match=r"3 classes \(cat, dog, owl\); set data\.num_classes=3"):
        check_classes(10, made)
    with pytest.raises(UserError, match="no classes"):
        check_classes(10, data.dataset(split, split, (), ()))


@pytest.mark.parametrize("name", ["dcgan_folder", "dcgan_roses"])
def test_an_own_folder_must_be_given(name, tmp_path):
    with pytest.raises(UserError, match=r"add --set=data\.path=FOLDER"):
        train.run(experiments.load(name), tmp_path)
    row = next(row for row in experiments.table().splitlines() if row.startswith(name))
    assert row.endswith("a folder of your own")
