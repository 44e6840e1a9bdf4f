"""The layers of networks that make pictures from pictures, against their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import ops
from gan_jax.devices import collectives
from gan_jax.networks.layers import BatchNorm, InstanceNorm, PReLU
from gan_jax.networks.padding import PaddedConv, reflected
from gan_jax.networks.resampling import pixel_shuffle

MAPS = 2 + 3 * jax.random.normal(jax.random.key(0), (3, 6, 4, 5))


def spread_scales(key, shape, dtype=jnp.float32):
    return 1 + jnp.arange(shape[0], dtype=dtype) / 7


def test_instance_norm_is_batch_norm_in_training_of_each_picture_alone():
    own = InstanceNorm(epsilon=1e-3, scale_init=spread_scales)
    batch = BatchNorm(0.9, 1e-3, scale_init=spread_scales)

    def alone(picture):
        variables = batch.init(jax.random.key(0), picture, train=True)
        return batch.apply(variables, picture, train=True, mutable=["batch_stats"])[0]

    found, _ = own.init_with_output(jax.random.key(0), MAPS)
    for number in range(len(MAPS)):
        expected = collectives.alone(alone)(MAPS[number : number + 1])
        np.testing.assert_allclose(found[number], expected[0], rtol=1e-5, atol=2e-6)


def test_instance_norm_by_hand_and_without_scale_and_bias():
    found, variables = InstanceNorm(affine=False).init_with_output(jax.random.key(0), MAPS)
    whole = np.asarray(MAPS, np.float64)
    mean, var = whole.mean(axis=(1, 2), keepdims=True), whole.var(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, (whole - mean) / np.sqrt(var + 1e-5), rtol=1e-5, atol=2e-6)
    assert variables == {}


def test_instance_norm_of_almost_plain_pictures_far_from_zero():
    """Where the difference of large squares would be noise: 1e-3 in place of a variance of 1e-4."""
    x = 100 + MAPS / 300
    found, _ = InstanceNorm().init_with_output(jax.random.key(0), x)
    whole = np.asarray(x, np.float64)
    mean, var = whole.mean(axis=(1, 2), keepdims=True), whole.var(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, (whole - mean) / np.sqrt(var + 1e-5), atol=5e-3)


def test_instance_norm_keeps_float32_statistics_in_bfloat16():
    norm = InstanceNorm(dtype=jnp.bfloat16)
    x = (200 + MAPS).astype(jnp.bfloat16)
    found, variables = norm.init_with_output(jax.random.key(0), x)
    assert found.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}
    whole = np.asarray(x, np.float64)
    mean, var = whole.mean(axis=(1, 2), keepdims=True), whole.var(axis=(1, 2), keepdims=True)
    expected = (whole - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(np.asarray(found, np.float64), expected, rtol=2**-8, atol=1e-6)


def test_prelu_has_a_slope_for_each_channel():
    x = jnp.array([[-2.0, -2.0, 0.0], [3.0, -0.5, 1.0]])
    params = {"slope": jnp.array([0.5, -1.0, 2.0])}
    found = PReLU().apply({"params": params}, x)
    np.testing.assert_array_equal(found, [[-1.0, 2.0, 0.0], [3.0, 0.5, 1.0]])
    started = PReLU().init(jax.random.key(0), x)["params"]["slope"]
    np.testing.assert_array_equal(started, [0.25] * 3)


@pytest.mark.parametrize(("ratio", "channels"), [(2, 3), (3, 1), (1, 2)])
def test_the_pixel_shuffle_is_equation_4(ratio, channels):
    """PS(T)[x, y, c] = T[x // r, y // r, C r mod(y, r) + C mod(x, r) + c], from 0."""
    height, width = 2, 3
    t = np.arange(2 * height * width * ratio**2 * channels, dtype=np.float32)
    t = t.reshape(2, height, width, ratio**2 * channels)
    expected = np.empty((2, ratio * height, ratio * width, channels), np.float32)
    for x in range(ratio * height):
        for y in range(ratio * width):
            for c in range(channels):
                at = channels * ratio * (y % ratio) + channels * (x % ratio) + c
                expected[:, x, y, c] = t[:, x // ratio, y // ratio, at]
    np.testing.assert_array_equal(pixel_shuffle(jnp.asarray(t), ratio), expected)


@pytest.mark.parametrize("width", [0, 1, 3])
def test_reflected_is_numpy_s_reflect(width):
    pads = ((0, 0), (width, width), (width, width), (0, 0))
    expected = np.pad(np.asarray(MAPS), pads, mode="reflect")
    np.testing.assert_array_equal(reflected(MAPS, width), expected)


def test_a_map_without_that_many_pixels_has_no_mirror_image():
    with pytest.raises(ValueError, match="maps of 6x4 have no 4 pixels to mirror"):
        reflected(MAPS, 4)


@pytest.mark.parametrize("reflect", [False, True])
@pytest.mark.parametrize(("size", "padding"), [(3, 1), (4, 1), (7, 3), (1, 0)])
@pytest.mark.parametrize("features", [1, 5])
def test_a_padded_convolution_is_one_of_the_padded_map(features, size, padding, reflect):
    """Also where one channel is made from many, and so are its gradients."""
    if size == 4 and reflect:
        pytest.skip("no network has it")
    layer = PaddedConv(features, size, padding=padding, reflect=reflect)
    params = layer.init(jax.random.key(1), MAPS)["params"]
    params["bias"] += 0.5
    pads = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    mode = "reflect" if reflect else "constant"

    def plain(params, x):
        y = ops.conv(jnp.pad(x, pads, mode=mode), params["kernel"], 1, "VALID")
        return y + params["bias"][None, None, None]

    def own(params, x):
        return layer.apply({"params": params}, x)

    np.testing.assert_allclose(own(params, MAPS), plain(params, MAPS), rtol=1e-4, atol=1e-4)
    found, expected = (
        jax.grad(lambda params, x, f=f: (f(params, x) ** 2).sum(), (0, 1))(params, MAPS)
        for f in (own, plain)
    )
    for a, b in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * float(jnp.abs(b).max()))
