"""Directions of the latents, on generators whose answers are known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import test_visualize
from conftest import tiny_config
from test_visualize import by_hand, draw

from gan_jax import keys, methods
from gan_jax.errors import UserError
from gan_jax.networks import MLPGen, Normal, Uniform, latents
from gan_jax.run.runs import Run
from gan_jax.visualize import NotForThisRun, Options, subject
from gan_jax.visualize.directions import ganspace, sefa
from gan_jax.visualize.sweep import along

shown = test_visualize.shown


def dense(tmp_path, kernel, bias, prior, slope, **fields) -> Run:
    """A run of a G of two dense layers, the first of which has this kernel [d, k] and bias."""
    gen = MLPGen(features=(kernel.shape[1],), norm="none", negative_slope=slope, **fields)
    config = dataclasses.replace(tiny_config(), latents=prior, gen=gen)
    if fields:
        config = dataclasses.replace(config, data=dataclasses.replace(config.data, num_classes=3))
    method = methods.make(config)
    state = jax.jit(method.init)(jax.random.key(0))

    def given(path, leaf):
        found = {"kernel": kernel, "bias": bias}.get(path[-1].key)
        return (
            leaf if found is None or leaf.shape != found.shape else jnp.asarray(found, leaf.dtype)
        )

    ema = state.ema._replace(params=jax.tree_util.tree_map_with_path(given, state.ema.params))
    return Run(tmp_path, config, method, 3, state._replace(ema=ema))


def first(run):
    return subject.numbered(run, Options(), [1])


@pytest.mark.parametrize("conditional", [False, True])
def test_sefa_has_the_eigenvectors_of_the_first_kernel(tmp_path, conditional):
    """Of the rows of the noise alone, where a class is concatenated to it."""
    kernel = np.random.default_rng(1).normal(size=(7 if conditional else 4, 5))
    fields = {"conditioning": "embedding"} if conditional else {}
    run = dense(tmp_path, kernel, np.ones(5), Uniform(4), 0.2, **fields)
    found = sefa(run, Options(), first(run), 3)
    assert found.shape == (3, 4)
    np.testing.assert_allclose(found @ found.T, np.eye(3), atol=1e-6)
    left, lengths, _ = np.linalg.svd(kernel[:4])
    for vector, known, length in zip(found, left.T, lengths, strict=False):
        np.testing.assert_allclose(
            kernel[:4] @ kernel[:4].T @ vector, length**2 * vector, atol=1e-4
        )
        np.testing.assert_allclose(np.abs(vector @ known), 1, atol=1e-6)
        assert vector[np.abs(vector).argmax()] > 0


def test_the_principal_axes_of_a_linear_g_are_its_singular_vectors(tmp_path):
    rng = np.random.default_rng(2)
    (left, _), (right, _) = (np.linalg.qr(rng.normal(size=(n, n))) for n in (3, 6))
    kernel = left @ np.diag([4.0, 2, 1]) @ right[:3]
    run = dense(tmp_path, kernel, np.full(6, 9.0), Uniform(3), 1.0)
    found = ganspace(run, Options(), first(run), 10)
    assert found.shape == (3, 3)
    for vector, known in zip(found, left.T, strict=True):
        np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-6)
        assert np.abs(vector @ known) > 0.998


def test_principal_axes_are_of_what_the_second_layer_sees(tmp_path):
    """A unit that is never above 0 has the largest kernel, and with ReLU no effect."""
    kernel, bias = np.array([[50.0, 0], [0, 1]]), np.array([-1000.0, 9])
    run = dense(tmp_path, kernel, bias, Normal(2), 0.0)
    np.testing.assert_allclose(sefa(run, Options(), first(run), 1)[0], [1, 0], atol=1e-6)
    found = ganspace(run, Options(), first(run), 1)[0]
    np.testing.assert_allclose(found, [0, 1], atol=0.05)


def test_the_layers_of_a_convolutional_g_are_found_as_well(tmp_path):
    config = tiny_config()
    method = methods.make(config)
    run = Run(tmp_path, config, method, 0, jax.jit(method.init)(jax.random.key(0)))
    kernel = np.asarray(run.state.ema.params["Dense_0"]["kernel"])
    found = sefa(run, Options(), first(run), 10)
    np.testing.assert_allclose(np.abs(found @ np.linalg.svd(kernel)[0]), np.eye(6), atol=1e-4)
    axes = ganspace(run, Options(), first(run), 2)
    np.testing.assert_allclose(np.linalg.norm(axes, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("prior", [Normal(3), Uniform(3)])
def test_the_deviation_is_that_of_draws(prior):
    z = latents.sampler(prior)(keys.per_example(keys.root(0), jnp.arange(4_000)))
    np.testing.assert_allclose(z.std(), prior.deviation, rtol=0.02)


def test_the_way_along_a_direction_is_in_deviations_and_stays_in_the_prior():
    ways, values = jnp.array([[0.6, -0.8], [1.0, 0.0]]), jnp.array([-3.0, 0.0, 1.0])
    z = jnp.array([0.5, 0.25])
    found = along(Normal(2), ways, z, values)
    assert found.shape == (2, 3, 2)
    np.testing.assert_allclose(found[0], [[-1.3, 2.65], [0.5, 0.25], [1.1, -0.55]], atol=1e-6)
    coded = Uniform(2, categories=(2,))
    moved = along(coded, ways, jnp.array([0.5, 0.25, 0, 1]), values)
    np.testing.assert_allclose(moved[1, 0], [-1, 0.25, 0, 1], atol=1e-5)
    np.testing.assert_allclose(moved[0, 2, 0], 0.5 + 0.6 / np.sqrt(3), atol=1e-5)
    assert (jnp.abs(moved[:, :, :2]) <= 1).all()


def test_a_sweep_goes_along_the_directions_of_one_sample(tmp_path, shown):
    kernel = np.random.default_rng(1).normal(size=(2, 5))
    run = dense(tmp_path, kernel, np.ones(5), Normal(2), 0.2)
    written = draw("sweep", run, tmp_path, directions="sefa", animate=True)
    names = ["sweep_sefa.png", "sweep_sefa.gif", *(f"sweep_sefa_{i:02d}.gif" for i in (1, 2))]
    assert [path.name for path in written] == names
    z, base = shown[0].latents, np.asarray(subject.numbered(run, Options(), [0]).latents[0])
    found = sefa(run, Options(), subject.numbered(run, Options(), [0]), 4)
    assert z.shape == (2, 11, 2)
    np.testing.assert_allclose(z[0, 0], base - 3 * found[0], atol=1e-5)
    np.testing.assert_allclose(z[1, 10], base + 3 * found[1], atol=1e-5)
    several = np.asarray(subject.numbered(run, Options(), range(4)).latents)
    np.testing.assert_allclose(shown[-1].latents[:, 16], several + 3 * found[1], atol=1e-5)


def test_directions_that_there_are_not_are_refused(tmp_path):
    run = by_hand(tmp_path)
    with pytest.raises(UserError, match="--directions='up' is unknown; choose one of ganspace, se"):
        draw("sweep", run, tmp_path, directions="up")
    for name in ("ganspace", "sefa"):
        with pytest.raises(NotForThisRun, match=r"--directions takes a G whose layers are Flax's"):
            draw("sweep", run, tmp_path, directions=name)
