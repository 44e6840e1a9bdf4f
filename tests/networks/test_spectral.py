"""Spectral normalisation: the estimate, its gradient and the vector it keeps."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import ops
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.method import Example
from gan_jax.methods import game as games
from gan_jax.methods import gan
from gan_jax.networks.resampling import PooledConv
from gan_jax.networks.spectral import SpectralNorm, power_iteration

INIT = {"kernel_init": nn.initializers.normal(0.7)}
LAYERS = {
    "dense": (lambda: nn.Dense(5, **INIT), (2, 7)),
    "convolution": (lambda: ops.Conv(5, 3, **INIT), (2, 4, 4, 3)),
    "transposed": (lambda: ops.ConvTranspose(5, 4, **INIT), (2, 4, 4, 3)),
    "pooled": (lambda: PooledConv(5, 3, **INIT), (2, 4, 4, 3)),
    "embedding": (lambda: nn.Embed(7, 5, embedding_init=nn.initializers.normal(0.7)), (2,)),
}


def made(name):
    """(the wrapped module, the plain one, an input, variables with the kernel's only path)."""
    make, shape = LAYERS[name]
    x = jax.random.normal(jax.random.key(1), shape)
    x = jnp.array([1, 4]) if name == "embedding" else x

    class Wrapped(nn.Module):
        @nn.compact
        def __call__(self, x, train):
            return SpectralNorm(make())(x, train)

    module = Wrapped()
    return module, make(), x, module.init(jax.random.key(0), x, train=True)


def kernel_of(params):
    (layer,) = params.values()
    return layer.get("kernel", layer.get("embedding"))


def steps(module, variables, x, count):
    update = jax.jit(lambda v: module.apply(v, x, train=True, mutable=["batch_stats"])[1])
    for _ in range(count):
        variables = variables | update(variables)
    return variables


@pytest.mark.parametrize("name", LAYERS)
def test_after_many_iterations_the_kernel_is_divided_by_the_svd_s_value(name):
    """And so the largest singular value of what the layer uses is 1; its bias stays."""
    module, plain, x, variables = made(name)
    matrix = np.asarray(kernel_of(variables["params"]))
    sigma = np.linalg.svd(matrix.reshape(-1, matrix.shape[-1]), compute_uv=False)
    variables = steps(module, variables, x, 60)
    (layer,) = variables["params"].values()
    divided = {key: value / sigma[0] if value.ndim > 1 else value for key, value in layer.items()}
    expected = plain.apply({"params": divided}, x)
    found = module.apply(variables, x, train=False)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_error_falls_by_the_squared_ratio_of_the_two_largest_values():
    """To the fourth power for sigma itself, as v and u each have half of the error."""
    left, right = (
        np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
        for seed, n in ((0, 5), (1, 3))
    )
    matrix = jnp.asarray(left[:, :3] @ np.diag([3.0, 2.0, 1.0]) @ right, jnp.float32)
    u, errors = jnp.asarray(right.sum(axis=0), jnp.float32), []
    for _ in range(8):
        sigma, u = power_iteration(matrix, u)
        errors.append(3 - float(sigma))
    ratios = np.array(errors[2:6]) / np.array(errors[1:5])
    np.testing.assert_allclose(ratios, (2 / 3) ** 4, rtol=0.1)


def test_the_gradient_has_no_part_along_the_kernel():
    """dL/dW = (G - <G, W / sigma> u v^T) / sigma, with u and v of the iteration held fixed."""
    kernel, g = (jax.random.normal(jax.random.key(n), (6, 4)) for n in (0, 1))
    u = jax.random.normal(jax.random.key(2), (4,))
    v = kernel @ u / np.linalg.norm(kernel @ u)
    new = kernel.T @ v / np.linalg.norm(kernel.T @ v)
    sigma = v @ kernel @ new
    expected = (g - (g * kernel).sum() / sigma * jnp.outer(v, new)) / sigma
    found = jax.grad(lambda w: (g * w / power_iteration(w, u)[0]).sum())(kernel)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_kernel_of_zeros_gives_zeros_and_finite_gradients_and_wakes_up():
    module, _, x, variables = made("dense")
    params = jax.tree.map(jnp.zeros_like, variables["params"])
    variables = steps(module, variables | {"params": params}, x, 2)

    def total(params):
        return (module.apply(variables | {"params": params}, x, train=False) ** 2).sum()

    assert float(total(params)) == 0
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(jax.grad(total)(params)))
    u = variables["batch_stats"]["SpectralNorm_0"]["u"]
    assert float(jnp.abs(u).max()) > 0  # it can still find a kernel that grows


def test_the_vector_changes_by_one_iteration_in_training_and_not_in_inference():
    module, _, x, variables = made("dense")
    u = variables["batch_stats"]["SpectralNorm_0"]["u"]
    _, same = module.apply(variables, x, train=False, mutable=["batch_stats"])
    np.testing.assert_array_equal(same["batch_stats"]["SpectralNorm_0"]["u"], u)
    after = steps(module, variables, x, 1)["batch_stats"]["SpectralNorm_0"]["u"]
    kernel = kernel_of(variables["params"])
    expected = kernel.T @ (kernel @ u)
    np.testing.assert_allclose(after, expected / np.linalg.norm(expected), rtol=1e-4, atol=1e-6)


def test_a_game_of_normalised_kernels_is_the_same_on_any_number_of_devices(tiny):
    """Both players: D's passes advance its vectors, and G's passes through D do not."""
    config = override(tiny, {"gen.kernel_norm": "spectral", "disc.kernel_norm": "spectral",
                             "train.disc_update": "joint"})  # fmt: skip
    game = games.make(config)
    state = jax.jit(lambda key: gan.init(game, key))(jax.random.key(0))
    images = jax.random.uniform(jax.random.key(9), (8, 8, 8, 1), minval=-1.0, maxval=1.0)

    def on(devices):
        shards = images.reshape(devices, -1, *images.shape[1:])
        batch = Example(shards, jnp.zeros(shards.shape[:2], jnp.int32))
        mapped = jax.vmap(
            lambda batch: gan.step(game, state, batch, jax.random.key(0))[0],
            out_axes=None,
            axis_name=collectives.AXIS,
        )
        return jax.jit(mapped)(batch)

    one, two = on(1), on(2)
    for a, b in ((one.disc.stats, two.disc.stats), (one.gen.stats, two.gen.stats)):
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)
    logit = state.disc.params["logit"]["kernel"][:, 0]  # one column: u is 1 or -1 for ever
    kernel = np.asarray(state.disc.params["body"]["Conv_0"]["kernel"]).reshape(-1, 4)
    u = np.asarray(state.disc.stats["body"]["SpectralNorm_0"]["u"])
    for _ in range(2):  # on real and on fake images
        u = kernel.T @ (kernel @ u)
    found = one.disc.stats["body"]["SpectralNorm_0"]["u"]
    np.testing.assert_allclose(found, u / np.linalg.norm(u), rtol=1e-4, atol=1e-5)
    assert logit.shape == (4 * 8,)
