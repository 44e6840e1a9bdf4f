"""What defines a run: frozen dataclasses, typed overrides, and which configs are one run."""

from gan_jax.config.identity import MAY_CHANGE, differences, digest, flatten, from_dict, to_dict
from gan_jax.config.overrides import override
from gan_jax.config.sections import (
    Augment,
    Auxiliary,
    Checkpoint,
    Config,
    Data,
    Latents,
    Log,
    Loss,
    Network,
    Optimizer,
    Penalty,
    Pyramid,
    Sample,
    Train,
)

__all__ = [
    "MAY_CHANGE",
    "Augment",
    "Auxiliary",
    "Checkpoint",
    "Config",
    "Data",
    "Latents",
    "Log",
    "Loss",
    "Network",
    "Optimizer",
    "Penalty",
    "Pyramid",
    "Sample",
    "Train",
    "differences",
    "digest",
    "flatten",
    "from_dict",
    "override",
    "to_dict",
]
