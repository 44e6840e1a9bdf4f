"""Latents whose image comes near to what is asked of it, by Adam through the generator.

Adam moves normal quantiles of the latents, so that they stay where the prior has them. iGAN (Zhu et
al. 2016, arXiv 1609.03552) does the same by tanh, which is of another slope. Categorical codes stay
as they start: a step cannot change a class.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from tqdm import tqdm

from gan_jax.devices import chunks
from gan_jax.method import Inputs, num_examples, take
from gan_jax.methods import Config, Method
from gan_jax.networks import latents
from gan_jax.networks.latents import Latents, Uniform
from gan_jax.run.runs import Run

STEPS, RATE = 200, 0.1
"""Of Adam with iGAN's rate, here decayed to 0 along a cosine."""


class Goal(NamedTuple):
    """What is asked of images: arrays [n, ...], one row each."""

    start: Inputs  # latents [n, d] to begin with, and the condition, which stays
    target: Any  # stored pictures [n, h, w, c]
    mask: Any  # float32 [n, h, w, 1], how much each pixel counts
    anchor: Any  # latents [n, d] not to go far from
    pull: Any  # float32 [n], the weight of the mean squared distance from there


class Found(NamedTuple):
    latents: Any  # float32 [n, d]
    loss: Any  # float32 [n]


def search(run: Run, goal: Goal, said: str) -> Found:
    """The latents with the lowest loss on the way of each start, its start among them.

    The loss is the mean squared error over the pixels in [-1, 1], weighted by the mask, plus `pull`
    times the mean squared distance of the latents from their anchor. `said` is what the progress
    bar says.
    """
    stream = _compiled(run.config, run.method)
    goal = jax.tree.map(np.asarray, goal)
    count, most = num_examples(goal), chunks.CHUNK * jax.local_device_count()
    parts: list[Found] = []
    with tqdm(total=count, desc=said, disable=None, leave=False) as bar:
        for first in range(0, count, most):
            part = take(goal, slice(first, first + most))
            parts += stream(run.state, *chunks.of_arrays(part))
            bar.update(num_examples(part))
    return Found(*map(np.concatenate, zip(*parts, strict=True)))


def best(found: Found, starts: int) -> np.ndarray:
    """Of every `starts` rows that were found for one picture the number of the best: int [n]."""
    loss = found.loss.reshape(-1, starts)
    return np.arange(len(loss)) * starts + loss.argmin(axis=1)


@functools.lru_cache(maxsize=2)
def _compiled(config: Config, method: Method) -> chunks.Stream:
    kind, optimizer = config.data.kind, optax.adam(optax.cosine_decay_schedule(RATE, STEPS))

    def search(state: Any, goal: Goal) -> Found:
        target = kind.to_model(goal.target)
        pixels = target.shape[-1] * goal.mask.sum((1, 2, 3))

        def objective(u: jax.Array) -> tuple[jax.Array, Found]:
            z = _latents(config.latents, u, goal.start.latents)
            made = method.sample(state, goal.start._replace(latents=z), True)["image"]
            error = (jnp.square(made - target) * goal.mask).sum((1, 2, 3)) / pixels
            loss = error + goal.pull * jnp.square(z - goal.anchor).mean(axis=1)
            return loss.sum(), Found(z, loss)

        def descend(carry: Any, _: None) -> tuple[Any, None]:
            u, opt, best = carry
            grads, now = jax.grad(objective, has_aux=True)(u)
            better = now.loss < best.loss
            z = jnp.where(better[:, None], now.latents, best.latents)
            best = Found(z, jnp.where(better, now.loss, best.loss))
            updates, opt = optimizer.update(grads, opt)
            return (optax.apply_updates(u, updates), opt, best), None

        u = _quantiles(config.latents, goal.start.latents)
        none = Found(goal.start.latents, jnp.full(len(u), jnp.inf))
        return jax.lax.scan(descend, (u, optimizer.init(u), none), length=STEPS)[0][2]

    return chunks.streamer(search)


def _latents(config: Latents, u: jax.Array, start: jax.Array) -> jax.Array:
    """Latents [n, d] of normal quantiles [n, d]; categorical codes are those of the start."""
    first, last = config.dimension, latents.size(config) - config.continuous
    parts = (
        config.from_normal(u[:, :first]),
        start[:, first:last],
        Uniform().from_normal(u[:, last:]),
    )
    return jnp.concatenate(parts, axis=1)


def _quantiles(config: Latents, z: jax.Array) -> jax.Array:
    """The inverse of `_latents`, with zeros in place of categorical codes."""
    first, last = config.dimension, latents.size(config) - config.continuous
    codes = Uniform().to_normal(z[:, last:])
    return jnp.concatenate(
        [config.to_normal(z[:, :first]), jnp.zeros_like(z[:, first:last]), codes], axis=1
    )
