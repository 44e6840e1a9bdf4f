"""pix2pix's U-Net and its discriminator of patches in PyTorch."""

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.pytorch_networks.layers import Body, Map, Norm
from gan_jax.networks import unet
from gan_jax.networks.patch import PatchDisc

SLOPE = 0.2


class UNetGenerator(Body):
    """(Latents [n, 0], source pictures [n, c, h, w]) to images of their size."""

    def __init__(self, network: unet.UNetGen, source_channels: int, shape: Map):
        super().__init__()
        features, biased = network.features, network.norm == "none"
        self.rate, depth = network.dropout_rate, len(features)
        self.down, self.up, self.norms = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        for i, sizes in enumerate(itertools.pairwise([source_channels, *features])):
            self.down[f"Conv_{i}"] = nn.Conv2d(*sizes, unet.KERNEL_SIZE, 2, 1, bias=biased)
        outputs = [*features[-2::-1], shape[2]]
        for i, size in enumerate(outputs):
            last = i == depth - 1
            inputs = features[-1] if i == 0 else 2 * outputs[i - 1]
            self.up[f"ConvTranspose_{i}"] = nn.ConvTranspose2d(
                inputs, size, unet.KERNEL_SIZE, 2, 1, bias=biased or last
            )
        for i, size in enumerate([*features[1:-1], *outputs[:-1]]):
            self.norms[f"InstanceNorm_{i}"] = Norm(network, size)

    def forward(self, z, source):
        norms, maps, depth = iter(self.norms.values()), [], len(self.down)
        x = source
        for number, conv in enumerate(self.down.values(), start=1):
            x = conv(F.leaky_relu(x, SLOPE) if maps else x)
            if 1 < number < depth:
                x = next(norms)(x)
            maps.append(x)
        *inner, last = self.up.values()
        for number, (conv, skip) in enumerate(zip(inner, maps[-2::-1], strict=True)):
            x = next(norms)(conv(F.relu(x)))
            if number < unet.DROPPED:
                x = F.dropout(x, self.rate)
            x = torch.cat([x, skip], 1)
        return torch.tanh(last(F.relu(x)).float())


class PatchBody(Body):
    """Images [n, c, h, w] to the map whose patches are judged."""

    def __init__(self, network: PatchDisc, inputs: int):
        super().__init__()
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        kernel = network.kernel_size
        for i, sizes in enumerate(itertools.pairwise([inputs, *network.features])):
            stride = 2 if i < network.halvings else 1
            biased = i == 0 or network.norm == "none"
            self.convolutions[f"Conv_{i}"] = nn.Conv2d(
                *sizes, kernel, stride, (kernel - 1) // 2, bias=biased
            )
            if i:
                self.norms[f"InstanceNorm_{i - 1}"] = Norm(network, sizes[1])

    def forward(self, x):
        first, *rest = self.convolutions.values()
        x = F.leaky_relu(first(x), SLOPE)
        for conv, norm in zip(rest, self.norms.values(), strict=True):
            x = F.leaky_relu(norm(conv(x)), SLOPE)
        return x


class PatchDiscriminator(nn.Module):
    """(Images [n, c, h, w], source pictures of their size) to logits of patches [n, 1, h', w']."""

    def __init__(self, network: Any, source_channels: int, shape: Map):
        super().__init__()
        self.sees_source = network.conditioning == "source"
        self.body = PatchBody(network, shape[2] + source_channels * self.sees_source)
        kernel = network.kernel_size
        self.logit = nn.Conv2d(network.features[-1], 1, kernel, 1, (kernel - 1) // 2)

    def forward(self, x, source):
        x = torch.cat([x, source.to(x.dtype)], 1) if self.sees_source else x
        return self.logit(self.body(x)).float()
