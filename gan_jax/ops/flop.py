"""How many operations a traced function takes: those of its products and convolutions.

The convolutions of `trilinear` count as direct ones, whichever form they take.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr

TRILINEAR = {"output_of", "image_of", "kernel_of"}


def of_call(function: Callable[..., Any], *arguments: Any) -> int:
    """The operations of a call with arguments of these shapes."""
    return of_jaxpr(jax.make_jaxpr(function)(*arguments).jaxpr)


def of_jaxpr(jaxpr: Jaxpr) -> int:
    """Two for each multiply-add. A scan counts as often as it runs, a while loop once, and of
    branches the dearest."""
    return sum(map(_of_equation, jaxpr.eqns))


def convolves(jaxpr: Jaxpr) -> bool:
    """Whether any of it is a convolution, or the gradient of one."""
    return any(
        equation.primitive.name == "conv_general_dilated"
        or equation.params.get("name") in TRILINEAR
        or any(map(convolves, _inside(equation.params)))
        for equation in jaxpr.eqns
    )


def _of_equation(equation: Any) -> int:
    name, values = equation.primitive.name, equation.params
    if name == "dot_general":
        (contracted, _), _ = values["dimension_numbers"]
        inner = math.prod(equation.invars[0].aval.shape[axis] for axis in contracted)
        return 2 * inner * math.prod(equation.outvars[0].aval.shape)
    if name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        outputs = kernel[values["dimension_numbers"].rhs_spec[0]]
        area = math.prod(equation.outvars[0].aval.shape)
        # of a dilated map all but one in so many places are zeros
        return 2 * math.prod(kernel) // outputs * area // math.prod(values["lhs_dilation"])
    if values.get("name") in TRILINEAR and len(equation.invars) == 2:  # of constants there are none
        return _of_trilinear(equation)
    if name == "cond":
        return max(of_jaxpr(branch.jaxpr) for branch in values["branches"])
    times = values["length"] if name == "scan" else 1
    return times * sum(map(of_jaxpr, _inside(values)))


def _of_trilinear(equation: Any) -> int:
    """A kernel [kh, kw, in, out] weighs each pixel of the output [B, out_h, out_w, out]."""
    first, second = (variable.aval for variable in equation.invars)
    made = equation.outvars[0].aval
    name = equation.params["name"]
    kernel = made if name == "kernel_of" else second
    output = {"output_of": made, "image_of": first, "kernel_of": second}[name]
    return 2 * kernel.size * output.size // output.shape[-1]


def _inside(values: dict[str, Any]) -> Iterator[Jaxpr]:
    for value in values.values():
        if isinstance(value, ClosedJaxpr):
            yield value.jaxpr
        elif isinstance(value, Jaxpr):
            yield value
