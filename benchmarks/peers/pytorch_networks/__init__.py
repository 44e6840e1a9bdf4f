"""The networks of a config in PyTorch, with gan_jax's weights."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers import Problem
from benchmarks.peers.pytorch_networks import layers, pix2pix, plain, r3gan, resnet

GENERATORS = {
    "dcgan": plain.DCGANGenerator,
    "dcgan_normal": plain.DCGANGenerator,
    "mlp": plain.DenseGenerator,
    "r3gan": r3gan.R3GANGenerator,
    "resnet": resnet.ResNetGenerator,
    "sndcgan": plain.SNDCGANGenerator,
}
BODIES = {
    "dcgan": plain.DCGANBody,
    "dcgan_normal": plain.DCGANBody,
    "mlp": plain.DenseBody,
    "r3gan": r3gan.R3GANBody,
    "resnet": resnet.ResNetBody,
    "sndcgan": plain.SNDCGANBody,
}
SOURCE_CHANNELS = 1
"""Of the only source pictures that these networks know, gray ones."""


class ConditionalGenerator(nn.Module):
    """A generator that has a code of the label after its latents."""

    def __init__(self, body: nn.Module, network: Any, num_classes: int):
        super().__init__()
        self.num_classes, self.is_embedded = num_classes, network.embedding_features > 0
        if self.is_embedded:
            self.embedding = nn.Embedding(num_classes, network.embedding_features)
        self.body = body

    def forward(self, z, labels):
        code = self.embedding(labels) if self.is_embedded else F.one_hot(labels, self.num_classes)
        return self.body(torch.cat([z, code.to(z.dtype)], 1), labels)


class Discriminator(nn.Module):
    """(Images [n, c, h, w], labels [n]) to logits [n]."""

    def __init__(self, body: Any, network: Any, num_classes: int):
        super().__init__()
        self.body = body
        self.logit = layers.Linear(body.features, 1)
        self.is_projected = network.conditioning == "projection"
        if self.is_projected:
            self.projection = nn.Embedding(num_classes, layers.size_of(body.features))

    def forward(self, x, labels):
        features = self.body(x, labels)
        logits = self.logit(features)[:, 0].float()
        if self.is_projected:
            logits = logits + (self.projection(labels) * features).float().sum(1)
        return logits


def make(problem: Problem) -> tuple[nn.Module, nn.Module]:
    """G: (latents, labels) to mirrored images [n, channels, height, width]; D: those to logits.
    pix2pix's have source pictures, mirrored as well, in place of labels."""
    gen, disc = _gen(problem), _disc(problem)
    for network, name in ((gen, "gen"), (disc, "disc")):
        settings = getattr(problem.config, name)
        layers.load(network, problem.weights[name], problem.stats[name], settings)
    return gen, disc


def _gen(problem: Problem) -> nn.Module:
    config, shape = problem.config, problem.images.shape[1:]
    if config.gen.choice == "unet":
        return pix2pix.UNetGenerator(config.gen, SOURCE_CHANNELS, shape)
    classes, latents = config.data.num_classes, problem.latents.shape[1]
    conditional = config.gen.conditioning != "none"
    if conditional:
        latents += config.gen.embedding_features or classes
    gen = GENERATORS[config.gen.choice](config.gen, latents, shape, classes)
    return ConditionalGenerator(gen, config.gen, classes) if conditional else gen


def _disc(problem: Problem) -> nn.Module:
    config, shape = problem.config, problem.images.shape[1:]
    if config.disc.choice == "patch":
        return pix2pix.PatchDiscriminator(config.disc, SOURCE_CHANNELS, shape)
    body = BODIES[config.disc.choice](config.disc, shape)
    return Discriminator(body, config.disc, config.data.num_classes)


def images(problem: Problem) -> torch.Tensor:
    """The problem's images as these networks take them."""
    return torch.from_numpy(problem.images[:, ::-1, ::-1].transpose(0, 3, 1, 2).copy())
