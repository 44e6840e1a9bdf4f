"""The variational autoencoder (Kingma and Welling 2013, arXiv 1312.6114).

An encoder maps an image x to a normal distribution q(z | x) with a diagonal covariance, and G, the
decoder, maps latents to the logits of x's pixels. Both descend one loss per image, the negative
evidence lower bound with one draw of z (the paper's equation 10):

    loss = reconstruction + KL(q(z | x) || N(0, I)),   reconstruction = -log p(x | z)

The encoder sees pixels in [0, 1], and the reconstruction term is their cross-entropy, summed over
the image; pixels that are neither 0 nor 1 are thus taken as probabilities. Outside this module
images are in [-1, 1].
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax import keys, networks
from gan_jax.config import Config, flatten
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Batch, Method, Metrics
from gan_jax.methods import average, optimizers
from gan_jax.methods.average import Average
from gan_jax.methods.player import Player, Tree, descend, split
from gan_jax.networks import latents
from gan_jax.objectives import augmentations

IGNORED = (
    "auxiliary.",
    "augment.",
    "disc.",
    "loss.",
    "penalty.",
    "pyramid.",
    "train.disc_",
    "train.final_gen_",
    "train.gen_",
)
"""How the fields begin that belong to a game. G's optimizer is that of the encoder too."""


class Autoencoder(nn.Module):
    """The two networks as one, so that one optimizer trains both."""

    encoder: nn.Module
    gen: nn.Module

    def __call__(self, x: jax.Array, labels: jax.Array, noise: jax.Array, train: bool):
        """Pixels in [0, 1], [n, h, w, c], and noise of N(0, 1), [n, d], to mean and log-variance,
        [n, d] each, and logits [n, h, w, c]."""
        mean, log_var = self.encoder(x, train)
        z = mean + jnp.exp(log_var / 2) * noise
        return mean, log_var, self.gen(z, labels, train)

    def encode(self, x: jax.Array) -> jax.Array:
        return self.encoder(x, train=False)[0]

    def decode(self, z: jax.Array, labels: jax.Array) -> jax.Array:
        return self.gen(z, labels, train=False)


class VAEState(NamedTuple):
    step: jax.Array  # int32
    model: Player
    ema: Average


class VAE(NamedTuple):
    """What stays the same while the two learn."""

    model: nn.Module
    image_shape: tuple[int, int, int]
    latent_dimension: int
    draw_noise: Callable[[jax.Array], jax.Array]  # keys [n] to N(0, 1), [n, d]
    flip: bool
    reconstruction: Callable[[jax.Array, jax.Array], jax.Array]  # (logits, pixels) -> [n]
    optimizer: optax.GradientTransformation
    follow: average.Follow


def make(config: Config) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    vae = parts(config)
    return Method(
        init=partial(init, vae),
        step=partial(step, vae),
        sample=partial(sample, vae),
        evaluate=partial(evaluate, vae),
        encode=partial(encode, vae),
    )


def parts(config: Config) -> VAE:
    """The parts that `config` names; the optimizer of both networks is that of G."""
    if config.latents.distribution != "normal":
        raise UserError(
            "method=vae brings its latents close to N(0, 1); set latents.distribution=normal."
        )
    if (config.gen.name, config.gen.output) != ("mlp", "linear"):
        raise UserError(
            "method=vae needs a generator that ends in logits; set gen.name=mlp and "
            "gen.output=linear."
        )
    if latents.size(config.latents) != config.latents.dimension:
        raise UserError(
            "method=vae has no structured codes; leave latents.categories and latents.continuous "
            "out."
        )
    ours, plain = flatten(config), flatten(Config())
    for name, value in ours.items():
        if name.startswith(IGNORED) and value != plain[name]:
            raise UserError(f"method=vae makes nothing of {name}; leave it out.")
    return VAE(
        model=Autoencoder(networks.encoder(config), networks.generator(config)),
        image_shape=(config.data.height, config.data.width, config.data.channels),
        latent_dimension=config.latents.dimension,
        draw_noise=latents.sampler(config.latents),
        flip=config.data.flip == "horizontal",
        reconstruction=cross_entropy,
        optimizer=optimizers.make(config.gen.optimizer, "gen.optimizer", config.train),
        follow=average.follower(config.train),
    )


def init(vae: VAE, key: jax.Array) -> VAEState:
    """The state before the first step; the average starts as the model itself."""
    images, labels = jnp.zeros((1, *vae.image_shape), jnp.float32), jnp.zeros(1, jnp.int32)
    noise = jnp.zeros((1, vae.latent_dimension), jnp.float32)
    variables = vae.model.init(keys.stream(key, Purpose.INIT), images, labels, noise, train=True)
    params, stats = split(variables)
    model = Player(params, stats, vae.optimizer.init(params))
    return VAEState(jnp.zeros((), jnp.int32), model, average.start(model))


def step(vae: VAE, state: VAEState, batch: Batch, key: jax.Array) -> tuple[VAEState, Metrics]:
    """One device's share of one step."""
    numbers = collectives.example_numbers(len(batch.images))

    def keys_of(purpose: Purpose) -> jax.Array:
        return keys.per_example(keys.at_step(key, purpose, state.step), numbers)

    if vae.flip:
        batch = batch._replace(images=augmentations.flip(keys_of(Purpose.FLIP), batch.images))
    noise = vae.draw_noise(keys_of(Purpose.ENCODE))

    def objective(params: Tree):
        terms, stats = negative_bound(vae, params, state.model.stats, batch, noise, train=True)
        means = {name: values.mean() for name, values in terms.items()}
        return means["vae/loss"], (stats, means)

    model, _, norm, means = descend(vae.optimizer, state.model, objective)
    after = VAEState(state.step + 1, model, vae.follow(state.ema, model, state.step))
    return after, collectives.mean(means) | {"vae/grad_norm": norm}


def negative_bound(
    vae: VAE, params: Tree, stats: Tree, batch: Batch, noise: jax.Array, train: bool
) -> tuple[Metrics, Tree]:
    """The loss and its two terms, [n] each, with one draw of z each; also the new statistics."""
    x, variables = _pixels(batch.images), {"params": params, "batch_stats": stats}
    (mean, log_var, logits), changed = vae.model.apply(
        variables, x, batch.labels, noise, train=train, mutable=["batch_stats"]
    )
    reconstruction, kl = vae.reconstruction(logits, x), kl_to_prior(mean, log_var)
    terms = {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
    terms = {f"vae/{name}": values for name, values in terms.items()}
    return terms, changed.get("batch_stats", {})


def cross_entropy(logits: jax.Array, x: jax.Array) -> jax.Array:
    """Of logits and pixels in [0, 1], [n, h, w, c] both, in nats; summed over each image, [n]."""
    return optax.sigmoid_binary_cross_entropy(logits, x).sum((1, 2, 3))


def kl_to_prior(mean: jax.Array, log_var: jax.Array) -> jax.Array:
    """KL(N(mean, exp(log_var)) || N(0, I)) in nats, [n, d] to [n] (the paper's appendix B)."""
    return (jnp.exp(log_var) + mean**2 - 1 - log_var).sum(-1) / 2


def sample(
    vae: VAE, state: VAEState, z: jax.Array, labels: jax.Array, averaged: jax.Array | bool
) -> jax.Array:
    """The means of p(x | z) in [-1, 1], [n, h, w, c], from latents [n, d], in inference mode."""
    raw = Average(state.model.params, state.model.stats)
    weights = jax.tree.map(partial(jnp.where, averaged), state.ema, raw)
    return 2 * jax.nn.sigmoid(_infer(vae, weights, "decode", z, labels)) - 1


def encode(vae: VAE, state: VAEState, images: jax.Array) -> jax.Array:
    """The means of q(z | x), [n, d], by the averaged encoder, beside whose G it was trained."""
    return _infer(vae, state.ema, "encode", _pixels(images))


def evaluate(
    vae: VAE, state: VAEState, batch: Batch, z: jax.Array, labels: jax.Array
) -> dict[str, jax.Array]:
    """The loss and its terms [n] in inference mode; z [n, d] is the noise of the encoder's draw."""
    model = state.model
    return negative_bound(vae, model.params, model.stats, batch, z, train=False)[0]


def _pixels(images: jax.Array) -> jax.Array:
    return (images + 1) / 2


def _infer(vae: VAE, weights: Average, method: str, *inputs: jax.Array) -> Any:
    variables = {"params": weights.params, "batch_stats": weights.stats}
    return vae.model.apply(variables, *inputs, method=method)
