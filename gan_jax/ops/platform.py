"""The choice of an algorithm, or of its sizes, by the platform that programs run on."""

from typing import TypeVar

import jax

Form = TypeVar("Form")


def for_platform(default: Form, **forms: Form) -> Form:
    """The form named after the platform ("cpu", "gpu", "tpu"), or else the default.

    `jax.lax.platform_dependent` would choose as late as in lowering, and trace every form: a
    quarter of the time of tracing a whole step.
    """
    return forms.get(jax.default_backend(), default)
