"""What defines a run: a tree of parts, typed overrides, and which trees are one run."""

from gan_jax.config.identity import MAY_CHANGE, differences, digest, from_dict, stated, to_dict
from gan_jax.config.overrides import choose_other, override, placed
from gan_jax.config.part import Part, flatten, hints, modules
from gan_jax.config.values import Count, Decay, Natural, NonNegative, Positive, Share, check

__all__ = [
    "MAY_CHANGE",
    "Count",
    "Decay",
    "Natural",
    "NonNegative",
    "Part",
    "Positive",
    "Share",
    "check",
    "choose_other",
    "differences",
    "digest",
    "flatten",
    "from_dict",
    "hints",
    "modules",
    "override",
    "placed",
    "stated",
    "to_dict",
]
