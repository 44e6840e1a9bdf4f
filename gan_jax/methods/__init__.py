"""Methods by name: each row makes a `Method`, a few pure functions, from a config."""

from collections.abc import Callable

from gan_jax.config import Config
from gan_jax.errors import choose
from gan_jax.method import Batch, Method, Metrics, State
from gan_jax.methods import adversarial, pyramid, vae

__all__ = ["METHODS", "Batch", "Method", "Metrics", "State", "make"]

METHODS: dict[str, Callable[[Config], Method]] = {
    "adversarial": adversarial.make,
    "pyramid": pyramid.make,
    "vae": vae.make,
}


def make(config: Config) -> Method:
    """The method that `config.method` names."""
    return choose(METHODS, "method", config.method)(config)
