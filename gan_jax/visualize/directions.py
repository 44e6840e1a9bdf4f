"""Directions of the latents that move the first layer of G most, without labels.

sefa: eigenvectors of A^T A, where A is the kernel of the first layer (Shen and Zhou 2021, arXiv
2007.06600; their code scales A's rows to length 1 first).

ganspace: principal axes of what the second layer sees of draws of one class, mapped back to the
latents by regression (Härkönen et al. 2020, arXiv 2004.02546). The first layer itself is linear,
and its principal axes would be SeFa's.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.devices import chunks
from gan_jax.method import Inputs
from gan_jax.methods import Method
from gan_jax.run.runs import Run
from gan_jax.system import linalg
from gan_jax.visualize import subject
from gan_jax.visualize.options import NotForThisRun, Options

DRAWS = 4_096
"""Of latents, for the principal axes."""


class Seen(NamedTuple):
    first: jax.Array  # [n, ...], what the first layer makes of latents
    second: jax.Array  # [n, ...], what the second one is given


class Directions(NamedTuple):
    """of: (run, options, the inputs of one sample, how many) -> unit vectors [count, noise]."""

    of: Callable[[Run, Options, Inputs, int], np.ndarray]
    said: str


def sefa(run: Run, options: Options, one: Inputs, count: int) -> np.ndarray:
    """Orthonormal directions [count, noise], or as many as there are, the strongest first."""
    noise = run.config.latents.dimension
    _checked(run, one)
    points = jnp.concatenate([jnp.zeros((1, noise)), jnp.eye(noise)])
    inputs = _with_noise(one, points)
    made = jax.jit(lambda state: _rows(_seen(run.method, state, inputs).first))(run.state)
    kernel = np.asarray(made[1:] - made[:1], np.float64)  # [noise, k]: the layer is affine
    return _signed(linalg.eigh(kernel @ kernel.T)[1].T[::-1][:count])


def ganspace(run: Run, options: Options, one: Inputs, count: int) -> np.ndarray:
    """Directions [count, noise], or as many as there are, that of the most variance first."""
    from sklearn.decomposition import PCA

    noise = run.config.latents.dimension
    _checked(run, one)
    draws = subject.numbered(run, options, range(DRAWS)).latents[:, :noise]
    inputs = jax.tree.map(np.asarray, _with_noise(one, draws))
    stream = chunks.streamer(lambda state, part: _rows(_seen(run.method, state, part).second))
    seen = np.concatenate(list(stream(run.state, *chunks.of_arrays(inputs))))
    count = min(count, noise, seen.shape[1])
    scores = PCA(count, random_state=0).fit_transform(seen)
    z = np.asarray(draws, np.float64)
    found = linalg.least_squares(scores, z - z.mean(axis=0))
    return _signed(found / np.linalg.norm(found, axis=1, keepdims=True))


DIRECTIONS = {
    "ganspace": Directions(ganspace, "GANSpace's principal axes of G's first activations"),
    "sefa": Directions(sefa, "SeFa's eigenvectors of G's first kernel"),
}


def _checked(run: Run, one: Inputs) -> None:
    """Raises `NotForThisRun` for a G without layers that flax shows."""
    try:
        jax.eval_shape(lambda state: _seen(run.method, state, one), run.state)
    except IndexError:
        raise NotForThisRun(
            "--directions takes a G whose layers are Flax's (linen), two or more, and this run's "
            "is not; leave it out."
        ) from None


def _with_noise(one: Inputs, noise: jax.Array) -> Inputs:
    """The inputs of one sample with each of noises [n, noise] in place of its own."""
    codes = jnp.repeat(one.latents[:, noise.shape[1] :], len(noise), axis=0)
    return subject.spread(one, jnp.concatenate([noise, codes], axis=1))


def _seen(method: Method, state: Any, inputs: Inputs) -> Seen:
    """What the first two layers with a kernel make of inputs [n, d], and see."""
    given: list[jax.Array] = []
    made: list[jax.Array] = []

    def noted(call: Callable, args: Any, fields: Any, context: Any) -> Any:
        output = call(*args, **fields)
        if context.method_name == "__call__" and context.module.has_variable("params", "kernel"):
            given.append(args[0])
            made.append(output)
        return output

    with nn.intercept_methods(noted):
        method.sample(state, inputs, True)
    return Seen(made[0], given[1])


def _rows(x: jax.Array) -> jax.Array:
    return x.reshape(len(x), -1).astype(jnp.float32)


def _signed(vectors: np.ndarray) -> np.ndarray:
    """Vectors [n, d] whose largest entry is positive, since either sign would do."""
    largest = np.abs(vectors).argmax(axis=1)
    return vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
