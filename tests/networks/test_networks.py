"""The networks: their sizes by hand, where labels enter, where weights start, what is refused."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import experiments
from gan_jax import ops
from gan_jax.errors import UserError
from gan_jax.networks import DiscSettings, GenSettings, keras_dcgan, layers, resampling


def gen_of(config):
    """The generator of a recipe."""
    shape, dtype = config.data.kind.shape, jnp.dtype(config.train.compute_dtype)
    return config.gen.build(shape, config.data.num_classes, dtype)


def disc_of(config):
    """The discriminator of a recipe."""
    shape, dtype = config.data.kind.shape, jnp.dtype(config.train.compute_dtype)
    return config.disc.build(shape, config.data.num_classes, dtype)


FLOAT32 = jnp.dtype(jnp.float32)
LABELLED = {"gen": {"features": (7, 6, 5)}, "disc": {"features": (5, 6, 7)}}
"""`dcgan_labelled` on 8x8 digits, of 10 classes, and keras-dcgan's pair on 16x16 images."""


def labelled(part, classes=10, **fields):
    """A network of the labelled pair on 8x8 digits."""
    kind = {"gen": GenSettings, "disc": DiscSettings}[part].choices["dcgan_labelled"]
    return kind(**LABELLED[part] | fields).build((8, 8, 1), classes, FLOAT32)


def upsampling(part, size=16, **fields):
    """A network of keras-dcgan's pair on 16x16 images."""
    kind = {"gen": GenSettings, "disc": DiscSettings}[part].choices["dcgan_upsampling"]
    return kind(**LABELLED[part] | fields).build((size, size, 1), 0, FLOAT32)


def init(network, shape, key=0):
    """A network's variables."""
    x, labels = jnp.zeros((1, *shape)), jnp.zeros(1, jnp.int32)
    return network.init(jax.random.key(key), x, labels, train=False)


def of_recipe(config, make):
    """A function that draws the variables of a recipe's network."""
    data, network = config.data, make(config)
    shape = (
        (config.latents.dimension,) if make is gen_of else (data.height, data.width, data.channels)
    )
    return lambda: init(network, shape)


def shapes(name, make):
    return jax.eval_shape(of_recipe(experiments.load(name), make))["params"]


def images_or_logits(output):
    return getattr(output, "logits", output)


def count(params):
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(
    ("name", "gen", "disc"),
    [
        (  # every layer has 10 inputs more; scale and bias of BatchNorm, else a bias
            "dcgan_mnist",
            [110 * 1024 + 2 * 1024, 1034 * 6272 + 2 * 6272, 25 * 138 * 128 + 2 * 128, 25 * 138 + 1],
            [25 * 11 * 11 + 11, 25 * 21 * 74 + 2 * 74, 3636 * 1024 + 2 * 1024, 1034 + 1],
        ),
        (
            "dcgan_mnist_keras",
            [100 * 1024 + 1024, 1024 * 6272 + 2 * 6272, 25 * 128 * 64 + 64, 25 * 64 + 1],
            [25 * 64 + 64, 25 * 64 * 128 + 128, 5 * 5 * 128 * 1024 + 1024, 1024 + 1],
        ),
        (
            "dcgan_roses",
            [101 * 8192 + 2 * 512, 25 * 512 * 256 + 2 * 256, 25 * 256 * 128 + 2 * 128,
             25 * 128 * 64 + 2 * 64, 25 * 64 * 3 + 3],
            [25 * 3 * 64 + 64, 25 * 64 * 128 + 2 * 128, 25 * 128 * 256 + 2 * 256,
             25 * 256 * 512 + 2 * 512, 8192 + 1],
        ),
        (  # 48x48: a map of 3x3
            "dcgan_folder",
            [101 * 4608 + 2 * 512, 25 * 512 * 256 + 2 * 256, 25 * 256 * 128 + 2 * 128,
             25 * 128 * 64 + 2 * 64, 25 * 64 * 3 + 3],
            [25 * 3 * 64 + 64, 25 * 64 * 128 + 2 * 128, 25 * 128 * 256 + 2 * 256,
             25 * 256 * 512 + 2 * 512, 4608 + 1],
        ),
        (
            "dcgan_lsun",
            [101 * 16384 + 2 * 1024, 25 * 1024 * 512 + 2 * 512, 25 * 512 * 256 + 2 * 256,
             25 * 256 * 128 + 2 * 128, 25 * 128 * 3 + 3],
            [25 * 3 * 128 + 128, 25 * 128 * 256 + 2 * 256, 25 * 256 * 512 + 2 * 512,
             25 * 512 * 1024 + 2 * 1024, 16384 + 1],
        ),
    ],
)  # fmt: skip
def test_parameter_counts(name, gen, disc):
    """Counted by hand, layer by layer."""
    assert count(shapes(name, gen_of)) == sum(gen)
    assert count(shapes(name, disc_of)) == sum(disc)


@pytest.mark.parametrize("part", ["gen", "disc"])
def test_the_label_enters_every_layer(part):
    """Each kernel has 10 inputs more, last, and only those of the labels present matter."""
    network, shape = labelled(part), (6,) if part == "gen" else (8, 8, 1)
    variables = jax.jit(lambda: init(network, shape))()
    labels = jnp.array([3, 7, 3], jnp.int32)
    x = jax.random.normal(jax.random.key(1), (3, *shape))

    def objective(params):
        out = network.apply({**variables, "params": params}, x, labels, train=False)
        return jnp.sum(images_or_logits(out) ** 2)

    grads = jax.jit(jax.grad(objective))(variables["params"])
    found = grads if part == "gen" else {**grads["body"], "logit": grads["logit"]}
    kernels = [layer["kernel"] for layer in found.values() if "kernel" in layer]
    assert len(kernels) == 4
    for kernel in kernels:
        of_classes = np.abs(np.asarray(kernel)).sum(axis=(*range(kernel.ndim - 2), -1))[-10:]
        np.testing.assert_array_equal(np.flatnonzero(of_classes), [3, 7])


@pytest.mark.parametrize("part", ["gen", "disc"])
def test_another_label_gives_another_output(part):
    network, shape = labelled(part), (6,) if part == "gen" else (8, 8, 1)
    variables = jax.jit(lambda: init(network, shape))()
    x = jax.random.normal(jax.random.key(1), (1, *shape))
    x = jnp.repeat(x, 10, axis=0)
    out = images_or_logits(network.apply(variables, x, jnp.arange(10), train=False))
    assert len(np.unique(np.asarray(out).reshape(10, -1), axis=0)) == 10


def test_only_layers_without_batch_norm_have_a_bias():
    upsampled = ["Dense_0", "EnlargedConv_0", "EnlargedConv_1"]
    for gen, biased in ((labelled("gen"), ["ConvTranspose_1"]), (upsampling("gen"), upsampled)):
        params = jax.eval_shape(lambda gen=gen: init(gen, (6,)))["params"]
        assert sorted(name for name, layer in params.items() if "bias" in layer) == biased


@pytest.mark.parametrize(
    ("name", "make", "names"),
    [
        ("dcgan_mnist", disc_of, ["Conv_1", "Dense_0", "logit"]),
        ("dcgan_mnist", gen_of, ["ConvTranspose_0", "Dense_0"]),
        ("dcgan_roses", gen_of, ["ConvTranspose_2", "Dense_0"]),
        ("dcgan_roses", disc_of, ["Conv_1", "logit"]),
    ],
)
def test_kernels_start_at_a_normal_distribution(name, make, names):
    params = jax.jit(of_recipe(experiments.load(name), make))()["params"]
    params |= params.pop("body", {})
    for layer in names:
        kernel = np.asarray(params[layer]["kernel"])
        spread = 4 * 0.02 / np.sqrt(2 * kernel.size)  # four standard errors
        assert kernel.std() == pytest.approx(0.02, abs=spread)
        assert np.abs(kernel).max() > 0.05  # not truncated, not uniform


def test_kernels_of_keras_start_glorot_uniform():
    config = experiments.load("dcgan_mnist_keras")
    gen, disc = (jax.jit(of_recipe(config, make))()["params"] for make in (gen_of, disc_of))
    for kernel, fans in (
        (gen["EnlargedConv_0"]["kernel"], 25 * (128 + 64)),
        (disc["body"]["Conv_1"]["kernel"], 25 * (64 + 128)),
        (gen["Dense_0"]["kernel"], 100 + 1024),
        (disc["body"]["Dense_0"]["kernel"], 3200 + 1024),
    ):
        limit = np.sqrt(6 / fans)
        assert np.abs(kernel).max() == pytest.approx(limit, rel=1e-3)
        assert np.std(kernel) == pytest.approx(limit / np.sqrt(3), rel=1e-2)


@pytest.mark.parametrize("side", [3, 4, 5])
def test_a_convolution_of_an_upsampled_image_is_computed_on_the_small_one(side):
    x = jax.random.normal(jax.random.key(0), (2, 3, 4, 3))
    kernel = jax.random.normal(jax.random.key(1), (side, side, 3, 2))
    expected = ops.conv(x.repeat(2, axis=1).repeat(2, axis=2), kernel, 1, "SAME")
    np.testing.assert_allclose(resampling.upsample_conv(x, kernel), expected, atol=1e-5)


def test_the_last_map_is_flattened_added_up_or_averaged():
    x = jnp.arange(12.0).reshape(1, 2, 3, 2)
    found = {how: layers.pooled(x, how)[0] for how in ("flatten", "sum", "mean")}
    np.testing.assert_array_equal(found["flatten"], np.arange(12))
    np.testing.assert_array_equal(found["sum"], [30, 36])
    np.testing.assert_array_equal(found["mean"], [5, 6])


def test_max_pooling_by_hand_and_with_an_odd_side():
    x = jnp.array([[1.0, 5, 2, 9], [3, 4, 8, 7], [99, 0, 0, 0]]).reshape(1, 3, 4, 1)
    np.testing.assert_array_equal(keras_dcgan.max_pool(x)[0, :, :, 0], [[5, 9]])
    x = jax.random.normal(jax.random.key(0), (2, 7, 6, 3))
    np.testing.assert_array_equal(keras_dcgan.max_pool(x), nn.max_pool(x, (2, 2), (2, 2)))


@pytest.mark.parametrize(("height", "width", "channels"), [(48, 32, 3), (16, 80, 1)])
def test_any_sides_that_the_strides_divide(height, width, channels):
    shape, fields = (height, width, channels), {"features": (4,) * 4}
    gen = GenSettings.choices["dcgan_normal"](**fields).build(shape, 0, FLOAT32)
    image = jax.eval_shape(
        lambda: gen.apply(init(gen, (100,)), jnp.zeros((2, 100)), None, train=False)
    )
    assert image.shape == (2, height, width, channels)
    disc = DiscSettings.choices["dcgan_normal"](**fields).build(shape, 0, FLOAT32)
    params = jax.eval_shape(lambda: init(disc, shape))["params"]
    assert params["logit"]["kernel"].shape == (height // 16 * (width // 16) * 4, 1)


def test_sides_that_the_strides_do_not_divide_name_the_nearest():
    settings = GenSettings.choices["dcgan"](features=(4,) * 4)
    with pytest.raises(UserError, match=r"multiple of 16.*set data\.height=48"):
        settings.build((50, 48, 3), 0, FLOAT32)


@pytest.mark.parametrize("part", ["gen", "disc"])
def test_what_the_pairs_refuse(part):
    with pytest.raises(UserError, match=r"set data\.num_classes"):
        labelled(part, classes=0)
    for make in (labelled, upsampling):
        with pytest.raises(UserError, match=rf"needs two {part}\.features"):
            make(part, features=(4,))


def test_an_image_too_small_for_whole_windows_is_refused():
    """8 pools to 4, which has no window of 5x5 pixels."""
    with pytest.raises(UserError, match=r"data\.height=8 is too small"):
        upsampling("disc", size=8)
