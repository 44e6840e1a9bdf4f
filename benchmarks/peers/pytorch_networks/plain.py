"""Dense networks, DCGAN and SNDCGAN in PyTorch."""

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.pytorch_networks.layers import Body, Linear, Map, Norm


class Hidden(Body):
    """The hidden layers of a dense network: rows [n, inputs] to [n, features[-1]]."""

    def __init__(self, network: Any, inputs: int | Map, num_classes: int):
        super().__init__()
        sizes, self.slope = [inputs, *network.features], network.slope
        biased = network.norm == "none"
        self.dense = nn.ModuleDict(
            {
                f"Dense_{i}": Linear(a, b, biased)
                for i, (a, b) in enumerate(itertools.pairwise(sizes))
            }
        )
        self.norms = nn.ModuleDict(
            {
                f"{norm_name(network)}_{i}": Norm(network, size, num_classes, maps=False)
                for i, size in enumerate(network.features)
            }
        )

    def forward(self, x, labels):
        for dense, norm in zip(self.dense.values(), self.norms.values(), strict=True):
            x = F.leaky_relu(norm(dense(x), labels), self.slope)
        return x


class DenseGenerator(Body):
    def __init__(self, network: Any, latents: int, shape: Map, num_classes: int):
        super().__init__()
        self.shape, self.has_tanh = shape, network.output == "tanh"
        self.Hidden_0 = Hidden(network, latents, num_classes)
        self.Dense_0 = Linear((latents, *network.features)[-1], shape)

    def forward(self, z, labels):
        x = self.as_map(self.Dense_0(self.Hidden_0(z, labels)), self.shape).float()
        return torch.tanh(x) if self.has_tanh else x


class DenseBody(Body):
    def __init__(self, network: Any, shape: Map):
        super().__init__()
        self.rate = network.dropout_rate
        self.Hidden_0 = Hidden(network, shape, 0)
        self.features = network.features[-1] if network.features else shape

    def forward(self, x, labels):
        return F.dropout(self.Hidden_0(x.flatten(1), labels), self.rate)


class DCGANGenerator(Body):
    def __init__(self, network: Any, latents: int, shape: Map, num_classes: int):
        super().__init__()
        features, kernel = network.features, network.kernel_size
        scale, padding = 2 ** len(features), (kernel - 1) // 2
        self.base = (shape[0] // scale, shape[1] // scale, features[0])
        self.slope, sizes = network.slope, [*features, shape[2]]
        self.Dense_0 = Linear(latents, self.base)
        biased = network.norm == "none"
        self.convolutions = nn.ModuleDict()
        self.norms = nn.ModuleDict()
        for i, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            self.norms[f"{norm_name(network)}_{i}"] = Norm(network, inputs, num_classes)
            self.convolutions[f"ConvTranspose_{i}"] = nn.ConvTranspose2d(
                inputs, outputs, kernel, 2, padding, output_padding=kernel % 2,
                bias=biased or i == len(features) - 1,
            )  # fmt: skip

    def forward(self, z, labels):
        x = self.as_map(self.Dense_0(z), self.base)
        for norm, conv in zip(self.norms.values(), self.convolutions.values(), strict=True):
            x = conv(F.leaky_relu(norm(x, labels), self.slope))
        return torch.tanh(x.float())


class DCGANBody(Body):
    def __init__(self, network: Any, shape: Map):
        super().__init__()
        sizes, kernel = [shape[2], *network.features], network.kernel_size
        self.slope, self.rate, self.pooling = network.slope, network.dropout_rate, network.pooling
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        for i, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            biased = network.norm == "none" or i == 0
            self.convolutions[f"Conv_{i}"] = nn.Conv2d(
                inputs, outputs, kernel, 2, (kernel - 1) // 2, bias=biased
            )
            self.norms[f"BatchNorm_{i}"] = Norm(network, outputs) if i else nn.Identity()
        scale = 2 ** len(network.features)
        self.features = pooled_size(self.pooling, (shape[0] // scale, shape[1] // scale, sizes[-1]))

    def forward(self, x, labels):
        for norm, conv in zip(self.norms.values(), self.convolutions.values(), strict=True):
            x = F.leaky_relu(norm(conv(x)), self.slope)
        return F.dropout(pooled(x, self.pooling), self.rate)


class SNDCGANGenerator(Body):
    def __init__(self, network: Any, latents: int, shape: Map, num_classes: int):
        super().__init__()
        first, *rest = network.features
        self.base = (shape[0] >> len(rest), shape[1] >> len(rest), first)
        self.slope = network.slope
        self.Dense_0 = Linear(latents, self.base)
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        for i, (inputs, outputs) in enumerate(itertools.pairwise(network.features)):
            self.convolutions[f"ConvTranspose_{i}"] = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
            self.norms[f"{norm_name(network)}_{i}"] = Norm(network, outputs, num_classes)
        self.Conv_0 = nn.Conv2d(network.features[-1], shape[2], 3, padding=1)

    def forward(self, z, labels):
        x = self.as_map(self.Dense_0(z), self.base)
        for norm, conv in zip(self.norms.values(), self.convolutions.values(), strict=True):
            x = F.leaky_relu(norm(conv(x), labels), self.slope)
        return torch.tanh(self.Conv_0(x).float())


class SNDCGANBody(Body):
    def __init__(self, network: Any, shape: Map):
        super().__init__()
        *halving, last = network.features
        plan = [(size, stride) for size in halving for stride in (1, 2)] + [(last, 1)]
        self.slope, self.rate, self.pooling = network.slope, network.dropout_rate, network.pooling
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        inputs = shape[2]
        for i, (size, stride) in enumerate(plan):
            self.convolutions[f"Conv_{i}"] = nn.Conv2d(inputs, size, 2 + stride, stride, 1)
            self.norms[f"BatchNorm_{i}"] = Norm(network, size)
            inputs = size
        sides = shape[0] >> len(halving), shape[1] >> len(halving)
        self.features = pooled_size(self.pooling, (*sides, last))

    def forward(self, x, labels):
        for norm, conv in zip(self.norms.values(), self.convolutions.values(), strict=True):
            x = F.leaky_relu(norm(conv(x)), self.slope)
        return F.dropout(pooled(x, self.pooling), self.rate)


def norm_name(network: Any) -> str:
    """Of a network's norms in gan_jax, before their number."""
    conditional = network.norm == "conditional_batch"
    return "ConditionalBatchNorm" if conditional else "BatchNorm"


def pooled(x: torch.Tensor, pooling: str) -> torch.Tensor:
    """Maps [n, c, h, w] as features [n, f]."""
    if pooling == "flatten":
        return x.flatten(1)
    return x.sum((2, 3)) if pooling == "sum" else x.mean((2, 3))


def pooled_size(pooling: str, shape: Map) -> int | Map:
    return shape if pooling == "flatten" else shape[2]
