"""The networks: their sizes by hand, where labels enter, where weights start, what is refused."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import experiments
from gan_jax import networks, ops
from gan_jax.config import Network, override
from gan_jax.errors import UserError
from gan_jax.networks import parts, resampling, upsampling

GEN, DISC = networks.generator, networks.discriminator


def started(config, make):
    """A network and its variables, or with `jax.eval_shape` their shapes."""
    data, network = config.data, make(config)
    shape = (config.latents.dimension,) if make is GEN else (data.height, data.width, data.channels)
    x, labels = jnp.zeros((1, *shape)), jnp.zeros(1, jnp.int32)
    return network, lambda key=0: network.init(jax.random.key(key), x, labels, train=False)


def shapes(name, make):
    return jax.eval_shape(started(experiments.load(name), make)[1])["params"]


def images_or_logits(output):
    return getattr(output, "logits", output)


def count(params):
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))


@pytest.fixture
def labelled(tiny):
    """The labelled pair on 8x8 digits, of 10 classes."""
    return override(tiny, {"data.num_classes": 10, "disc.dropout_rate": 0.0,
                           "gen.name": "dcgan_labelled", "gen.features": (7, 6, 5),
                           "disc.name": "dcgan_labelled", "disc.features": (5, 6, 7)})  # fmt: skip


@pytest.fixture
def enlarging(tiny):
    """keras-dcgan's pair on 16x16 images."""
    name = "dcgan_upsampling"
    return override(tiny, {"data.height": 16, "data.width": 16,
                           "disc.dropout_rate": 0.0, "disc.norm": "none",
                           "gen.name": name, "gen.features": (7, 6, 5),
                           "disc.name": name, "disc.features": (5, 6, 7)})  # fmt: skip


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
    assert count(shapes(name, GEN)) == sum(gen)
    assert count(shapes(name, DISC)) == sum(disc)


@pytest.mark.parametrize("make", [GEN, DISC])
def test_the_label_enters_every_layer(labelled, make):
    """Each kernel has 10 inputs more, last, and only those of the labels present matter."""
    network, init = started(labelled, make)
    variables = jax.jit(init)()
    labels = jnp.array([3, 7, 3], jnp.int32)
    shape = (3, 6) if make is GEN else (3, 8, 8, 1)
    x = jax.random.normal(jax.random.key(1), shape)

    def objective(params):
        out = network.apply({**variables, "params": params}, x, labels, train=False)
        return jnp.sum(images_or_logits(out) ** 2)

    grads = jax.jit(jax.grad(objective))(variables["params"])
    layers = grads if make is GEN else {**grads["body"], "logit": grads["logit"]}
    kernels = [layer["kernel"] for layer in layers.values() if "kernel" in layer]
    assert len(kernels) == 4
    for kernel in kernels:
        of_classes = np.abs(np.asarray(kernel)).sum(axis=(*range(kernel.ndim - 2), -1))[-10:]
        np.testing.assert_array_equal(np.flatnonzero(of_classes), [3, 7])


@pytest.mark.parametrize("make", [GEN, DISC])
def test_another_label_gives_another_output(labelled, make):
    network, init = started(labelled, make)
    variables = jax.jit(init)()
    x = jax.random.normal(jax.random.key(1), (1, 6) if make is GEN else (1, 8, 8, 1))
    x = jnp.repeat(x, 10, axis=0)
    out = images_or_logits(network.apply(variables, x, jnp.arange(10), train=False))
    assert len(np.unique(np.asarray(out).reshape(10, -1), axis=0)) == 10


def test_only_layers_without_batch_norm_have_a_bias(labelled, enlarging):
    enlarged = ["Dense_0", "EnlargedConv_0", "EnlargedConv_1"]
    for config, biased in ((labelled, ["ConvTranspose_1"]), (enlarging, enlarged)):
        params = jax.eval_shape(started(config, GEN)[1])["params"]
        assert sorted(name for name, layer in params.items() if "bias" in layer) == biased


@pytest.mark.parametrize(
    ("name", "make", "layers"),
    [
        ("dcgan_mnist", DISC, ["Conv_1", "Dense_0", "logit"]),
        ("dcgan_mnist", GEN, ["ConvTranspose_0", "Dense_0"]),
        ("dcgan_roses", GEN, ["ConvTranspose_2", "Dense_0"]),
        ("dcgan_roses", DISC, ["Conv_1", "logit"]),
    ],
)
def test_kernels_start_at_a_normal_distribution(name, make, layers):
    params = jax.jit(started(experiments.load(name), make)[1])()["params"]
    params |= params.pop("body", {})
    for layer in layers:
        kernel = np.asarray(params[layer]["kernel"])
        spread = 4 * 0.02 / np.sqrt(2 * kernel.size)  # four standard errors
        assert kernel.std() == pytest.approx(0.02, abs=spread)
        assert np.abs(kernel).max() > 0.05  # not truncated, not uniform


def test_kernels_of_keras_start_glorot_uniform():
    config = experiments.load("dcgan_mnist_keras")
    gen, disc = (jax.jit(started(config, make)[1])()["params"] for make in (GEN, DISC))
    for kernel, fans in (
        (gen["EnlargedConv_0"]["kernel"], 25 * (128 + 64)),
        (disc["body"]["Conv_1"]["kernel"], 25 * (64 + 128)),
        (gen["Dense_0"]["kernel"], 100 + 1024),
        (disc["body"]["Dense_0"]["kernel"], 3200 + 1024),
    ):
        limit = np.sqrt(6 / fans)
        assert np.abs(kernel).max() == pytest.approx(limit, rel=1e-3)
        assert np.std(kernel) == pytest.approx(limit / np.sqrt(3), rel=1e-2)


@pytest.mark.parametrize("taps", [3, 4, 5])
def test_a_convolution_of_an_enlarged_image_is_computed_on_the_small_one(taps):
    x = jax.random.normal(jax.random.key(0), (2, 3, 4, 3))
    kernel = jax.random.normal(jax.random.key(1), (taps, taps, 3, 2))
    expected = ops.conv(x.repeat(2, axis=1).repeat(2, axis=2), kernel, 1, "SAME")
    np.testing.assert_allclose(resampling.enlarged_conv(x, kernel), expected, atol=1e-5)


def test_the_last_map_is_flattened_added_up_or_averaged():
    x = jnp.arange(12.0).reshape(1, 2, 3, 2)
    found = {how: parts.pooled(Network(pooling=how), x)[0] for how in ("flatten", "sum", "mean")}
    np.testing.assert_array_equal(found["flatten"], np.arange(12))
    np.testing.assert_array_equal(found["sum"], [30, 36])
    np.testing.assert_array_equal(found["mean"], [5, 6])


def test_max_pooling_by_hand_and_with_an_odd_side():
    x = jnp.array([[1.0, 5, 2, 9], [3, 4, 8, 7], [99, 0, 0, 0]]).reshape(1, 3, 4, 1)
    np.testing.assert_array_equal(upsampling.max_pool(x)[0, :, :, 0], [[5, 9]])
    x = jax.random.normal(jax.random.key(0), (2, 7, 6, 3))
    np.testing.assert_array_equal(upsampling.max_pool(x), nn.max_pool(x, (2, 2), (2, 2)))


@pytest.mark.parametrize(("height", "width", "channels"), [(48, 32, 3), (16, 80, 1)])
def test_any_sides_that_the_strides_divide(height, width, channels):
    changes = {"data.height": height, "data.width": width, "data.channels": channels}
    changes |= {"gen.features": (4,) * 4, "disc.features": (4,) * 4}
    config = override(experiments.load("dcgan_folder"), changes)
    gen, init = started(config, GEN)
    image = jax.eval_shape(
        lambda: gen.apply(init(), jnp.zeros((2, 100)), jnp.zeros(2, jnp.int32), train=False)
    )
    assert image.shape == (2, height, width, channels)
    disc = jax.eval_shape(started(config, DISC)[1])["params"]
    assert disc["logit"]["kernel"].shape == (height // 16 * (width // 16) * 4, 1)


def test_sides_that_the_strides_do_not_divide_name_the_nearest():
    config = override(experiments.load("dcgan_folder"), {"data.height": 50})
    with pytest.raises(UserError, match=r"multiple of 16.*set data\.height=48"):
        GEN(config)


@pytest.mark.parametrize("part", ["gen", "disc"])
def test_what_the_pairs_refuse(labelled, enlarging, part):
    make = {"gen": GEN, "disc": DISC}[part]
    with pytest.raises(UserError, match=r"set data\.num_classes"):
        make(override(labelled, {"data.num_classes": 0}))
    for config in (labelled, enlarging):
        with pytest.raises(UserError, match=rf"needs two {part}\.features"):
            make(override(config, {f"{part}.features": (4,)}))


def test_an_image_too_small_for_whole_windows_is_refused(enlarging):
    """8 pools to 4, which has no window of 5 taps."""
    with pytest.raises(UserError, match=r"data\.height=8 is too small"):
        DISC(override(enlarging, {"data.height": 8, "data.width": 8}))
