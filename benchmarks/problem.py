"""The problem that every peer is given, made by gan_jax."""

import pickle
from pathlib import Path

import jax
import numpy as np

import experiments
from benchmarks.peers import Problem
from gan_jax import keys
from gan_jax.config import flatten, override
from gan_jax.errors import UserError
from gan_jax.methods import GAN, gan
from gan_jax.methods import game as games


def configure(experiment: str, settings: list[str]) -> GAN:
    """An experiment's config with `section.field=value` changes, as launch.py's --set has them.

    Raises `UserError` as `experiments.load` and `override` do.
    """
    changes = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UserError(f"--set={setting} lacks a value; write --set=section.field=value.")
        changes[name] = value
    return override(experiments.load(experiment), changes)


def make(config: GAN, variant: str = "", device: str = "cpu") -> Problem:
    """Initial weights by gan_jax, images by numpy: the time of a step does not depend on them."""
    game, size = games.make(config), config.train.batch_size
    state = jax.jit(lambda key: gan.init(game, key))(keys.root(0))
    weights = jax.device_get({"gen": state.gen.params, "disc": state.disc.params})
    stats = jax.device_get({"gen": state.gen.stats, "disc": state.disc.stats})
    random, data = np.random.default_rng(0), config.data
    shape = (data.height, data.width, data.channels)  # also of points, which have it 1x1x2
    images = random.uniform(-1, 1, (size, *shape)).astype(np.float32)
    labels = random.integers(0, max(1, data.num_classes), size).astype(np.int32)
    latents = game.draw_latents(_keys(keys.Purpose.LATENT, size))
    mix = jax.vmap(jax.random.uniform)(_keys(keys.Purpose.PENALTY, size))
    drawn = labels, *map(np.array, (latents, mix))
    return Problem(config, variant, device, weights, stats, images, *drawn)


def _keys(purpose: keys.Purpose, size: int) -> jax.Array:
    """The examples' keys in the first step of gan_jax."""
    return keys.per_example(keys.at_step(keys.root(0), purpose, 0), np.arange(size))


COMPARED = 16
"""The most images of a comparison, which therefore needs less memory than the steps to be timed."""


def for_comparison(problem: Problem) -> Problem:
    """The same problem without chance, on a few images and in float32, to compare first losses.

    Its weights are the initial ones but where these would hide a mistake.
    """
    config = problem.config
    plain = {
        "train.compute_dtype": "float32",
        "train.batch_size": min(COMPARED, config.train.batch_size),
        "gen.dropout_rate": 0.0,
        "disc.dropout_rate": 0.0,
        "data.flip": "none",
        "augment.name": "none",
    }
    known = flatten(config)
    changes = {name: value for name, value in plain.items() if name in known}
    few = {
        name: getattr(problem, name)[:COMPARED] for name in ("images", "labels", "latents", "mix")
    }
    weights = jax.tree_util.tree_map_with_path(_told_apart, problem.weights)
    return problem._replace(config=override(config, changes), weights=weights, **few)


def _told_apart(path: tuple, weight: np.ndarray) -> np.ndarray:
    """The weight, or another where it hides what a peer may have wrong: a kernel or an attention of
    zeros what comes before it, and equal rows of a conditional BatchNorm which is the label's."""
    name, noise = path[-1].key, np.random.default_rng(0).normal(0, 0.1, weight.shape)
    hides = name in ("kernel", "gamma") and not np.any(weight)
    rows = name in ("scale", "bias") and weight.ndim == 2
    return (weight + noise).astype(np.float32) if hides or rows else weight


def save(problem: Problem, path: Path) -> None:
    """Hands a problem to another process of this user."""
    path.write_bytes(pickle.dumps(problem))


def load(path: Path) -> Problem:
    return pickle.loads(path.read_bytes())
