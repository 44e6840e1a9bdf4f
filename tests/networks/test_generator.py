"""What generators are conditioned on: labels as a code or in the norm; and a reference batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_networks import GENS, PICTURED, gen_settings, generator

from gan_jax.config import override
from gan_jax.config.values import check
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.methods import game as games
from gan_jax.methods import gan
from gan_jax.networks import GenSettings
from gan_jax.networks.generator import NormalisedGen
from gan_jax.networks.layers import REFERENCE, ConditionalBatchNorm, VirtualBatchNorm

NORMALISED = [name for name, kind in GenSettings.choices.items() if issubclass(kind, NormalisedGen)]
Z = jax.random.normal(jax.random.key(1), (1, 6)).repeat(6, axis=0)
LABELS = jnp.arange(6, dtype=jnp.int32) % 3


def started(name, latents=Z, **fields):
    gen, labels = generator(name, **fields), jnp.zeros(len(latents), jnp.int32)
    return gen, gen.init(jax.random.key(0), latents, labels, train=True)


def test_every_choice_is_tested():
    assert set(GENS) == set(GenSettings.choices)
    assert set(GENS) - set(NORMALISED) == {"began", "r3gan", "stargan", *PICTURED}


@pytest.mark.parametrize("name", ["dcgan", "mlp", "r3gan"])
def test_a_code_concatenated_to_z_conditions_a_network_on_the_class(name):
    gen, variables = started(name, conditioning="embedding", embedding_features=2)
    assert variables["params"]["embedding"]["embedding"].shape == (3, 2)
    images = gen.apply(variables, Z, LABELS, train=False)
    assert images.shape == (6, 8, 8, 1)
    largest = float(jnp.abs(images).max())  # some start very small
    assert largest <= 1
    np.testing.assert_allclose(images[:3], images[3:], atol=1e-4 * largest)
    assert float(jnp.abs(images[0] - images[1]).max()) > 0.01 * largest


@pytest.mark.parametrize(("name", "spread"), [("mlp", 1.0), ("r3gan", 3**-0.5)])
def test_a_code_starts_spread_as_z_is_and_in_r3gan_as_a_layer(name, spread):
    _, variables = started(name, conditioning="embedding", embedding_features=100)
    code = variables["params"]["embedding"]["embedding"]
    assert float(code.std()) == pytest.approx(spread, rel=0.17)  # 4 deviations of 300


@pytest.mark.parametrize("name", NORMALISED)
def test_the_norm_conditions_every_network_on_the_class(name):
    gen, variables = started(name, norm="conditional_batch")
    params = variables["params"]
    same = gen.apply(variables, Z, LABELS, train=False)
    if name != "dcgan_labelled":
        np.testing.assert_allclose(same[0], same[1], rtol=1e-5, atol=1e-6)  # all rows start equal

    def spread(path, leaf):
        ours = "ConditionalBatchNorm" in jax.tree_util.keystr(path)
        return leaf + jnp.arange(3.0)[:, None] if ours else leaf

    params = jax.tree_util.tree_map_with_path(spread, params)
    images = gen.apply(variables | {"params": params}, Z, LABELS, train=False)
    assert float(jnp.abs(images[0] - images[1]).max()) > 1e-5
    np.testing.assert_allclose(images[:3], images[3:], rtol=1e-5, atol=1e-6)


def test_the_conditional_norm_by_hand_on_any_number_of_devices():
    norm = ConditionalBatchNorm(3, momentum=0.8, epsilon=1e-3)
    x = jax.random.normal(jax.random.key(0), (8, 2, 2, 5))
    labels = jnp.arange(8) % 3
    variables = norm.init(jax.random.key(0), x, labels, train=True)
    rows = jax.random.normal(jax.random.key(1), (2, 3, 5))
    params = {"scale": rows[0], "bias": rows[1]}
    whole = np.asarray(x)
    mean, var = whole.mean(axis=(0, 1, 2)), whole.var(axis=(0, 1, 2))
    scale, bias = (np.asarray(row)[labels][:, None, None] for row in rows)
    expected = scale * (whole - mean) / np.sqrt(var + 1e-3) + bias
    for devices in (1, 2):
        y, changed = jax.vmap(
            lambda x, y: norm.apply({**variables, "params": params}, x, y, train=True,
                                    mutable=["batch_stats"]),
            axis_name=collectives.AXIS,
        )(x.reshape(devices, -1, 2, 2, 5), labels.reshape(devices, -1))  # fmt: skip
        np.testing.assert_allclose(y.reshape(x.shape), expected, rtol=1e-4, atol=1e-5)
        running = changed["batch_stats"]["norm"]["mean"][0]
        np.testing.assert_allclose(running, 0.2 * mean, rtol=1e-4, atol=1e-6)


def test_the_virtual_norm_by_hand():
    """An example counts as one of REFERENCE + 1; the reference is normalised by itself."""
    x = 2 + jax.random.normal(jax.random.key(0), (REFERENCE + 2, 2, 2, 3))
    x = x.at[REFERENCE + 1].add(20)  # so far out that its weight shows
    norm = VirtualBatchNorm(epsilon=1e-3)
    y = norm.apply(norm.init(jax.random.key(0), x), x)
    reference = np.asarray(x[:REFERENCE], np.float64)
    for example in (np.asarray(x[REFERENCE + 1]), None):
        all_of = reference if example is None else np.concatenate([reference, example[None]])
        mean, var = all_of.mean(axis=(0, 1, 2)), all_of.var(axis=(0, 1, 2))
        number = 3 if example is None else REFERENCE + 1
        expected = (np.asarray(x[number]) - mean) / np.sqrt(var + 1e-3)
        np.testing.assert_allclose(y[number], expected, rtol=1e-4, atol=1e-4)


def test_with_a_virtual_norm_no_example_sees_another():
    """And training and inference are the same, without running statistics."""
    latents = jax.random.normal(jax.random.key(2), (REFERENCE, 6))
    gen, variables = started("dcgan", latents, norm="virtual_batch")
    np.testing.assert_array_equal(variables["batch_stats"]["reference"], latents)
    z = jax.random.normal(jax.random.key(3), (3, 6))
    images = gen.apply(variables, z, LABELS[:3], train=True)
    assert images.shape == (3, 8, 8, 1)
    np.testing.assert_array_equal(gen.apply(variables, z, LABELS[:3], train=False), images)
    np.testing.assert_array_equal(gen.apply(variables, z, None, train=True), images)
    alone = gen.apply(variables, z[1:2], LABELS[1:2], train=True)
    np.testing.assert_allclose(alone[0], images[1], rtol=1e-4, atol=1e-6)


def test_a_game_with_a_reference_and_features_of_the_batch_on_any_number_of_devices(tiny):
    """The reference is one draw of z, and stays; D sees groups of four, of two devices or one."""
    changes = {"gen.norm": "virtual_batch", "gen.features": (6, 4), "data.num_classes": 3}
    changes |= {"disc.minibatch": "stddev", "disc.norm": "none", "train.disc_update": "joint"}
    game = games.make(override(tiny, changes))
    state = jax.jit(lambda key: gan.init(game, key))(jax.random.key(0))
    images = jax.random.uniform(jax.random.key(9), (8, 8, 8, 1), minval=-1.0, maxval=1.0)

    def on(devices):
        shards = images.reshape(devices, -1, 8, 8, 1)
        batch = Example(shards, jnp.zeros(shards.shape[:2], jnp.int32))
        mapped = jax.vmap(
            lambda batch: gan.step(game, state, batch, jax.random.key(0)),
            out_axes=None,
            axis_name=collectives.AXIS,
        )
        return jax.jit(mapped)(batch)

    reference = state.gen.stats["reference"]
    assert np.std(reference) == pytest.approx(1, abs=0.1)
    (one, metrics), (two, others) = on(1), on(2)
    np.testing.assert_array_equal(one.gen.stats["reference"], reference)
    for name, value in metrics.items():
        np.testing.assert_allclose(others[name], value, rtol=1e-3, atol=1e-5)
    kernels = [after.disc.opt for after in (one, two)]
    for a, b in zip(*map(jax.tree.leaves, kernels), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_what_generators_refuse():
    for field, choice in (("conditioning", "embedding"), ("norm", "conditional_batch")):
        with pytest.raises(UserError, match=rf"gen\.{field}={choice} .*data\.num_classes"):
            generator("dcgan", classes=0, **{field: choice})
    for choice in ("projection", "classifier"):
        with pytest.raises(UserError, match=r"gen\.conditioning=.* one of none, embedding"):
            check(gen_settings("dcgan", conditioning=choice), "gen.")
