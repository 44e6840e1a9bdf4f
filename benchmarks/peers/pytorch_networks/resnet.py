"""The residual pair of WGAN-GP, SNGAN and SAGAN in PyTorch."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.pytorch_networks.layers import Body, Linear, Map, Norm
from benchmarks.peers.pytorch_networks.plain import norm_name, pooled, pooled_size


class UpBlock(nn.Module):
    """[n, c, h, w] to [n, features, 2h, 2w]."""

    def __init__(self, network: Any, inputs: int, features: int, num_classes: int):
        super().__init__()
        size, self.slope = network.kernel_size, network.slope
        biased = network.norm == "none"
        self.EnlargedConv_0 = conv(inputs, features, size, biased)
        self.Conv_0 = conv(features, features, size)
        self.shortcut = conv(inputs, features, 1)
        name = norm_name(network)
        channels = {f"{name}_0": inputs, f"{name}_1": features}
        self.norms = nn.ModuleDict({n: Norm(network, c, num_classes) for n, c in channels.items()})

    def forward(self, x, labels):
        first, second = self.norms.values()
        y = F.interpolate(F.leaky_relu(first(x, labels), self.slope), scale_factor=2.0)
        y = F.leaky_relu(second(self.EnlargedConv_0(y), labels), self.slope)
        return self.Conv_0(y) + F.interpolate(self.shortcut(x), scale_factor=2.0)


class DownBlock(nn.Module):
    """[n, c, h, w] to `features` channels, and to half the sides where it is `halved`."""

    def __init__(self, network: Any, inputs: int, features: int, halved: bool, first: bool):
        super().__init__()
        size, self.slope = network.kernel_size, network.slope
        self.halved, self.first = halved, first
        self.Conv_0 = conv(inputs, features, size, network.norm == "none")
        self.last = nn.ModuleDict(
            {"PooledConv_0" if halved else "Conv_1": conv(features, features, size)}
        )
        self.has_shortcut = halved or inputs != features
        if self.has_shortcut:
            self.shortcut = conv(inputs, features, 1)
        self.before = nn.Identity() if first else Norm(network, inputs)
        self.between = Norm(network, features)

    def forward(self, x, labels):
        y = x if self.first else F.leaky_relu(self.before(x), self.slope)
        y = F.leaky_relu(self.between(self.Conv_0(y)), self.slope)
        (last,) = self.last.values()
        y = last(y)
        if self.halved:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        return y + (self.shortcut(x) if self.has_shortcut else x)


class SelfAttention(nn.Module):
    """[n, c, h, w] to the same shape: x + gamma * o(attention)."""

    def __init__(self, channels: int):
        super().__init__()
        small = max(1, channels // 8)
        self.query, self.key = (Linear(channels, small, bias=False) for _ in range(2))
        self.value = Linear(channels, max(1, channels // 2), bias=False)
        self.output = Linear(max(1, channels // 2), channels, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x, labels):
        pixels = x.flatten(2).transpose(1, 2)  # [n, h * w, c]
        parts = (layer(pixels)[:, None] for layer in (self.query, self.key, self.value))
        found = F.scaled_dot_product_attention(*parts, scale=1.0)[:, 0]
        return x + self.gamma * self.output(found).transpose(1, 2).view_as(x)


class ResNetGenerator(Body):
    def __init__(self, network: Any, latents: int, shape: Map, num_classes: int):
        super().__init__()
        (first, *rest), self.slope = network.features, network.slope
        self.base = (shape[0] >> len(rest), shape[1] >> len(rest), first)
        self.Dense_0 = Linear(latents, self.base)
        self.blocks = nn.ModuleDict()
        height = self.base[0]
        for i, (inputs, features) in enumerate(zip(network.features, rest, strict=False)):
            self.blocks[f"UpBlock_{i}"] = UpBlock(network, inputs, features, num_classes)
            height *= 2
            if height == network.attention:
                self.blocks["SelfAttention_0"] = SelfAttention(features)
        self.norm = Norm(network, network.features[-1])
        self.Conv_0 = conv(network.features[-1], shape[2], network.kernel_size)

    def forward(self, z, labels):
        x = self.as_map(self.Dense_0(z), self.base)
        for block in self.blocks.values():
            x = block(x, labels)
        return torch.tanh(self.Conv_0(F.leaky_relu(self.norm(x), self.slope)).float())


class ResNetBody(Body):
    def __init__(self, network: Any, shape: Map):
        super().__init__()
        height, width, inputs = shape
        self.slope, self.rate, self.pooling = network.slope, network.dropout_rate, network.pooling
        self.blocks = nn.ModuleDict()
        for i, features in enumerate(network.features):
            halved = i < network.halvings
            self.blocks[f"DownBlock_{i}"] = DownBlock(network, inputs, features, halved, i == 0)
            inputs = features
            if halved:
                height, width = height // 2, width // 2
                if height == network.attention:
                    self.blocks["SelfAttention_0"] = SelfAttention(features)
        self.norm = Norm(network, inputs)
        self.features = pooled_size(self.pooling, (height, width, inputs))

    def forward(self, x, labels):
        for block in self.blocks.values():
            x = block(x, labels)
        x = F.leaky_relu(self.norm(x), self.slope)
        return F.dropout(pooled(x, self.pooling), self.rate)


def conv(inputs: int, outputs: int, size: int, bias: bool = True) -> nn.Conv2d:
    """Of stride 1, which leaves the sides of maps."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias)
