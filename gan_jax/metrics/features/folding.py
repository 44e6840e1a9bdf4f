"""PyTorch's convolutions with BatchNorms as the convolutions with biases that they amount to."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict

from gan_jax.errors import UserError

EPSILON = 1e-3
"""What every BatchNorm adds to its variance."""
Path = tuple[str, ...]


def folded(
    network: nn.Module,
    state: Mapping[str, np.ndarray],
    names: Callable[[Path], tuple[str, str]],
    whose: str,
) -> dict[str, Any]:
    """The variables of a network of images [n, h, w, 3], made of the arrays of a state dict.

    Args:
      network: of convolutions with biases, and a dense layer.
      state: arrays [...] by name, laid out as in PyTorch; what counts batches is ignored.
      names: from a layer's path in the network to the names, in the state dict, of its
        convolution and its BatchNorm; "" for the BatchNorm of a layer that has none.
      whose: the network's name, for the sentence of an error.

    Raises:
      UserError: for the first array that is missing, of another shape, or unknown.
    """
    images = jax.ShapeDtypeStruct((1, 299, 299, 3), jnp.float32)
    leaves = flatten_dict(jax.eval_shape(network.init, jax.random.key(0), images)["params"])
    kernels = {path[:-1]: leaf.shape for path, leaf in leaves.items() if path[-1] == "kernel"}
    _check(state, [_shapes(*names(path), shape) for path, shape in kernels.items()], whose)
    params = {}
    for path in kernels:
        params[*path, "kernel"], params[*path, "bias"] = _layer(state, *names(path))
    return {"params": unflatten_dict({path: params[path] for path in leaves})}


def _shapes(layer: str, norm: str, kernel: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """What a state dict must have for a layer of this kernel."""
    *taps, inputs, outputs = kernel
    biases = [f"{norm}.{part}" for part in _NORM] if norm else [f"{layer}.bias"]
    return {f"{layer}.weight": (outputs, inputs, *taps), **dict.fromkeys(biases, (outputs,))}


_NORM = ("weight", "bias", "running_mean", "running_var")


def _check(
    state: Mapping[str, np.ndarray], layers: list[dict[str, tuple[int, ...]]], whose: str
) -> None:
    wanted = {name: shape for layer in layers for name, shape in layer.items()}
    for name in [*wanted, *state]:
        if name not in state:
            reason = f"{name} is missing"
        elif name not in wanted:
            if name.endswith(".num_batches_tracked"):
                continue
            reason = f"{name!r:.100} is unknown"
        elif state[name].shape != wanted[name]:
            reason = f"{name} has the shape {state[name].shape} where {wanted[name]} is expected"
        else:
            continue
        raise UserError(f"These are not the weights of {whose}: {reason}. Give another file.")


def _layer(state: Mapping[str, np.ndarray], layer: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """float32 kernel [kh, kw, in, out], or [in, out], and bias [out]."""
    weight = state[f"{layer}.weight"].astype(np.float64)
    if norm:
        gain, shift, mean, variance = (state[f"{norm}.{part}"].astype(np.float64) for part in _NORM)
        scale = gain / np.sqrt(variance + EPSILON)
        weight *= scale.reshape(-1, *[1] * (weight.ndim - 1))
        bias = shift - mean * scale
    else:
        bias = state[f"{layer}.bias"]
    kernel = np.moveaxis(weight.astype(np.float32), (0, 1), (-1, -2))
    return np.ascontiguousarray(kernel), bias.astype(np.float32)
