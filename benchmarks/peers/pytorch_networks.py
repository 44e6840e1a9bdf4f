"""The networks of a config in PyTorch, with gan_jax's weights.

PyTorch pads a strided convolution by the same on both sides, SAME padding by less on the upper
left. Everything here is therefore the mirror image, upside down and left to right, which computes
the same: images and convolution kernels are flipped, and the dense layers' weights with them.
"""

import itertools
import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers import Problem
from gan_jax.networks.settings import Activated


class Dense(nn.Module):
    """The dense network of either player, after its input is flat."""

    def __init__(self, network: Activated, inputs: int, outputs: int):
        super().__init__()
        sizes = [inputs, *network.features, outputs]
        self.slope = network.slope
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.norms = nn.ModuleList(_norm(network, size) for size in network.features)

    def forward(self, x):
        for layer, norm in zip(self.layers[:-1], self.norms, strict=True):
            x = F.leaky_relu(norm(layer(x)), self.slope)
        return self.layers[-1](x)


class DenseGenerator(nn.Module):
    def __init__(self, network: Activated, image_shape: tuple[int, int, int], latents: int):
        super().__init__()
        height, width, channels = image_shape
        self.shape = (channels, height, width)
        self.dense = Dense(network, latents, math.prod(image_shape))

    def forward(self, z):
        return torch.tanh(self.dense(z)).view(-1, *self.shape)


class DenseDiscriminator(nn.Module):
    def __init__(self, network: Activated, image_shape: tuple[int, int, int]):
        super().__init__()
        self.dense = Dense(network, math.prod(image_shape), 1)

    def forward(self, x):
        return self.dense(x.flatten(1))[:, 0]


class Generator(nn.Module):
    def __init__(self, network: Activated, image_shape: tuple[int, int, int], latents: int):
        super().__init__()
        first, *rest = network.features
        scale = 2 ** len(network.features)
        self.base = (first, image_shape[0] // scale, image_shape[1] // scale)
        self.slope, self.channels_last = network.slope, False
        self.dense = nn.Linear(latents, math.prod(self.base))
        sizes, kernel = [first, *rest, image_shape[2]], network.kernel_size
        padding, biased = (kernel - 1) // 2, network.norm == "none"
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose2d(
                a, b, kernel, 2, padding, output_padding=kernel % 2, bias=biased or i == len(rest)
            )
            for i, (a, b) in enumerate(itertools.pairwise(sizes))
        )
        self.norms = nn.ModuleList(_norm(network, size, 2) for size in sizes[:-1])

    def forward(self, z):
        x = self.dense(z).view(-1, *self.base)
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.leaky_relu(norm(x), self.slope))
        return torch.tanh(x)


class Discriminator(nn.Module):
    def __init__(self, network: Activated, image_shape: tuple[int, int, int]):
        super().__init__()
        sizes, kernel = [image_shape[2], *network.features], network.kernel_size
        padding, biased = (kernel - 1) // 2, network.norm == "none"
        self.slope, self.rate = network.slope, network.dropout_rate
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, kernel, 2, padding, bias=biased or i == 0)
            for i, (a, b) in enumerate(itertools.pairwise(sizes))
        )
        self.norms = nn.ModuleList(_norm(network, size, 2) for size in sizes[2:])
        area = image_shape[0] * image_shape[1] // 4 ** len(network.features)
        self.dense = nn.Linear(area * sizes[-1], 1)

    def forward(self, x):
        x = F.leaky_relu(self.convolutions[0](x), self.slope)
        for norm, convolution in zip(self.norms, self.convolutions[1:], strict=True):
            x = F.leaky_relu(norm(convolution(x)), self.slope)
        return self.dense(F.dropout(x.flatten(1), self.rate))[:, 0]


def _norm(network: Activated, size: int, dimensions: int = 1) -> nn.Module:
    if network.norm == "none":
        return nn.Identity()
    layer = nn.BatchNorm1d if dimensions == 1 else nn.BatchNorm2d
    return layer(size, network.batch_norm_epsilon, 1 - network.batch_norm_momentum)


def make(problem: Problem) -> tuple[nn.Module, nn.Module]:
    """G: latents to mirrored images [n, channels, height, width]; D: those to logits [n]."""
    config, shape = problem.config, problem.images.shape[1:]
    generator = DenseGenerator if config.gen.choice == "mlp" else Generator
    discriminator = DenseDiscriminator if config.disc.choice == "mlp" else Discriminator
    gen = generator(config.gen, shape, problem.latents.shape[1])
    disc = discriminator(config.disc, shape)
    with torch.no_grad():
        for name, parameter in itertools.chain(gen.named_parameters(), disc.named_parameters()):
            if name.endswith("bias"):  # as every bias starts in gan_jax
                parameter.zero_()
        _load_gen(gen, problem.weights["gen"], shape)
        _load_disc(disc, problem.weights["disc"], shape)
    return gen, disc


def images(problem: Problem) -> torch.Tensor:
    """The problem's images as these networks take them."""
    return torch.from_numpy(problem.images[:, ::-1, ::-1].transpose(0, 3, 1, 2).copy())


def _load_gen(gen: nn.Module, weights: dict[str, Any], shape) -> None:
    if isinstance(gen, DenseGenerator):
        last = _load_hidden(gen.dense, weights)
        _put(last.weight, _mirrored(weights["Dense_0"]["kernel"], shape).T)
        return
    channels, height, width = gen.base
    kernel = _mirrored(weights["Dense_0"]["kernel"], (height, width, channels))
    _put(gen.dense.weight, kernel.T)
    for i, layer in enumerate(gen.convolutions):
        _put(layer.weight, weights[f"ConvTranspose_{i}"]["kernel"].transpose(2, 3, 0, 1))


def _load_disc(disc: nn.Module, weights: dict[str, Any], shape) -> None:
    body, kernel = weights["body"], weights["logit"]["kernel"].T
    if isinstance(disc, DenseDiscriminator):
        last = _load_hidden(disc.dense, body)
        first = disc.dense.layers[0].weight
        _put(first, _mirrored(first.numpy(), shape))
        _put(last.weight, kernel)
        return
    for i, layer in enumerate(disc.convolutions):
        _put(layer.weight, body[f"Conv_{i}"]["kernel"][::-1, ::-1].transpose(3, 2, 0, 1))
    scale = 2 ** len(disc.convolutions)
    base = (shape[0] // scale, shape[1] // scale, disc.convolutions[-1].out_channels)
    _put(disc.dense.weight, _mirrored(kernel, base))


def _load_hidden(dense: Dense, weights: dict[str, Any]) -> nn.Linear:
    """Returns the layer after the hidden ones."""
    *hidden, last = dense.layers
    for i, layer in enumerate(hidden):
        _put(layer.weight, weights["Hidden_0"][f"Dense_{i}"]["kernel"].T)
    return last


def _mirrored(array: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """[m, height * width * channels] to [m, channels * height * width], mirrored both ways."""
    maps = array.reshape(-1, *shape)[:, ::-1, ::-1]
    return maps.transpose(0, 3, 1, 2).reshape(len(array), -1)


def _put(parameter: torch.Tensor, array: np.ndarray) -> None:
    parameter.copy_(torch.from_numpy(np.array(array)))
