"""The problem that every peer is given, made by gan_jax."""

import pickle
from pathlib import Path

import jax
import numpy as np

import experiments
from benchmarks.peers import Problem
from gan_jax import keys
from gan_jax.config import override
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
    random, data = np.random.default_rng(0), config.data
    shape = (data.height, data.width, data.channels)  # also of points, which have it 1x1x2
    images = random.uniform(-1, 1, (size, *shape)).astype(np.float32)
    latents = game.draw_latents(_keys(keys.Purpose.LATENT, size))
    mix = jax.vmap(jax.random.uniform)(_keys(keys.Purpose.PENALTY, size))
    return Problem(config, variant, device, weights, images, *map(np.array, (latents, mix)))


def _keys(purpose: keys.Purpose, size: int) -> jax.Array:
    """The examples' keys in the first step of gan_jax."""
    return keys.per_example(keys.at_step(keys.root(0), purpose, 0), np.arange(size))


def for_comparison(problem: Problem) -> Problem:
    """The same problem without chance and in float32, for the comparison of first losses."""
    plain = {"disc.dropout_rate": 0.0, "train.compute_dtype": "float32"}
    return problem._replace(config=override(problem.config, plain))


def save(problem: Problem, path: Path) -> None:
    """Hands a problem to another process of this user."""
    path.write_bytes(pickle.dumps(problem))


def load(path: Path) -> Problem:
    return pickle.loads(path.read_bytes())
