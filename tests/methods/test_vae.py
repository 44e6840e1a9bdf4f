"""The VAE's terms and bound against closed forms, and its step on any number of devices."""

import dataclasses
import functools
import json
import math

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import keys, methods, train
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.method import Example, Inputs
from gan_jax.methods import RMSProp, Train, optimizers, sampling, vae
from gan_jax.networks import InfoGANEncoderSettings, InfoGANGen, MLPEncoderSettings, MLPGen

IMAGES = jax.random.uniform(jax.random.key(9), (8, 8, 8, 1), minval=-1.0, maxval=1.0)
LABELS = jnp.zeros(8, jnp.int32)


@pytest.fixture
def config(tiny):
    optimizer = RMSProp(learning_rate=1e-3, decay=0.9, epsilon=1e-7)
    changes = {"method": "vae", "latents.dimension": 2, "data.flip": "horizontal"}
    parts = {
        "gen": MLPGen(features=(12,), norm="none", output="linear"),
        "encoder": MLPEncoderSettings(features=(12,), norm="none"),
        "optimizer": optimizer,
    }
    return dataclasses.replace(override(tiny, changes), **parts)


@functools.cache
def started(config):
    parts = vae.parts(config)
    return parts, vae.init(parts, keys.root(config.seed))


def step(parts, state, devices=1):
    shards = IMAGES.reshape(devices, -1, *IMAGES.shape[1:])
    batch = Example(shards, LABELS.reshape(devices, -1))
    return _mapped(parts)(state, batch, keys.root(0))


@functools.cache
def _mapped(parts):
    one = functools.partial(vae.step, parts)
    return jax.jit(jax.vmap(one, (None, 0, None), out_axes=None, axis_name=collectives.AXIS))


def test_kl_of_a_hand_computed_normal_and_of_the_standard_one():
    mean, log_var = jnp.array([[0.5, -1.0], [0.0, 0.0]]), jnp.array([[0.2, -0.7], [0.0, 0.0]])
    np.testing.assert_allclose(vae.kl_to_prior(mean, log_var), [0.73399403, 0.0], atol=1e-6)
    for away in (-0.1, 0.1):
        assert float(vae.kl_to_prior(jnp.full((1, 1), away), jnp.zeros((1, 1)))[0]) > 1e-3
        assert float(vae.kl_to_prior(jnp.zeros((1, 1)), jnp.full((1, 1), away))[0]) > 1e-3


def test_cross_entropy_is_summed_over_the_pixels():
    """log 2 for a pixel at logit 0; log(1 + 1/3) and log(1 + 3) for a 1 and a 0 at logit log 3."""
    logits = jnp.array([0.0, math.log(3), math.log(3), math.log(3)]).reshape(1, 2, 2, 1)
    x = jnp.array([0.4, 1.0, 0.0, 0.25]).reshape(1, 2, 2, 1)
    a_quarter = 0.25 * math.log(4 / 3) + 0.75 * math.log(4)
    expected = math.log(2) + math.log(4 / 3) + math.log(4) + a_quarter
    np.testing.assert_allclose(vae.cross_entropy(logits, x), [expected], rtol=1e-6)


def linear_gaussian(config, mean, variance):
    """The VAE of p(x | z) = N(2z, 0.5) whose q(z | x) is a constant normal, and E_q by quadrature.

    The integrand is quadratic in z, so three nodes of Gauss and Hermite are exact.
    """

    class Encoder(nn.Module):
        def __call__(self, x, train):
            whole = jnp.ones((len(x), 1))
            return mean * whole, math.log(variance) * whole

    class Decoder(nn.Module):
        def __call__(self, z, labels, train):
            return (2 * z).reshape(-1, 1, 1, 1)

    def reconstruction(middle, x):
        return (math.log(2 * math.pi * 0.5) / 2 + (x - middle) ** 2 / (2 * 0.5)).sum((1, 2, 3))

    parts = vae.parts(config)._replace(
        model=vae.Autoencoder(Encoder(), Decoder()), reconstruction=reconstruction
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    batch = Example(jnp.full((3, 1, 1, 1), 2 * 1.3 - 1), jnp.zeros(3, jnp.int32))
    noise = jnp.asarray(nodes, jnp.float32).reshape(3, 1)
    terms, _ = vae.negative_bound(parts, {}, {}, batch, noise, train=True)
    return float(np.average(terms["vae/loss"], weights=weights))


def test_the_bound_of_the_linear_gaussian_model(config):
    """-log p(1.3) at the exact posterior N(2.6/4.5, 1/9); above it by KL(q || posterior) at any."""
    at_posterior = linear_gaussian(config, 2.6 / 4.5, 1 / 9)
    assert at_posterior == pytest.approx(1.85875501, abs=1e-6)
    for mean, variance in ((0.0, 1.0), (0.5, 1 / 9), (2.6 / 4.5, 0.2), (2.6 / 4.5, 0.05)):
        ratio, distance = 9 * variance, (mean - 2.6 / 4.5) ** 2 * 9
        gap = (ratio + distance - 1 - math.log(ratio)) / 2
        assert gap > 0.02
        bound = linear_gaussian(config, mean, variance)
        assert bound == pytest.approx(1.85875501 + gap, abs=1e-5)


def test_a_step_descends_the_mean_loss_over_images_of_both_networks(config):
    """The loss as the chapter writes it, from the weights; a step of SGD is its gradient."""
    sgd = {"optimizer.name": "sgd", "optimizer.momentum": 0, "data.flip": "none"}
    config = override(config, sgd)
    parts, state = started(config)
    after, metrics = step(parts, state)
    example_keys = keys.per_example(
        keys.at_step(keys.root(0), keys.Purpose.ENCODE, 0), jnp.arange(8)
    )
    noise = jax.vmap(lambda key: jax.random.normal(key, (2,)))(example_keys)

    def loss(params):
        x, encoder, gen = (IMAGES.reshape(8, -1) + 1) / 2, params["encoder"], params["gen"]
        hidden = nn.leaky_relu(dense(encoder["Hidden_0"]["Dense_0"], x), 0.2)
        mean, log_var = (dense(encoder[head], hidden) for head in ("mean", "log_var"))
        z = mean + jnp.exp(log_var / 2) * noise
        hidden = nn.leaky_relu(dense(gen["Hidden_0"]["Dense_0"], z), 0.2)
        p = jax.nn.sigmoid(dense(gen["Dense_0"], hidden))
        entropy = -(x * jnp.log(p) + (1 - x) * jnp.log(1 - p)).mean(1)
        kl = -0.5 * (1 + log_var - mean**2 - jnp.exp(log_var)).sum(1)
        return (64 * entropy + kl).mean()

    value, grads = jax.value_and_grad(loss)(state.model.params)
    assert float(metrics["vae/loss"]) == pytest.approx(float(value), rel=1e-5)
    total = float(metrics["vae/reconstruction"] + metrics["vae/kl"])
    assert float(metrics["vae/loss"]) == pytest.approx(total, rel=1e-6)
    moved = jax.tree.map(lambda a, b: b - a, state.model.params, after.model.params)
    expected = jax.tree.map(lambda g: -1e-3 * g, grads)
    chex.assert_trees_all_close(moved, expected, rtol=1e-4, atol=1e-7)


def dense(params, x):
    return jnp.matmul(x, params["kernel"]) + params["bias"][None]


def test_epsilon_of_rmsprop_is_added_to_the_root():
    rate, epsilon, gradient = 1e-3, 1e-2, 1e-2
    made = optimizers.make(RMSProp(rate, decay=0.9, epsilon=epsilon), "optimizer", Train())
    update, _ = made.update(jnp.array(gradient), made.init(jnp.array(1.0)))
    expected = -rate * gradient / (math.sqrt(0.1) * gradient + epsilon)
    assert float(update) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_n_devices_equal_one(config, norm):
    config = override(config, {"encoder.norm": norm, "gen.norm": norm})
    parts, state = started(config)
    one = step(parts, state)
    for devices in (2, 4):
        chex.assert_trees_all_close(step(parts, state, devices), one, rtol=1e-4, atol=1e-6)


def test_the_average_is_of_both_networks_and_none_without_a_half_life(config):
    parts, state = started(override(config, {"train.ema_half_life_images": 8, "train.ema_ramp": 0}))
    after, _ = step(parts, state)
    halfway = jax.tree.map(lambda a, b: (a + b) / 2, state.model.params, after.model.params)
    chex.assert_trees_all_close(after.ema.params, halfway, rtol=1e-5, atol=1e-7)
    parts, state = started(override(config, {"train.ema_half_life_images": 0}))
    after, _ = step(parts, state)
    chex.assert_trees_all_equal(after.ema.params, after.model.params)


def test_samples_and_codes(config):
    method, (_, state) = methods.make(config), started(config)
    # each pixel's logit is the bias, whatever z is
    last = {"kernel": jnp.zeros((12, 64)), "bias": jnp.linspace(-20.0, 20.0, 64)}
    params = {**state.model.params, "gen": {**state.model.params["gen"], "Dense_0": last}}
    state = state._replace(model=state.model._replace(params=params))
    images = method.sample(state, Inputs(jnp.ones((8, 2))), averaged=False)["image"]
    assert images.shape == (8, 8, 8, 1)
    expected = jnp.tanh(jnp.linspace(-10.0, 10.0, 64)).reshape(1, 8, 8, 1)
    np.testing.assert_allclose(images, jnp.tile(expected, (8, 1, 1, 1)), atol=1e-6)
    averaged = method.sample(state, Inputs(jnp.ones((8, 2))), averaged=True)["image"]
    assert float(jnp.abs(averaged - images).max()) > 0.5
    codes = method.encode(state, IMAGES)
    assert codes.shape == (8, 2)
    assert float(codes.std(0).min()) > 0.01
    assert method.score is None


def test_evaluation_is_the_loss_of_each_example_with_its_own_noise(config):
    method, (_, state) = methods.make(config), started(config)
    noise = jax.random.normal(jax.random.key(1), (8, 2))
    values = method.evaluate(state, Example(IMAGES, LABELS), Inputs(noise))
    assert list(values) == ["vae/loss", "vae/reconstruction", "vae/kl"]
    assert {value.shape for value in values.values()} == {(8,)}
    swapped = noise.at[0].set(noise[0] + 1)
    other = method.evaluate(state, Example(IMAGES, LABELS), Inputs(swapped))
    np.testing.assert_array_equal(other["vae/loss"] != values["vae/loss"], jnp.arange(8) == 0)
    np.testing.assert_array_equal(other["vae/kl"], values["vae/kl"])


def test_a_run_shows_the_terms_and_goes_on(config, tmp_path, capsys):
    state = train.run(override(config, {"train.num_steps": 2}), tmp_path)
    state = train.run(override(config, {"train.num_steps": 4}), tmp_path)
    assert int(state.step) == 4
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]
    own = [f"vae/{name}" for name in ("loss", "reconstruction", "kl")]
    for name in (*own, *(f"eval/{name}" for name in own)):
        assert all(math.isfinite(row[name]) for row in rows)
    assert f"reconstruction {rows[1]['vae/reconstruction']:.3f}" in capsys.readouterr().out
    assert (tmp_path / "losses.png").exists()
    sample = sampling.sampler(config, methods.make(config), sampling.Requests(config))
    assert sample(state, keys.root(1), 3).shape == (3, 8, 8, 1)


def test_networks_of_convolutions_are_trained_too(config):
    networks = {
        "gen": InfoGANGen(features=(12, 8, 4), kernel_size=4, activation="relu", output="linear"),
        "encoder": InfoGANEncoderSettings(features=(4, 8, 12), kernel_size=4),
    }
    parts, state = started(dataclasses.replace(config, **networks))
    after, metrics = step(parts, state)
    assert float(metrics["vae/loss"]) == pytest.approx(64 * math.log(2), rel=0.02)
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), state.model.params, after.model.params)
    assert all(jax.tree.leaves(moved))
    inputs = Inputs(jnp.zeros((2, 2)), None)
    made = vae.sample(parts, after, inputs, averaged=False)["image"]
    assert made.shape == (2, 8, 8, 1)
    assert float(jnp.abs(made).max()) <= 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"latents.name": "uniform"}, "set latents.name=normal"),
        ({"gen.output": "tanh"}, "gen.output=linear"),
        ({"gen.name": "dcgan"}, "set gen.name=mlp"),
        ({"encoder.name": "mpl"}, "mlp"),
        (
            {"encoder.dropout_rate": 0.1},
            r"encoder\.name=mlp has no field|no config field 'encoder\.dropout_rate'",
        ),
        ({"gen.norm": "virtual_batch"}, "no reference batch; set gen.norm=batch"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(config, change, sentence):
    with pytest.raises(UserError, match=sentence):
        methods.make(override(config, change))


@pytest.mark.parametrize(
    "change",
    [
        {"augment.names": "color"},
        {"auxiliary.name": "pull_away"},
        {"disc.features": "4"},
        {"loss.name": "hinge"},
        {"penalty.name": "r1"},
        {"levels": 2},
        {"gen_optimizer.name": "sgd"},
        {"train.disc_updates": 2},
        {"train.final_gen_top_share": 0.5},
        {"train.gen_updates": 2},
    ],
)
def test_what_only_a_game_has_is_refused(config, change):
    (name,) = change
    part, _, field = name.rpartition(".")
    lacks = f"'{name}'" if part == "train" else f"'{part or field}'"
    with pytest.raises(UserError, match=f"no (config )?field {lacks}"):
        override(config, change)
