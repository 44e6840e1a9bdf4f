"""Augmentations by hand-computed cases, and in a step of the game."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from one_step import IMAGES, keys_at_0, on_devices, started, step

from gan_jax import keys
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.methods import game as games
from gan_jax.objectives import augmentations, losses

ALL = "color,translation,cutout"
MANY = keys.per_example(keys.root(0), np.arange(2_000))


def applied(name, image, keys=MANY):
    return np.asarray(jax.jit(jax.vmap(augmentations.AUGMENTATIONS[name], (0, None)))(keys, image))


@pytest.fixture
def augmented(tiny):
    changes = {"augment.names": ALL, "data.flip": "horizontal", "train.disc_update": "joint"}
    dense = {"gen.name": "mlp", "disc.name": "mlp", "disc.dropout_rate": "0"}  # soon compiled
    return override(tiny, changes | dense)


def test_nothing_chosen_leaves_the_very_images():
    assert augmentations.pipeline(())(MANY[:8], IMAGES, 1.0) is IMAGES
    with pytest.raises(UserError, match=r"augment\.names='colour' is unknown; choose one of color"):
        augmentations.pipeline(("colour",))


@pytest.mark.parametrize("shape", [(8, 8, 1), (12, 20, 3), (7, 5, 2)])
def test_shapes_stay(shape):
    images = jnp.ones((3, *shape))
    changed = jax.jit(augmentations.pipeline(tuple(ALL.split(","))))(MANY[:3], images, 1.0)
    assert changed.shape == images.shape
    assert changed.dtype == images.dtype


def test_an_images_change_is_its_keys_alone():
    change = jax.jit(augmentations.pipeline(tuple(ALL.split(","))))
    together = np.asarray(change(MANY[:8], IMAGES, 1.0))
    np.testing.assert_array_equal(change(MANY[:8], IMAGES, 1.0), together)
    np.testing.assert_allclose(change(MANY[2:5], IMAGES[2:5], 1.0), together[2:5], atol=1e-6)
    assert (np.asarray(change(MANY[1:9], IMAGES, 1.0)) != together).any(axis=(1, 2, 3)).all()


def test_translation_takes_every_shift_of_up_to_an_eighth_and_fills_with_gray():
    image = np.arange(1, 8 * 20 + 1, dtype=np.float32).reshape(8, 20, 1)
    padded = np.pad(image, ((1, 1), (3, 3), (0, 0)))  # 8 / 8 = 1; 20 / 8 = 2.5, rounded 3
    shifts = [padded[y : y + 8, x : x + 20] for y in range(3) for x in range(7)]
    seen = applied("translation", image)
    matches = (seen[:, None] == np.stack(shifts)[None]).all(axis=(2, 3, 4))
    assert (matches.sum(axis=1) == 1).all()
    chances = matches.mean(axis=0) * 21
    assert 0.6 < chances.min() <= chances.max() < 1.4  # 4 deviations of 1 / sqrt(2000 / 21)


@pytest.mark.parametrize(("size", "cut"), [((8, 8), (4, 4)), ((6, 5), (3, 3)), ((4, 12), (2, 6))])
def test_cutout_takes_every_place_alike_on_all_sides(size, cut):
    """Centres on or between all pixels: by rows, `cut` ones slide over the image from edge to
    edge."""
    seen = {mask.tobytes() for mask in applied("cutout", np.ones((*size, 1), np.float32))}

    def rows(side, length):
        first = [at - length // 2 for at in range(side + 1 - length % 2)]
        return [(np.arange(side) >= at) & (np.arange(side) < at + length) for at in first]

    places = [(y, x) for y in rows(size[0], cut[0]) for x in rows(size[1], cut[1])]
    expected = {(1 - np.outer(y, x)[:, :, None]).astype(np.float32).tobytes() for y, x in places}
    assert seen == expected


def test_color_by_its_three_factors():
    """Each draw's brightness, saturation and contrast, read off what became of one image."""
    rng = np.random.default_rng(0)
    image = rng.uniform(-1, 1, (6, 6, 3)).astype(np.float32)
    seen = applied("color", image)
    brightness = seen.mean(axis=(1, 2, 3)) - image.mean()
    gray, grays = image.mean(axis=2), seen.mean(axis=3)
    apart = (grays - grays.mean(axis=(1, 2), keepdims=True)).std(axis=(1, 2))
    contrast = apart / gray.std()
    chroma = (seen - grays[..., None]).std(axis=(1, 2, 3)) / (image - gray[..., None]).std()
    saturation = chroma / contrast
    for factor, low, high in ((brightness, -0.5, 0.5), (contrast, 0.5, 1.5), (saturation, 0, 2)):
        width = high - low
        assert low - 1e-3 < factor.min() < low + 0.01 * width
        assert high - 0.01 * width < factor.max() < high + 1e-3
        assert factor.mean() == pytest.approx((low + high) / 2, abs=0.03 * width)


def test_a_flip_mirrors_half_of_the_images_left_to_right():
    images = jnp.broadcast_to(IMAGES[0], (2_000, 8, 8, 1))
    flipped = np.asarray(augmentations.flip(MANY, images))
    mirrored = (flipped == np.asarray(IMAGES[0])[:, ::-1]).all(axis=(1, 2, 3))
    kept = (flipped == np.asarray(IMAGES[0])).all(axis=(1, 2, 3))
    assert (mirrored ^ kept).all()
    assert mirrored.mean() == pytest.approx(0.5, abs=0.045)  # 4 deviations


def test_real_and_fake_pass_the_same_changes_in_every_update(augmented):
    """Changes that leave nothing leave D nothing to tell apart, and G nothing to learn from."""
    game, state = started(augmented)
    erased = game._replace(augment=lambda keys, images, probability: 0 * images)
    _, metrics = step(erased, state)
    assert float(metrics["d/prob_real"]) == float(metrics["d/prob_fake"]) == 0.5
    assert float(metrics["g/grad_norm"]) == 0


def test_the_gradient_reaches_gen_through_the_changes(augmented):
    game, state = started(augmented)
    after, metrics = step(game, state)
    assert float(metrics["d/prob_real"]) != float(metrics["d/prob_fake"])
    assert float(metrics["g/grad_norm"]) > 0

    def expected(batch, s, disc):
        numbers = collectives.example_numbers(len(batch.x))
        z = game.draw_latents(keys.per_example(keys_at_0(Purpose.LATENT), numbers))

        def loss(params):
            variables = {"params": params, "batch_stats": s.gen.stats}
            fake, _ = game.gen.apply(variables, z, batch.label, train=True, mutable=["batch_stats"])
            change = augmentations.pipeline(("color", "translation", "cutout"))
            seen = change(keys.per_example(keys_at_0(Purpose.DISC_FOR_GEN), numbers), fake, 1.0)
            variables = {"params": disc.params, "batch_stats": disc.stats}
            verdict, _ = game.disc.apply(
                variables, seen, batch.label, train=True, mutable=["batch_stats"]
            )
            return jax.nn.softplus(-verdict.logits).mean()

        return collectives.mean(jax.grad(loss)(s.gen.params))

    grads = on_devices(expected, 1, state, after.disc)
    moment = jax.tree.map(lambda g: (1 - 0.5) * g, grads)  # Adam's first, after one step
    chex.assert_trees_all_close(optax.tree.get(after.gen.opt, "mu"), moment, rtol=1e-3, atol=1e-6)


def test_the_changes_are_the_same_on_any_number_of_devices(augmented):
    game, state = started(augmented)
    one, many = step(game, state), step(game, state, devices=4)
    chex.assert_trees_all_close(one[1], many[1], rtol=1e-4, atol=1e-5)
    mu = [optax.tree.get(after.disc.opt, "mu") for after, _ in (one, many)]
    chex.assert_trees_all_close(*mu, rtol=1e-3, atol=1e-5)


def test_each_change_is_made_with_its_probability_for_each_image_apart():
    """At 0 the very images; at 0.3 each of two changes in three of ten images."""
    images = jnp.broadcast_to(IMAGES[0], (2_000, 8, 8, 1))
    change = jax.jit(augmentations.pipeline(("color", "cutout")))
    np.testing.assert_array_equal(change(MANY, images, 0.0), images)
    both = np.asarray(change(MANY, images, 1.0)) != images
    assert both.any(axis=(1, 2, 3)).all()
    some = np.asarray(change(MANY, images, 0.3))
    cut = (some == 0).any(axis=(1, 2, 3))
    coloured = ((some != 0) & (some != images)).any(axis=(1, 2, 3))
    for made in (cut, coloured):
        assert made.mean() == pytest.approx(0.3, abs=0.041)  # 4 deviations
    assert (cut & coloured).mean() == pytest.approx(0.09, abs=0.026)


def augmenting_of(tiny, changes):
    config = override(tiny, changes)
    return config.augment.make(config.train)


ADAPTIVE = {"augment.name": "adaptive", "augment.target": 0.6, "augment.probability": 0.5,
            "augment.names": "color", "augment.adapt_images": 80,
            "augment.adapt_every_steps": 2}  # fmt: skip


def adaptive(tiny, changes):
    return augmenting_of(tiny, {**ADAPTIVE, **changes})


def test_the_probability_adapts_by_the_sign_of_what_d_makes_of_real_images(tiny):
    """p += sign(r_t - target) * batch * interval / images, here 8 * 2 / 80 = 0.2, at least 0;
    r_t is the mean of two steps."""
    parts = adaptive(tiny, {})
    control = {name: jnp.float32(value) for name, value in parts.start}
    seen = []
    signs = (0.9, 0.4, 0.9, 0.2, 0.0, 0.0, 0.0, 1.0, 0.6, 0.6)  # means 0.65, 0.55, 0, 0.5, 0.6
    for number, sign in enumerate(signs):
        control, reports = parts.update(control, jnp.float32(sign), jnp.int32(number))
        seen.append(float(parts.probability(control, number)))
        assert float(reports["augment/probability"]) == seen[-1]
        assert set(reports) == {"augment/probability", "d/sign_real"}
    np.testing.assert_allclose(seen[:8], [0.5, 0.7, 0.7, 0.5, 0.5, 0.3, 0.3, 0.1], atol=1e-6)
    for number in (10, 11):
        control, _ = parts.update(control, jnp.float32(-1), jnp.int32(number))
    assert float(parts.probability(control, 12)) == 0


def test_a_fixed_probability_and_a_scheduled_one(tiny):
    fixed = augmenting_of(tiny, {"augment.name": "fixed", "augment.probability": 0.4})
    assert fixed.probability({}, jnp.int32(7)) == 0.4
    changes = {"augment.name": "fixed", "augment.probability": 0, "augment.final_probability": 0.5,
               "train.schedule": "linear", "train.schedule_images": 80}  # fmt: skip
    scheduled = augmenting_of(tiny, changes)
    assert float(scheduled.probability({}, jnp.int32(5))) == pytest.approx(0.25)
    with pytest.raises(UserError, match="adaptive has no field 'final_probability'"):
        adaptive(tiny, {"augment.final_probability": 0.5})


def test_a_target_needs_changes_and_a_loss_whose_d_goes_by_signs(tiny):
    with pytest.raises(UserError, match=r"augment\.names is empty; give at least 1"):
        adaptive(tiny, {"augment.names": ""})
    of_signs, joint = [], {"train.disc_update": "joint", "disc.name": "autoencoder"}
    for name in losses.Loss.choices:
        try:
            games.make(override(tiny, {**ADAPTIVE, **joint, "loss.name": name}))
            of_signs.append(name)
        except UserError as error:
            assert f"loss.name={name} does not tell real from fake; set" in str(error)
    assert of_signs == ["non_saturating", "minimax", "hinge"]
    symmetric = {"loss.name": "least_squares", "loss.real_target": 1, "loss.fake_target": -1}
    games.make(override(tiny, {**ADAPTIVE, **joint, **symmetric}))


def test_a_step_augments_with_the_probability_of_its_state(augmented):
    """Nothing at 0, where D is certain of no more than the target, and all at 1 below it."""
    changes = {"augment.name": "adaptive", "augment.target": 0.99, "augment.probability": 0,
               "augment.adapt_images": 8, "augment.adapt_every_steps": 1}  # fmt: skip
    game, state = started(override(augmented, changes))
    none, _ = started(override(augmented, {"augment.name": "none"}))
    whole, _ = started(augmented)
    after, metrics = step(game, state)
    assert float(metrics["augment/probability"]) == 0
    plain = state._replace(scalars=state.scalars._replace(augmenting={}))
    assert float(metrics["d/loss"]) == float(step(none, plain)[1]["d/loss"])
    always = dict(state.scalars.augmenting, probability=jnp.float32(1))
    full = state._replace(scalars=state.scalars._replace(augmenting=always))
    assert float(step(game, full)[1]["d/loss"]) == float(step(whole, plain)[1]["d/loss"])
    assert -1 <= float(metrics["d/sign_real"]) <= 1
    assert float(after.scalars.augmenting["signs"]) == 0
