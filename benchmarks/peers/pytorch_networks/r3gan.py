"""R3GAN's pair in PyTorch."""

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.pytorch_networks.layers import Body, Linear, Map
from gan_jax.networks.r3gan import BLOCKS, EXPANSION, GROUP


class Block(nn.Module):
    """An inverted bottleneck with a grouped convolution, [n, c, h, w] to the same shape."""

    def __init__(self, network: Any, channels: int):
        super().__init__()
        wide, size, self.slope = EXPANSION * channels, network.kernel_size, network.slope
        self.Conv_0 = nn.Conv2d(channels, wide, 1)
        groups = max(1, wide // GROUP)
        self.GroupedConv_0 = nn.Conv2d(wide, wide, size, padding=size // 2, groups=groups)
        self.Conv_1 = nn.Conv2d(wide, channels, 1, bias=False)

    def forward(self, x):
        y = F.leaky_relu(self.Conv_0(x), self.slope)
        y = F.leaky_relu(self.GroupedConv_0(y), self.slope)
        return x + self.Conv_1(y)


class Upsample(nn.Module):
    """[n, c, h, w] to [n, c, 2h, 2w], beyond whose edges there are zeros."""

    def forward(self, x):
        larger = F.interpolate(F.pad(x, (1, 1, 1, 1)), scale_factor=2.0, mode="bilinear")
        return larger[:, :, 2:-2, 2:-2]


class Downsample(nn.Module):
    """[n, c, h, w] to [n, c, h / 2, w / 2]: weights 1/8, 3/8, 3/8, 1/8 of each axis."""

    def __init__(self, channels: int):
        super().__init__()
        line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        kernel = torch.outer(line, line).expand(channels, 1, 4, 4).contiguous()
        self.register_buffer("kernel", kernel)

    def forward(self, x):
        return F.conv2d(x, self.kernel, stride=2, padding=1, groups=x.shape[1])


def _stages(network: Any, first: int, resamplers: list[nn.Module]) -> nn.ModuleDict:
    """The blocks of each size, between which maps are resampled and, where they have to be,
    widened: before an upsampling and after a downsampling."""
    stages, widened, blocks = nn.ModuleDict(), itertools.count(first), itertools.count()
    sizes = network.features
    for size, features in enumerate(sizes):
        if size:
            parts = {f"resample_{size}": resamplers[size - 1]}
            if sizes[size - 1] != features:
                conv = nn.Conv2d(sizes[size - 1], features, 1, bias=False)
                parts |= {f"Conv_{next(widened)}": conv}
            names = list(parts)
            if network.section == "gen":
                names.reverse()
            stages.update({name: parts[name] for name in names})
        for _ in range(BLOCKS):
            stages[f"Block_{next(blocks)}"] = Block(network, features)
    return stages


class R3GANGenerator(Body):
    def __init__(self, network: Any, latents: int, shape: Map, num_classes: int):
        super().__init__()
        (first, *rest), self.has_tanh = network.features, network.output == "tanh"
        self.basis = nn.Parameter(torch.empty(first, shape[0] >> len(rest), shape[1] >> len(rest)))
        self.Dense_0 = Linear(latents, first, bias=False)
        self.stages = _stages(network, 0, [Upsample() for _ in rest])
        number = sum(name.startswith("Conv") for name in self.stages)
        conv = nn.Conv2d(network.features[-1], shape[2], 1, bias=False)
        self.image = nn.ModuleDict({f"Conv_{number}": conv})

    def forward(self, z, labels):
        weights = self.Dense_0(z)[:, :, None, None]
        x = self.basis.to(weights.dtype) * weights
        x = x.contiguous(memory_format=self.memory_format)
        for part in self.stages.values():
            x = part(x)
        (conv,) = self.image.values()
        x = conv(x).float()
        return torch.tanh(x) if self.has_tanh else x


class R3GANBody(Body):
    def __init__(self, network: Any, shape: Map):
        super().__init__()
        sizes, halvings = network.features, len(network.features) - 1
        self.features = sizes[-1]
        self.Conv_0 = nn.Conv2d(shape[2], sizes[0], 1, bias=False)
        self.stages = _stages(network, 1, [Downsample(size) for size in sizes[:-1]])
        self.basis = nn.Parameter(
            torch.empty(sizes[-1], shape[0] >> halvings, shape[1] >> halvings)
        )
        self.is_projected = network.conditioning == "projection"
        if self.is_projected:
            self.Dense_0 = Linear(sizes[-1], sizes[-1], bias=False)

    def forward(self, x, labels):
        x = self.Conv_0(x)
        for part in self.stages.values():
            x = part(x)
        x = (x * self.basis).sum((2, 3))
        return self.Dense_0(x) if self.is_projected else x
