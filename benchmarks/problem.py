"""The problem that every peer is given, made by gan_jax."""

import dataclasses
import pickle
from pathlib import Path

import jax
import numpy as np

import experiments
from benchmarks.peers import Problem
from gan_jax import keys
from gan_jax.config import override
from gan_jax.methods import adversarial
from gan_jax.methods import game as games


def make(experiment: str, batch_size: int, variant: str = "") -> Problem:
    """Initial weights by gan_jax, images by numpy: the time of a step does not depend on them."""
    config = override(experiments.load(experiment), {"train.batch_size": batch_size})
    game = games.make(config)
    state = jax.jit(lambda key: adversarial.init(game, key))(keys.root(0))
    weights = jax.device_get({"gen": state.gen.params, "disc": state.disc.params})
    random = np.random.default_rng(0)
    shape = (batch_size, *game.image_shape)
    images = random.uniform(-1, 1, shape).astype(np.float32)
    latents = random.normal(size=(batch_size, game.latent_dimension)).astype(np.float32)
    return Problem(config, variant, weights, images, latents)


def without_dropout(problem: Problem) -> Problem:
    """The same problem for the comparison of first losses."""
    disc = dataclasses.replace(problem.config.disc, dropout_rate=0.0)
    return problem._replace(config=dataclasses.replace(problem.config, disc=disc))


def save(problem: Problem, path: Path) -> None:
    """Hands a problem to another process of this user."""
    path.write_bytes(pickle.dumps(problem))


def load(path: Path) -> Problem:
    return pickle.loads(path.read_bytes())
