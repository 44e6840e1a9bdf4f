"""What networks that make pictures from pictures refuse, and the way out that they name."""

import jax
import jax.numpy as jnp
import pytest
from small_networks import SHAPE, discriminator, gen_settings, generator

from gan_jax.errors import UserError
from gan_jax.networks import CodeSizes, PatchDisc, StarGANGen

FLOAT32 = jnp.dtype(jnp.float32)
LABELS = jnp.zeros(1, jnp.int32)


def picture(side, channels=1):
    return jnp.zeros((1, side, side, channels))


def built(name, shape, **fields):
    return lambda: gen_settings(name, **fields).build(shape, 3, FLOAT32)


def made(name, source, shape=SHAPE):
    gen = generator(name, shape=shape)
    return lambda: jax.eval_shape(
        lambda: gen.init(jax.random.key(0), jnp.zeros((len(source), 0)), source, train=False)
    )


def decided(source, shape=SHAPE):
    disc = discriminator("patch", conditioning="source", shape=shape)
    x = jnp.zeros((1, *shape))
    return lambda: jax.eval_shape(lambda: disc.init(jax.random.key(0), x, source, train=False))


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (built("unet", (8, 12, 1), features=(4, 4, 4)), r"data.width=12 is not a multiple of 8"),
        (built("translator", (7, 8, 1)), r"data.height=7 is not a multiple of 2"),
        (built("translator", (4, 4, 1), features=(4, 4, 4)),
         r"gen.name=translator mirrors .* 4x4 are too small; give both sides 8 pixels or more"),
        (built("srresnet", SHAPE, features=(4, 4)), r"give gen.features one number, such as 4\."),
        (lambda: StarGANGen().build((8, 8, 1), 0, FLOAT32), r"gen.name=stargan .*data.num_classes"),
        (made("unet", LABELS), r"gen.name=unet needs a source picture .*; choose data that have"),
        (made("srcnn", LABELS), r"gen.name=srcnn needs a source picture"),
        (made("srresnet", LABELS), r"gen.name=srresnet needs a source picture"),
        (made("translator", picture(4, 1)), r"of the size of their source, .* 4x4 is not .* 8x8"),
        (made("stargan", picture(8, 1)), r"gen.name=stargan needs .* which method=stargan gives"),
        (lambda: generator("translator").init(jax.random.key(0), jnp.zeros((1, 1)), picture(8, 1),
                                              train=False),
         r"set latents.dimension=0 or gen.norm=batch"),
        (made("srresnet", picture(4, 1), (12, 12, 1)), r"does not make 12x12 of 4x4; .*=srcnn"),
        (made("srresnet", jnp.zeros((1, 4, 8, 1))), r"does not make 8x8 of 4x8"),
        (made("srresnet", picture(16, 1)), r"does not make 8x8 of 16x16"),
        (made("srcnn", picture(9, 1)), r"one of 9x9 is larger than 8x8"),
        (decided(LABELS), r"disc.conditioning=source needs .*, or disc.conditioning=none"),
        (decided(picture(3, 1)), r"one of 3x3 does not fit 8x8; set disc.conditioning=none"),
        (decided(picture(16, 1)), r"one of 16x16 does not fit 8x8"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(act, says):
    with pytest.raises(UserError, match=says):
        act()


@pytest.mark.parametrize(("side", "most"), [(16, 3), (24, 4), (47, 4), (48, 5), (3, 1)])
def test_a_discriminator_without_a_patch_names_the_depth_that_leaves_one(side, most):
    shape = (side, 64, 3)
    output = jax.eval_shape(
        lambda: PatchDisc(features=(1,) * most).build(shape, 0, FLOAT32).init_with_output(
            jax.random.key(0), jnp.zeros((1, *shape)), None, train=False
        )[0]
    )  # fmt: skip
    assert output.logits.shape[1] > 0
    with pytest.raises(UserError, match=rf"no patch of .* {side}x64; set at most {most}, or"):
        PatchDisc(features=(1,) * (most + 1)).build(shape, 0, FLOAT32)


@pytest.mark.parametrize("name", ["patch", "stargan"])
def test_patches_have_no_features_of_the_batch_and_no_codes(name):
    with pytest.raises(UserError, match=rf"disc.name={name} .*; set disc.minibatch=none"):
        discriminator(name, minibatch="stddev")
    with pytest.raises(UserError, match=rf"disc.name={name} .* leave latents.categories"):
        discriminator(name, codes=CodeSizes((10,)))


def test_stargan_s_discriminator_without_classes_has_no_head_for_them():
    disc = discriminator("stargan", classes=0, conditioning="none")
    output, variables = disc.init_with_output(jax.random.key(0), picture(8), None, train=False)
    assert output.classes is None
    assert set(variables["params"]) == {"body", "logit"}
    with pytest.raises(UserError, match=r"disc.conditioning=classifier .*data.num_classes"):
        discriminator("stargan", classes=0)
