"""The choice of an algorithm by the platform that programs run on."""

from collections.abc import Callable

import jax


def for_platform(default: Callable, **forms: Callable) -> Callable:
    """The form named after the platform ("cpu", "gpu", "tpu"), or else the default.

    `jax.lax.platform_dependent` would choose as late as in lowering, and trace every form: a
    quarter of the time of tracing a whole step.
    """
    return forms.get(jax.default_backend(), default)
