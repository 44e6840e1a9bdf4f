"""Networks of papers: parameters as published or counted by hand, and what they are made of."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import ops
from gan_jax.errors import UserError
from gan_jax.networks import CodeSizes, r3gan
from gan_jax.networks import resampling as rs
from gan_jax.networks.autoencoder import InfoGANAutoencoderDisc
from gan_jax.networks.dcgan import DCGANDisc, DCGANGen
from gan_jax.networks.infogan import InfoGANDisc, InfoGANEncoderSettings, InfoGANGen
from gan_jax.networks.r3gan import R3GANDisc, R3GANGen
from gan_jax.networks.resnet import ResNetDisc, ResNetGen
from gan_jax.networks.sndcgan import SNDCGANDisc, SNDCGANGen

FLOAT32 = jnp.dtype(jnp.float32)


def count(network, x):
    """Parameters of a network for x, without computing any."""
    shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), x, None, train=False))
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(shapes["params"]))


def counts(gen, disc, shape=(32, 32, 3), latents=128):
    """Parameters of G and of D."""
    return (
        count(gen.build(shape, 0, FLOAT32), jnp.zeros((1, latents))),
        count(disc.build(shape, 0, FLOAT32), jnp.zeros((1, *shape))),
    )


def test_studiogan_s_dcgan_has_the_published_number_of_parameters():
    gen = SNDCGANGen(features=(512, 256, 128, 64), activation="relu")
    disc = SNDCGANDisc(features=(64, 128, 256, 512), activation="relu", pooling="sum")
    assert counts(gen, disc) == (3_812_355, 2_931_009)


def test_infogan_s_digits_by_hand():
    """The dense and the convolutional layers before a BatchNorm have its scale and bias."""
    gen = InfoGANGen(features=(1024, 128, 64), kernel_size=4)
    disc = InfoGANDisc(features=(64, 128, 1024), kernel_size=4)
    shape = (28, 28, 1)
    expected_gen = 62 * 1024 + 2 * 1024 + 1024 * 6272 + 2 * 6272
    expected_gen += 16 * 128 * 64 + 2 * 64 + 16 * 64 + 1
    expected_disc = 16 * 64 + 64 + 16 * 64 * 128 + 2 * 128 + 6272 * 1024 + 2 * 1024 + 1024 + 1
    assert counts(gen, disc, shape, 62) == (expected_gen, expected_disc)
    hidden, found = 1024 * 128 + 2 * 128, 128 * 12 + 12  # Q: ten classes and two means
    q = disc.build(shape, 0, FLOAT32, CodeSizes((10,), 2))
    assert count(q, jnp.zeros((1, *shape))) == expected_disc + hidden + found


def test_the_encoder_and_the_autoencoder_of_created_equal_by_hand():
    """arXiv 1711.10337: the discriminator's layers to twice 64 latents; and to a code of 64 and
    back, with the dense layer of the generator that its authors leave out."""
    shape, image = (28, 28, 1), jnp.zeros((1, 28, 28, 1))
    settings = InfoGANEncoderSettings(features=(64, 128, 1024), kernel_size=4)
    encoder = settings.build(shape, 64, FLOAT32)
    made = jax.eval_shape(lambda: encoder.init(jax.random.key(0), image, train=False))
    layers = 16 * 64 + 64 + 16 * 64 * 128 + 2 * 128 + 6272 * 1024 + 2 * 1024
    found = sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(made["params"]))
    assert found == layers + 2 * (1024 * 64 + 64)
    disc = InfoGANAutoencoderDisc(features=(64, 128, 64), kernel_size=4, norm="none")
    down = 16 * 64 + 64 + 16 * 64 * 128 + 128 + 6272 * 64 + 64
    up = 64 * 64 + 64 + 64 * 6272 + 6272 + 16 * 128 * 64 + 64 + 16 * 64 + 1
    assert count(disc.build(shape, 0, FLOAT32), image) == down + up


def conv(side, inputs, outputs):
    return side * side * inputs * outputs + outputs


def test_the_resnet_of_cifar_by_hand():
    """SNGAN's: 256 channels in G; 128 in D, of whose four blocks the first two halve."""
    gen = ResNetGen(features=(256,) * 4, kernel_size=3, activation="relu")
    disc = ResNetDisc(features=(128,) * 4, kernel_size=3, activation="relu", norm="none",
                      downsampling_blocks=2, pooling="sum", kernel_norm="spectral")  # fmt: skip
    up = 2 * 512 + 9 * 256 * 256 + conv(3, 256, 256) + conv(1, 256, 256)
    expected_gen = 129 * 4096 + 3 * up + 512 + conv(3, 256, 3)
    first = conv(3, 3, 128) + conv(3, 128, 128) + conv(1, 3, 128)
    second = 2 * conv(3, 128, 128) + conv(1, 128, 128)
    expected_disc = first + second + 2 * 2 * conv(3, 128, 128) + 129
    assert counts(gen, disc) == (expected_gen, expected_disc)


@pytest.mark.parametrize(
    ("size", "gen", "disc", "halving"),
    [
        (48, (512, 256, 128, 64), (64, 128, 256, 512, 1024), 4),
        (64, (1024, 512, 256, 128, 64), (64, 128, 256, 512, 1024), 0),
        (128, (1024, 1024, 512, 256, 128, 64), (64, 128, 256, 512, 1024, 1024), 5),
    ],
)
def test_the_resnet_at_other_sizes(size, gen, disc, halving):
    fields = {"kernel_size": 3, "norm": "none", "activation": "relu"}
    gen_net = ResNetGen(features=gen, attention=size // 2, **fields)
    disc_net = ResNetDisc(features=disc, downsampling_blocks=halving, pooling="sum", **fields)
    base = (size >> (len(gen) - 1)) ** 2 * gen[0]
    expected = 129 * base + conv(3, gen[-1], 3)
    for a, b in itertools.pairwise(gen):
        expected += conv(3, a, b) + conv(3, b, b) + conv(1, a, b)
    expected += 2 * gen[-2] * (gen[-2] // 8) + gen[-2] * gen[-2] + 1  # attention at half the size
    found_gen, found_disc = counts(gen_net, disc_net, (size, size, 3))
    assert found_gen == expected
    total = disc[-1] + 1
    for number, (a, b) in enumerate(zip((3, *disc[:-1]), disc, strict=True)):
        halved = number < (halving or len(disc))
        total += conv(3, a, b) + conv(3, b, b) + (conv(1, a, b) if halved or a != b else 0)
    assert found_disc == total


def test_r3gan_by_hand():
    """A block of c channels: two inverted bottlenecks' ends and 16 inputs for each of its 2c."""
    gen = R3GANGen(features=(64, 64, 32), kernel_size=3)
    disc = R3GANDisc(features=(32, 64, 64), kernel_size=3)

    def block(c):
        return c * 2 * c + 2 * c + 9 * 16 * 2 * c + 2 * c + 2 * c * c

    blocks = 4 * block(64) + 2 * block(32)
    expected_gen = 4 * 4 * 64 + 10 * 64 + blocks + 64 * 32 + 32 * 3
    expected_disc = 3 * 32 + blocks + 32 * 64 + 4 * 4 * 64 + 64 + 1
    assert counts(gen, disc, (16, 16, 3), 10) == (expected_gen, expected_disc)


def test_r3gan_starts_with_the_identity_in_its_blocks():
    settings = R3GANGen(kernel_size=3, features=(64, 128, 192, 256))  # of eight blocks
    x = jax.random.normal(jax.random.key(0), (2, 4, 4, 16))
    block = r3gan.blocks_of(settings, train=False, dtype=FLOAT32)()
    variables = block.init(jax.random.key(1), x)
    np.testing.assert_array_equal(block.apply(variables, x), x)
    kernel = np.asarray(variables["params"]["GroupedConv_0"]["kernel"])
    gain = np.sqrt(2 / 1.04) * 8**-0.25
    assert kernel.std() == pytest.approx(gain / np.sqrt(9 * 16), rel=0.05)


@pytest.mark.parametrize("side", [1, 3, 4, 5])
def test_a_pooled_convolution_is_a_convolution_and_means(side):
    x = jax.random.normal(jax.random.key(0), (2, 6, 8, 3))
    kernel = jax.random.normal(jax.random.key(1), (side, side, 3, 2))
    expected = rs.mean_pooled(ops.conv(x, kernel, 1, "SAME"))
    np.testing.assert_allclose(rs.pooled_conv(x, kernel), expected, rtol=1e-4, atol=1e-5)


def test_bilinear_resampling_by_hand_and_by_its_adjoint():
    line = jnp.array([4.0, 8.0]).reshape(1, 1, 2, 1)
    wide = rs.bilinear_up(line.repeat(2, axis=1))[0, 1, :, 0]  # a row of the middle: no zeros near
    np.testing.assert_allclose(wide, [3, 5, 7, 6])
    x, y = (jax.random.normal(jax.random.key(n), (1, s, 2 * s, 2)) for n, s in ((0, 4), (1, 2)))
    inner = (rs.bilinear_down(x) * y).sum()
    np.testing.assert_allclose(inner, (x * rs.bilinear_up(y)).sum() / 4, rtol=1e-4)


def test_attention_must_be_at_the_height_of_a_map():
    for kind, heights in ((ResNetGen, "32, 16"), (ResNetDisc, "16, 8, 4")):
        with pytest.raises(UserError, match=f"attention=5 .* {heights}, or 0"):
            kind(features=(8, 8, 8), attention=5).build((32, 32, 3), 0, FLOAT32)


@pytest.mark.parametrize(("height", "width", "channels"), [(16, 16, 4), (32, 64, 1), (256, 128, 3)])
@pytest.mark.parametrize("kernel_size", [4, 5])
def test_a_dcgan_of_any_size_that_the_strides_divide(height, width, channels, kernel_size):
    fields = {"features": (4, 4, 4), "kernel_size": kernel_size}
    gen, disc = (
        kind(**fields).build((height, width, channels), 0, FLOAT32)
        for kind in (DCGANGen, DCGANDisc)
    )

    def seen():
        z = jnp.zeros((2, 100))
        images = gen.init_with_output(jax.random.key(0), z, None, train=False)[0]
        return images, disc.init_with_output(jax.random.key(0), images, None, train=False)[0]

    images, output = jax.eval_shape(seen)
    assert images.shape == (2, height, width, channels)
    assert output.features.shape == (2, height * width // 64 * 4)
