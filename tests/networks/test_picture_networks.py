"""Networks that make pictures from pictures: their papers' sizes, what each sees and refuses."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_networks import SHAPE, condition, discriminator, gen_settings, generator

from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.method import LabelledSource
from gan_jax.networks import (
    CodeSizes,
    PatchDisc,
    SRCNNGen,
    SRGANDisc,
    SRResNetGen,
    StarGANDisc,
    StarGANGen,
    TranslatorGen,
    UNetGen,
)

FLOAT32 = jnp.dtype(jnp.float32)
GENS = ("srcnn", "srresnet", "stargan", "translator", "unet")
NO_LATENTS = jnp.zeros((2, 0))
PICTURES = jax.random.uniform(jax.random.key(3), (2, *SHAPE), minval=-1.0, maxval=1.0)


def picture(side, channels=3):
    return jnp.zeros((1, side, side, channels))


def shapes(settings, side, source, classes=0, channels=3):
    """The shapes of G's parameters for images of a side, from a source."""
    gen = settings.build((side, side, channels), classes, FLOAT32)
    z = jnp.zeros((1, 0))
    return jax.eval_shape(lambda: gen.init(jax.random.key(0), z, source, train=False))["params"]


def judged(settings, side, source=None, classes=0):
    """The shapes of D's output for images of a side, and of its parameters."""
    disc = settings.build((side, side, 3), classes, FLOAT32)
    x, key = picture(side), jax.random.key(0)
    output, variables = jax.eval_shape(lambda: disc.init_with_output(key, x, source, train=False))
    return output, variables["params"]


def count(params):
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))


def test_pix2pix_has_the_published_number_of_parameters():
    """54.414 M and 2.769 M, and 30x30 patches, at 256x256."""
    source = picture(256)
    assert count(shapes(UNetGen(), 256, source)) == 54_413_955
    output, params = judged(PatchDisc(conditioning="source"), 256, source)
    assert count(params) == 2_768_705
    assert output.logits.shape == (1, 30 * 30)
    assert output.features.shape == (1, 31 * 31 * 512)


def test_cyclegan_has_the_published_number_of_parameters():
    """11.378 M and 7.838 M. The authors' norm has no parameters, and they have biases before it,
    which it takes away; with a norm there are none here."""
    for side, blocks, published in ((256, 9, 11_378_179), (128, 6, 7_837_699)):
        source = picture(side)
        fields = {"blocks": blocks}
        assert count(shapes(TranslatorGen(norm="none", **fields), side, source)) == published
        biases = 2 * (64 + 128) + 256 + 2 * blocks * 256
        assert count(shapes(TranslatorGen(**fields), side, source)) == published - biases
        affine = count(shapes(TranslatorGen(norm="instance", **fields), side, source))
        assert affine == published + biases
    assert count(judged(PatchDisc(norm="none"), 256)[1]) == 2_764_737


def test_stargan_has_the_published_number_of_parameters():
    """8.431 M and 44.762 M for five classes, together the 53.2 M of the paper's table."""
    source = LabelledSource(picture(128), jnp.zeros(1, jnp.int32))
    assert count(shapes(StarGANGen(), 128, source, classes=5)) == 8_430_528
    output, params = judged(StarGANDisc(), 128, classes=5)
    assert count(params) == 44_762_048
    assert output.logits.shape == (1, 4)
    assert output.classes.shape == (1, 5)


def test_super_resolution_has_the_published_number_of_parameters():
    """1.55 M of SRResNet; 8,032 weights of SRCNN, beside which are biases; SRGAN's D by hand."""
    assert count(shapes(SRResNetGen(), 96, picture(24))) == 1_548_547
    params = shapes(SRCNNGen(), 96, picture(32, 1), channels=1)
    assert sum(int(np.prod(layer["kernel"].shape)) for layer in params.values()) == 8_032
    assert count(params) == 8_032 + 64 + 32 + 1
    widths = [3, 64, 64, 128, 128, 256, 256, 512, 512]
    convs = sum(9 * a * b + 2 * b for a, b in itertools.pairwise(widths)) - 64  # a bias first
    dense = 6 * 6 * 512 * 1024 + 1024 + 1024 + 1
    output, params = judged(SRGANDisc(), 96)
    assert count(params) == convs + dense == 23_563_649
    assert output.logits.shape == (1,)


@pytest.mark.parametrize(
    ("depth", "pixels"), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142), (5, 286)]
)
def test_a_patch_is_of_so_many_pixels(depth, pixels):
    """Those by which the logit of a patch in the middle has a gradient."""
    fields = (
        {"features": (1, 1), "kernel_size": 1} if depth == 0 else {"features": (1,) * (depth + 1)}
    )
    shape = (2 * pixels + 2**depth * 4, 2**depth * 4, 1)
    disc = PatchDisc(norm="none", kernel_stddev=1.0, **fields).build(shape, 0, FLOAT32)
    x = jax.random.normal(jax.random.key(1), (1, *shape))
    variables = disc.init(jax.random.key(0), x, None, train=False)

    def logits(x):
        return disc.apply(variables, x, None, train=False).logits[0]

    columns = shape[1] if depth == 0 else 2
    middle = len(logits(x)) // columns // 2 * columns
    gradient = jax.jit(jax.grad(lambda x: logits(x)[middle]))(x)
    rows = np.flatnonzero(np.abs(gradient[0, :, :, 0]).sum(axis=1))
    assert rows[-1] - rows[0] + 1 == pixels


def applied(gen, variables, source, latents=NO_LATENTS, train=False):
    return gen.apply(variables, latents, source, train=train, rngs={"dropout": jax.random.key(7)})


@pytest.mark.parametrize("name", GENS)
def test_generators_see_their_source_and_their_latents(name):
    """And no example another; without latents the first kernel has no channel for them."""
    fields = {"kernel_stddev": 0.5} if name != "stargan" else {}
    gen = generator(name, **fields | ({"norm": "batch"} if name == "translator" else {}))
    labels = jnp.array([1, 1], jnp.int32)

    def given(pictures):
        return LabelledSource(pictures, labels) if name == "stargan" else pictures

    variables = gen.init(jax.random.key(0), NO_LATENTS, given(PICTURES), train=False)
    images = applied(gen, variables, given(PICTURES))
    other = applied(gen, variables, given(PICTURES.at[1].set(-PICTURES[1])))
    np.testing.assert_array_equal(images[0], other[0])
    assert float(jnp.abs(images[1] - other[1]).max()) > 1e-4
    first = next(iter(variables["params"].values()))["kernel"]
    assert first.shape[2] == (4 if name == "stargan" else 1)
    z = jnp.array([[0.5, -1.0], [2.0, 1.0]])
    variables = gen.init(jax.random.key(0), z, given(PICTURES), train=False)
    same = given(jnp.repeat(PICTURES[:1], 2, axis=0))
    one, two = applied(gen, variables, same, z)
    assert float(jnp.abs(one - two).max()) > 1e-5
    first = next(iter(variables["params"].values()))["kernel"]
    assert first.shape[2] == (6 if name == "stargan" else 3)


@pytest.mark.parametrize("name", GENS)
def test_the_weights_of_a_generator_are_of_any_size(name):
    source = condition(name)
    larger = condition(name, shape=(16, 24, 1))
    sizes = (
        jax.tree.map(jnp.shape, jax.eval_shape(
            lambda s=s, shape=shape: generator(name, shape=shape).init(
                jax.random.key(0), NO_LATENTS, s, train=False
            )
        ))
        for s, shape in ((source, SHAPE), (larger, (16, 24, 1)))
    )  # fmt: skip
    assert next(sizes) == next(sizes)


def test_stargan_s_label_reaches_the_image_by_the_border_alone():
    """The norm takes away what a label adds to a whole map; with a border of zeros it is not whole.
    Of more than the border, since the norm divides by what the border is, too."""
    gen = generator("stargan", shape=(16, 16, 1))
    sources = jax.random.normal(jax.random.key(1), (2, 16, 16, 1)).at[1].set(0).at[0].set(0)
    source = LabelledSource(sources, jnp.array([0, 2]))
    variables = gen.init(jax.random.key(0), NO_LATENTS, source, train=False)
    one, two = applied(gen, variables, source)
    assert float(jnp.abs(one - two).max()) > 1e-3


def test_dropout_of_the_unet_is_noise_in_training_only():
    gen = generator("unet", features=(4, 4, 4), kernel_stddev=0.5)
    same = jnp.repeat(PICTURES[:1], 2, axis=0)
    variables = gen.init(jax.random.key(0), NO_LATENTS, same, train=False)
    train = collectives.alone(lambda: applied(gen, variables, same, train=True))()
    assert float(jnp.abs(train[0] - train[1]).max()) > 1e-2
    one, two = applied(gen, variables, same)
    np.testing.assert_array_equal(one, two)
    calm = generator("unet", features=(4, 4, 4), kernel_stddev=0.5, dropout_rate=0.0)
    np.testing.assert_array_equal(applied(calm, variables, same, train=True), (one, two))


def test_the_first_and_the_innermost_map_of_the_unet_have_no_norm():
    params = shapes(UNetGen(features=(4, 5, 6, 7)), 16, picture(16))
    norms = {name: leaf["scale"].shape for name, leaf in params.items() if "Norm" in name}
    assert list(norms.values()) == [(5,), (6,), (6,), (5,), (4,)]
    assert [name for name, leaf in params.items() if "bias" in leaf and "Norm" not in name] == [
        "ConvTranspose_3"
    ]


@pytest.mark.parametrize("name", ["patch", "srgan"])
def test_a_discriminator_sees_the_source_where_it_is_conditioned_on_it(name):
    """A smaller source as nearest neighbours; without conditioning, a source changes nothing."""
    small = PICTURES[:, ::2, ::4]
    near = small.repeat(2, axis=1).repeat(4, axis=2)
    disc = discriminator(name, conditioning="source", norm="instance", kernel_stddev=0.5)
    variables = disc.init(jax.random.key(0), PICTURES, small, train=False)
    of = {
        key: disc.apply(variables, PICTURES, source, train=False).logits
        for key, source in {"small": small, "near": near, "other": -near}.items()
    }
    np.testing.assert_array_equal(of["small"], of["near"])
    assert float(jnp.abs(of["near"] - of["other"]).max()) > 1e-4
    plain = discriminator(name, norm="instance")
    variables = plain.init(jax.random.key(0), PICTURES, None, train=False)
    one, other = (plain.apply(variables, PICTURES, c, train=False).logits for c in (None, near))
    np.testing.assert_array_equal(one, other)


def test_scales_start_as_spread_as_kernels_but_stargan_s():
    wide = UNetGen(features=(300, 300, 300)).build((8, 8, 1), 0, FLOAT32)
    source = jnp.zeros((1, 8, 8, 1))
    params = jax.jit(lambda: wide.init(jax.random.key(0), NO_LATENTS[:1], source, train=False))()
    scale = np.asarray(params["params"]["InstanceNorm_0"]["scale"])
    assert scale.mean() == pytest.approx(1, abs=0.005)  # 4 deviations of the mean of 300
    assert scale.std() == pytest.approx(0.02, rel=0.17)
    gen = generator("stargan")
    variables = gen.init(jax.random.key(0), NO_LATENTS, condition("stargan"), train=False)
    np.testing.assert_array_equal(variables["params"]["InstanceNorm_0"]["scale"], 1)


def test_stargan_s_kernels_start_as_pytorch_s():
    """U(-a, a) with a = 1 / sqrt(inputs); PyTorch takes a transposed kernel's inputs to be k k
    outputs."""
    gen = generator("stargan", features=(8, 16))
    params = gen.init(jax.random.key(0), NO_LATENTS, condition("stargan"), train=False)["params"]
    for name, inputs in (("Conv_0", 16 * 8), ("ConvTranspose_0", 16 * 8)):
        most = float(jnp.abs(params[name]["kernel"]).max())
        assert most == pytest.approx(inputs**-0.5, rel=0.02)
        assert most < inputs**-0.5


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


LABELS = jnp.zeros(1, jnp.int32)


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
    output, variables = disc.init_with_output(jax.random.key(0), PICTURES, None, train=False)
    assert output.classes is None
    assert set(variables["params"]) == {"body", "logit"}
    with pytest.raises(UserError, match=r"disc.conditioning=classifier .*data.num_classes"):
        discriminator("stargan", classes=0)


def test_srcnn_enlarges_by_pillow_s_bicubic():
    """With kernels that pass the middle channel of a middle pixel on."""
    from PIL import Image

    small = np.asarray(jax.random.uniform(jax.random.key(1), (4, 5)))
    expected = Image.fromarray(small, mode="F").resize((10, 12), Image.Resampling.BICUBIC)
    gen = generator("srcnn", features=(2,), shape=(12, 10, 1))
    source = jnp.asarray(small)[None, :, :, None]
    params = gen.init(jax.random.key(0), NO_LATENTS[:1], source, train=False)["params"]
    params = jax.tree.map(jnp.zeros_like, params)
    for name, sign in (("PaddedConv_0", (1, -1)), ("PaddedConv_1", (1, -1))):
        kernel = np.zeros(params[name]["kernel"].shape, np.float32)
        middle = len(kernel) // 2
        kernel[middle, middle] = np.reshape(sign, kernel.shape[2:])
        params[name]["kernel"] = jnp.asarray(kernel)  # relu(x) - relu(-x) is x
    found = gen.apply({"params": params}, NO_LATENTS[:1], source, train=False)
    np.testing.assert_allclose(found[0, :, :, 0], np.asarray(expected), rtol=1e-4, atol=1e-5)
