"""PyTorch; variants `channels_last`, `compiled`, `compiled_channels_last`.

PyTorch pads a strided convolution by the same on both sides, SAME padding by less on the upper
left. Everything here is therefore the mirror image, upside down and left to right, which computes
the same: images and convolution kernels are flipped, and the dense layers' weights with them.
"""

import copy
import itertools

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers import Problem, Step
from gan_jax.config import Network


class Generator(nn.Module):
    def __init__(self, network: Network, image_shape: tuple[int, int, int], latents: int):
        super().__init__()
        first, *rest = network.features
        scale = 2 ** len(network.features)
        self.base = (first, image_shape[0] // scale, image_shape[1] // scale)
        self.slope = network.negative_slope
        self.dense = nn.Linear(latents, int(np.prod(self.base)))
        sizes = [first, *rest, image_shape[2]]
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 5, 2, padding=2, output_padding=1, bias=b == sizes[-1])
            for a, b in itertools.pairwise(sizes)
        )
        self.norms = nn.ModuleList(_norm(network, size) for size in sizes[:-1])

    def forward(self, z):
        x = self.dense(z).view(-1, *self.base)
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.leaky_relu(norm(x), self.slope))
        return torch.tanh(x)


class Discriminator(nn.Module):
    def __init__(self, network: Network, image_shape: tuple[int, int, int]):
        super().__init__()
        sizes = [image_shape[2], *network.features]
        scale = 2 ** len(network.features)
        self.slope, self.rate = network.negative_slope, network.dropout_rate
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 5, 2, padding=2, bias=i == 0)
            for i, (a, b) in enumerate(itertools.pairwise(sizes))
        )
        self.norms = nn.ModuleList(_norm(network, size) for size in sizes[2:])
        area = image_shape[0] // scale * (image_shape[1] // scale)
        self.dense = nn.Linear(area * sizes[-1], 1)

    def forward(self, x):
        x = F.leaky_relu(self.convolutions[0](x), self.slope)
        for norm, convolution in zip(self.norms, self.convolutions[1:], strict=True):
            x = F.leaky_relu(norm(convolution(x)), self.slope)
        return self.dense(F.dropout(x.flatten(1), self.rate))[:, 0]


def _norm(network: Network, size: int) -> nn.BatchNorm2d:
    momentum = 1 - network.batch_norm_momentum
    return nn.BatchNorm2d(size, eps=network.batch_norm_epsilon, momentum=momentum)


def make(problem: Problem) -> Step:
    """The step in eager mode, or compiled, in either memory layout."""
    torch.manual_seed(0)
    config, shape = problem.config, problem.images.shape[1:]
    gen = Generator(config.gen, shape, problem.latents.shape[1])
    disc = Discriminator(config.disc, shape)
    gen.channels_last = "channels_last" in problem.variant
    real = torch.from_numpy(problem.images[:, ::-1, ::-1].transpose(0, 3, 1, 2).copy())
    _load(gen, disc, problem, shape)
    if gen.channels_last:
        gen, disc = (network.to(memory_format=torch.channels_last) for network in (gen, disc))
        real = real.contiguous(memory_format=torch.channels_last)
    step = _stepper(problem, gen, disc, real)

    def first() -> tuple[float, float, float]:
        twins = copy.deepcopy(gen), copy.deepcopy(disc)
        plain = problem._replace(variant="")
        return _stepper(plain, *twins, real)(torch.from_numpy(problem.latents), True)

    def run(count: int) -> None:
        for _ in range(count):
            step(torch.randn(*problem.latents.shape), False)

    return Step(first, run)


def _stepper(problem: Problem, gen, disc, real):
    target = problem.config.loss.real_target
    optimizers = []
    for network, part in ((gen, problem.config.gen), (disc, problem.config.disc)):
        o = part.optimizer
        optimizers.append(
            torch.optim.Adam(network.parameters(), o.learning_rate, (o.b1, o.b2), o.epsilon)
        )
    gen_opt, disc_opt = optimizers
    run_gen, run_disc = gen, disc
    if "compiled" in problem.variant:
        run_gen, run_disc = torch.compile(gen), torch.compile(disc)
    bce = F.binary_cross_entropy_with_logits
    n = len(real)
    smooth, zeros, ones = torch.full((n,), target), torch.zeros(n), torch.ones(n)

    def update_disc(images, labels):
        disc_opt.zero_grad()
        loss = bce(run_disc(images), labels)
        loss.backward()
        disc_opt.step()
        return loss

    def step(z, report: bool):
        on_real = update_disc(real, smooth)
        fake = run_gen(z)
        on_fake = update_disc(fake.detach(), zeros)
        gen_opt.zero_grad()
        disc.requires_grad_(False)
        loss = bce(run_disc(fake), ones)
        loss.backward()
        disc.requires_grad_(True)
        gen_opt.step()
        return tuple(float(v.detach()) for v in (on_real, on_fake, loss)) if report else None

    return step


def _load(gen: Generator, disc: Discriminator, problem: Problem, shape) -> None:
    """gan_jax's weights in PyTorch's layouts, mirrored."""
    weights = problem.weights

    def put(parameter, array):
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))

    channels, height, width = gen.base
    dense = weights["gen"]["Dense_0"]
    kernel = dense["kernel"].reshape(-1, height, width, channels)[:, ::-1, ::-1]
    put(gen.dense.weight, kernel.transpose(3, 1, 2, 0).reshape(-1, kernel.shape[0]))
    bias = dense["bias"].reshape(height, width, channels)[::-1, ::-1]
    put(gen.dense.bias, bias.transpose(2, 0, 1).ravel())
    for i, layer in enumerate(gen.convolutions):
        put(layer.weight, weights["gen"][f"ConvTranspose_{i}"]["kernel"].transpose(2, 3, 0, 1))
    for i, layer in enumerate(disc.convolutions):
        kernel = weights["disc"][f"Conv_{i}"]["kernel"][::-1, ::-1]
        put(layer.weight, kernel.transpose(3, 2, 0, 1))
    for network in (gen, disc):
        for layer in network.convolutions:
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    scale = 2 ** len(disc.convolutions)
    kernel = weights["disc"]["Dense_0"]["kernel"].reshape(shape[0] // scale, shape[1] // scale, -1)
    put(disc.dense.weight, kernel[::-1, ::-1].transpose(2, 0, 1).reshape(1, -1))
    nn.init.zeros_(disc.dense.bias)
