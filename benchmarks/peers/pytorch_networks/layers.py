"""Layers of the PyTorch networks, and how they get gan_jax's weights.

A layer has the name that it has in gan_jax's tree of parameters, so that one function loads any
network. PyTorch pads a strided convolution by the same on both sides, SAME padding by less on the
upper left. Everything here is therefore the mirror image, upside down and left to right, which
computes the same: images, kernels and the dense layers' maps are flipped.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from gan_jax.networks.settings import NetworkSettings

Map = tuple[int, int, int]
"""(height, width, channels)."""


class Linear(nn.Linear):
    """Its inputs or outputs may be a map, whose numbers PyTorch has in another order."""

    def __init__(self, inputs: int | Map, outputs: int | Map, bias: bool = True):
        super().__init__(size_of(inputs), size_of(outputs), bias)
        self.input_map = None if isinstance(inputs, int) else inputs
        self.output_map = None if isinstance(outputs, int) else outputs


def size_of(numbers: int | Map) -> int:
    return numbers if isinstance(numbers, int) else math.prod(numbers)


class Body(nn.Module):
    """A network but for its heads; a map that it makes of a row has `memory_format`."""

    memory_format = torch.contiguous_format

    def as_map(self, x: torch.Tensor, base: Map) -> torch.Tensor:
        """[n, h * w * c] to [n, c, h, w]."""
        height, width, channels = base
        return x.view(-1, channels, height, width).contiguous(memory_format=self.memory_format)


class ConditionalBatchNorm(nn.Module):
    """BatchNorm whose scale and bias are rows of the labels [n]."""

    def __init__(self, norm: nn.Module, channels: int, num_classes: int):
        super().__init__()
        self.norm = norm
        self.scale = nn.Parameter(torch.ones(num_classes, channels))
        self.bias = nn.Parameter(torch.zeros(num_classes, channels))

    def forward(self, x, labels):
        shape = (len(x), -1, *[1] * (x.dim() - 2))
        scale, bias = (p[labels].view(shape).to(x.dtype) for p in (self.scale, self.bias))
        return torch.addcmul(bias, self.norm(x), scale)


class Norm(nn.Module):
    """The norm of a network's maps [n, c, h, w] or rows [n, c], or none; unconditional ones ignore
    the labels."""

    def __init__(self, network: Any, channels: int, num_classes: int = 0, maps: bool = True):
        super().__init__()
        self.conditional = network.norm == "conditional_batch" and num_classes > 0
        self.layer: nn.Module = nn.Identity()
        if network.norm == "instance":
            self.layer = nn.InstanceNorm2d(channels, network.batch_norm_epsilon, affine=True)
        elif network.norm != "none":
            kind = nn.BatchNorm2d if maps else nn.BatchNorm1d
            fields = network.batch_norm_epsilon, 1 - network.batch_norm_momentum
            self.layer = kind(channels, *fields, affine=not self.conditional)
        if self.conditional:
            self.layer = ConditionalBatchNorm(self.layer, channels, num_classes)

    def forward(self, x, labels=None):
        return self.layer(x, labels) if self.conditional else self.layer(x)


@torch.library.custom_op("gan_jax::power_iteration", mutates_args=())
def _power_iteration(matrix: torch.Tensor, u: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The next u and v. A compiler that saw inside would make them again in the backward pass, from
    a u that has moved on by then."""
    v = F.normalize(torch.mv(matrix.t(), u), dim=0)
    return F.normalize(torch.mv(matrix, v), dim=0), v


@_power_iteration.register_fake
def _(matrix, u):
    return torch.empty_like(u), matrix.new_empty(matrix.shape[1])


class Spectral(nn.Module):
    """A kernel divided by what one power iteration finds its largest singular value to be.

    As in gan_jax the iteration starts at `u`, whose next value is kept where a pass is part of the
    network's own update: where it has a gradient by the kernel.
    """

    def __init__(self, u: torch.Tensor, outputs_axis: int):
        super().__init__()
        self.outputs_axis = outputs_axis
        self.register_buffer("u", u)

    def forward(self, weight):
        with torch.autocast(weight.device.type, enabled=False):
            kernel = weight.movedim(self.outputs_axis, 0)
            if kernel.dim() == 4 and kernel.is_contiguous(memory_format=torch.channels_last):
                kernel = kernel.permute(0, 2, 3, 1)  # so that no copy makes it a matrix
            matrix = kernel.flatten(1)  # [outputs, inputs]
            u, v = _power_iteration(matrix.detach(), self.u)
            longer = torch.mv(matrix, v)
            if torch.is_grad_enabled() and weight.requires_grad:
                self.u.copy_(u)
            return weight / torch.dot(u, longer)


KERNELS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding)


@torch.no_grad()
def load(
    module: nn.Module,
    params: dict[str, Any],
    stats: dict[str, Any],
    settings: NetworkSettings,
    numbers: Iterator[int] | None = None,
) -> None:
    """Gives a network gan_jax's parameters and spectral vectors, layer by layer in their order."""
    numbers = numbers or itertools.count()
    for name, parameter in module.named_parameters(recurse=False):
        array = params[name]
        _put(parameter, array[::-1, ::-1].transpose(2, 0, 1) if array.ndim == 3 else array)
    for name, child in module.named_children():
        if isinstance(child, nn.ModuleDict):
            load(child, params, stats, settings, numbers)
        elif isinstance(child, KERNELS):
            u = None
            if settings.kernel_norm == "spectral":
                u = stats[f"SpectralNorm_{next(numbers)}"]["u"]
            _load_layer(child, params[name], u)
        elif isinstance(child, Norm):
            _load_norm(child, params, name)
        elif next(child.parameters(), None) is not None:
            load(child, params[name], stats.get(name, {}), settings)


def _load_norm(norm: Norm, params: dict[str, Any], name: str) -> None:
    """BatchNorms without a class start with ones and zeros in both libraries."""
    if isinstance(norm.layer, nn.InstanceNorm2d):
        _put(norm.layer.weight, params[name]["scale"])
        _put(norm.layer.bias, params[name]["bias"])
    if norm.conditional:
        found = params[name]
        _put(norm.layer.scale, found["scale"])
        _put(norm.layer.bias, found["bias"])


def _load_layer(layer: Any, params: dict[str, np.ndarray], u: np.ndarray | None) -> None:
    (kernel,) = (params[name] for name in ("kernel", "embedding") if name in params)
    bias, outputs_axis = params.get("bias"), 0
    if isinstance(layer, nn.ConvTranspose2d):
        kernel, outputs_axis = kernel.transpose(2, 3, 0, 1), 1  # PyTorch's is a flipped one
    elif isinstance(layer, nn.Conv2d):
        kernel = kernel[::-1, ::-1].transpose(3, 2, 0, 1)
    elif isinstance(layer, nn.Embedding):
        outputs_axis = 1
    else:
        output_map = getattr(layer, "output_map", None)
        if output_map:
            kernel = _mirrored(kernel, output_map)
            bias, u = (x if x is None else _mirrored(x[None], output_map)[0] for x in (bias, u))
        kernel = kernel.T
        if getattr(layer, "input_map", None):
            kernel = _mirrored(kernel, layer.input_map)
    _put(layer.weight, kernel)
    if layer_bias := getattr(layer, "bias", None) is not None:
        _put(layer.bias, bias)
    assert layer_bias == (bias is not None)
    if u is not None:
        spectral = Spectral(torch.from_numpy(np.array(u)), outputs_axis)
        parametrize.register_parametrization(layer, "weight", spectral, unsafe=True)


def _mirrored(array: np.ndarray, shape: Map) -> np.ndarray:
    """[m, height * width * channels] to [m, channels * height * width], mirrored both ways."""
    maps = array.reshape(-1, *shape)[:, ::-1, ::-1]
    return maps.transpose(0, 3, 1, 2).reshape(len(array), -1)


def _put(parameter: torch.Tensor, array: np.ndarray) -> None:
    if parameter.shape != array.shape:
        raise ValueError(f"{tuple(parameter.shape)} is given an array {array.shape}")
    parameter.copy_(torch.from_numpy(np.array(array)))
