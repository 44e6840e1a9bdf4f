"""The pyramid of games: its bands are exact, and each level plays the game of `adversarial`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import keys, methods
from gan_jax.config import override
from gan_jax.data import ProceduralCars
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Example, Inputs
from gan_jax.methods import Coarsest, GameTrain, LaplacianPyramid, gan, pyramid
from gan_jax.networks import LAPGANDisc, LAPGANGen, MLPDisc, MLPGen, Normal
from gan_jax.objectives import augmentations

CONFIG = LaplacianPyramid(
    data=ProceduralCars(height=8, width=16, channels=1, flip="horizontal"),
    latents=Normal(dimension=3 + 4 * 8 + 8 * 16),
    gen=LAPGANGen(features=(4,), kernel_size=3),
    disc=LAPGANDisc(features=(4,), kernel_size=3, dropout_rate=0.5),
    levels=3,
    coarsest=Coarsest(
        latent_dimension=3,
        gen=MLPGen(features=(4,), norm="none"),
        disc=MLPDisc(features=(4,), norm="none"),
    ),
    train=GameTrain(batch_size=4),
)
KEY = keys.root(3)


@pytest.fixture(scope="module")
def images():
    return jax.random.uniform(jax.random.key(0), (4, 8, 16, 1), minval=-1, maxval=1)


@pytest.fixture(scope="module")
def parts():
    return pyramid.parts(CONFIG)


@pytest.fixture(scope="module")
def state(parts):
    return pyramid.init(parts, KEY)


def stepped(made, state, batch, devices):
    """One step of `made.step` on so many devices, which share the batch."""
    shards = jax.tree.map(lambda part: part.reshape(devices, -1, *part.shape[1:]), batch)
    step = jax.vmap(made, (None, 0, None), out_axes=None, axis_name=collectives.AXIS)
    return jax.jit(step)(state, shards, KEY)


@pytest.fixture(scope="module")
def after(state, images):
    batch = Example(images)
    step = methods.make(CONFIG).step
    return {devices: stepped(step, state, batch, devices) for devices in (1, 2)}


def test_bands_and_the_coarsest_image_add_up_to_the_image(parts, images):
    labels = jnp.arange(4)
    coarsest, *finer = pyramid.split(parts, Example(images, labels))
    assert coarsest.label is labels
    x = coarsest.x
    assert x.shape == (4, 2, 4, 1)
    np.testing.assert_allclose(x, images.reshape(4, 2, 4, 4, 4, 1).mean(axis=(2, 4)), atol=1e-6)
    for level, band in enumerate(finer):
        assert band.x.shape == band.source.shape == (4, 4 * 2**level, 8 * 2**level, 1)
        np.testing.assert_allclose(band.source, pyramid.up(x), atol=1e-6)
        x = band.source + band.x
    np.testing.assert_allclose(x, images, atol=1e-6)


def test_a_score_is_the_sum_of_what_all_levels_say(parts, state, images):
    levels = zip(parts.games, state.levels, pyramid.split(parts, Example(images)), strict=True)
    each = [gan.score(game, own, part.x, part.source) for game, own, part in levels]
    found = pyramid.score(parts, state, images, None)
    np.testing.assert_allclose(found, each[0] + each[1] + each[2], rtol=1e-5)


def test_doubling_is_linear_between_pixels_and_keeps_a_constant():
    edge = pyramid.up(jnp.array([0.0, 1.0]).reshape(1, 1, 2, 1))
    np.testing.assert_allclose(edge[0, :, :, 0], [[0, 0.25, 0.75, 1]] * 2, atol=1e-6)
    np.testing.assert_allclose(pyramid.up(jnp.full((1, 2, 2, 3), 0.7)), 0.7, rtol=1e-6)


def test_a_sample_is_the_coarsest_one_and_the_bands_of_all_levels(parts, state):
    z = jax.random.normal(jax.random.key(1), (2, CONFIG.latents.dimension))
    coarsest, middle, finest = zip(parts.games, state.levels, strict=True)
    x = gan.sample(*coarsest, Inputs(z[:, :3]), averaged=True)["image"]
    for level, noise in ((middle, z[:, 3:35]), (finest, z[:, 35:])):
        low = pyramid.up(x)
        x = low + gan.sample(*level, Inputs(noise, low), averaged=True)["image"]
    drawn = pyramid.sample(parts, state, Inputs(z), averaged=True)["image"]
    np.testing.assert_allclose(drawn, x, rtol=1e-5, atol=1e-6)
    assert drawn.shape == (2, 8, 16, 1)


def test_levels_of_one_shape_start_differently(state):
    middle, finest = (jax.tree.leaves(own.gen.params) for own in state.levels[1:])
    assert [leaf.shape for leaf in middle] == [leaf.shape for leaf in finest]
    assert max(float(jnp.abs(a - b).max()) for a, b in zip(middle, finest, strict=True)) > 1e-3


def test_each_level_plays_its_own_game_on_real_images_alone(parts, state, images, after):
    whole, _ = after[1]
    assert int(whole.step) == 1
    flips = keys.per_example(keys.at_step(KEY, Purpose.FLIP, 0), jnp.arange(4))
    mirrored = augmentations.flip(flips, images)
    assert 0 < (mirrored != images).any(axis=(1, 2, 3)).sum() < 4
    seen = pyramid.split(parts, Example(mirrored))
    key = jax.random.fold_in(keys.stream(KEY, Purpose.LEVEL), 1)
    game, own = parts.games[1], state.levels[1]

    def alone(own, batch, _):
        return gan.step(game, own, batch, key)

    level, _ = stepped(alone, own, seen[1], 1)
    for a, b in zip(jax.tree.leaves(level), jax.tree.leaves(whole.levels[1]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    moved = [
        float(jnp.abs(new - old).max())
        for new, old in zip(
            jax.tree.leaves([(own.gen.params, own.disc.params) for own in whole.levels]),
            jax.tree.leaves([(own.gen.params, own.disc.params) for own in state.levels]),
            strict=True,
        )
    ]
    assert min(moved) > 0


def test_two_devices_equal_one(after):
    for one, two in zip(*(jax.tree.leaves(after[count]) for count in (1, 2)), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-6)


def test_the_metrics_are_those_of_each_level_and_their_means(parts, after):
    _, measured = after[1]
    own = ("loss", "grad_norm", "prob_real", "prob_fake")
    names = {*(f"d/{name}" for name in own), "g/loss", "g/grad_norm"}
    levels = {f"level{game.shape[0]}/{name}" for game in parts.games for name in names}
    assert set(measured) == {"d/loss", "g/loss"} | levels
    each = [measured[f"level{height}/g/loss"] for height in (2, 4, 8)]
    np.testing.assert_allclose(measured["g/loss"], sum(each) / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"latents.dimension": 100}, "set latents.dimension=163"),
        ({"data.width": 18}, "set data.width=16"),
        ({"augment.names": "color"}, "set augment.name=none"),
        ({"latents.continuous": 2}, "leave latents.categories and latents.continuous out"),
    ],
)
def test_what_cannot_be_a_pyramid_is_refused(change, says):
    with pytest.raises(UserError, match=says):
        methods.make(override(CONFIG, change))
