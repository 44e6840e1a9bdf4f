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
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax import keys
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Condition, Example, Inputs, Method, Metrics
from gan_jax.methods import average, conditioning, optimizers
from gan_jax.methods.average import Average, Weights
from gan_jax.methods.network_state import NetworkState, Tree, descend, split
from gan_jax.methods.optimizers import Adam, Optimizer
from gan_jax.methods.sections import Config
from gan_jax.networks import EncoderSettings, GenSettings, MLPEncoderSettings, MLPGen, latents
from gan_jax.objectives import augmentations


@dataclass(frozen=True)
class VAE(Config, name="vae"):
    """A variational autoencoder, whose `optimizer` trains the encoder and G, its decoder."""

    gen: GenSettings = MLPGen(output="linear")
    encoder: EncoderSettings = MLPEncoderSettings()
    optimizer: Optimizer = Adam()


class Autoencoder(nn.Module):
    """The two networks as one, so that one optimizer trains both."""

    encoder: nn.Module
    gen: nn.Module

    def __call__(self, x: jax.Array, condition: Condition, noise: jax.Array, train: bool):
        """Pixels in [0, 1], [n, ...], and noise of N(0, 1), [n, d], to mean and log-variance,
        [n, d] each, and logits [n, ...]."""
        mean, log_var = self.encoder(x, train)
        z = mean + jnp.exp(log_var / 2) * noise
        return mean, log_var, self.gen(z, condition, train)

    def encode(self, x: jax.Array) -> jax.Array:
        """Pixels in [0, 1], [n, ...], to the mean of their latents, [n, d]."""
        return self.encoder(x, train=False)[0]

    def decode(self, z: jax.Array, condition: Condition) -> jax.Array:
        """Latents [n, d] to logits [n, ...]."""
        return self.gen(z, condition, train=False)


class VAEState(NamedTuple):
    step: jax.Array  # int32
    model: NetworkState
    ema: Average

    @property
    def networks(self) -> dict[str, Weights]:
        """By their names in the settings."""
        return {
            name: Weights(*(_part(name, whole) for whole in (average.of(self.model), self.ema)))
            for name in ("gen", "encoder")
        }


class Model(NamedTuple):
    """What stays the same while the two learn."""

    model: nn.Module
    shape: tuple[int, ...]  # of an example's x
    condition: Callable[[Example], Condition]
    latent_dimension: int
    draw_noise: Callable[[jax.Array], jax.Array]  # keys [n] to N(0, 1), [n, d]
    flip: bool
    reconstruction: Callable[[jax.Array, jax.Array], jax.Array]  # (logits, pixels) -> [n]
    optimizer: optax.GradientTransformation
    update_average: average.Update


def make(config: VAE) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    vae = parts(config)
    return Method(
        init=partial(init, vae),
        inputs=conditioning.inputs_of(config, vae.condition),
        step=partial(step, vae),
        sample=partial(sample, vae),
        evaluate=partial(evaluate, vae),
        encode=partial(encode, vae),
    )


def parts(config: VAE) -> Model:
    """The parts that `config` names."""
    if config.latents.choice != "normal":
        raise UserError("method=vae brings its latents close to N(0, 1); set latents.name=normal.")
    if getattr(config.gen, "output", "") != "linear":
        raise UserError(
            "method=vae needs a generator that ends in logits; set gen.name=mlp or infogan, and "
            "gen.output=linear."
        )
    if getattr(config.gen, "norm", "") == "virtual_batch":
        raise UserError("method=vae has no reference batch; set gen.norm=batch.")
    if config.latents.has_codes:
        raise UserError(
            "method=vae has no structured codes; leave latents.categories and latents.continuous "
            "out."
        )
    shape, size = config.data.kind.shape, config.latents.dimension
    dtype = jnp.dtype(config.train.compute_dtype)
    encoder = config.encoder.build(shape, size, dtype)
    return Model(
        model=Autoencoder(encoder, config.gen.build(shape, config.data.num_classes, dtype)),
        shape=shape,
        condition=conditioning.condition_of(config),
        latent_dimension=size,
        draw_noise=latents.sampler(config.latents),
        flip=config.data.is_mirrored,
        reconstruction=cross_entropy,
        optimizer=optimizers.make(config.optimizer, "optimizer", config.train),
        update_average=average.updater(config.train),
    )


def init(vae: Model, key: jax.Array) -> VAEState:
    """The state before the first step; the average starts as the model itself."""
    x, noise = (jnp.zeros((1, *shape)) for shape in (vae.shape, (vae.latent_dimension,)))
    condition = vae.condition(Example(x, label=jnp.zeros(1, jnp.int32)))
    variables = vae.model.init(keys.stream(key, Purpose.INIT), x, condition, noise, train=True)
    params, stats = split(variables)
    model = NetworkState(params, stats, vae.optimizer.init(params))
    return VAEState(jnp.zeros((), jnp.int32), model, average.start(model))


def step(vae: Model, state: VAEState, batch: Example, key: jax.Array) -> tuple[VAEState, Metrics]:
    """One device's share of one step; the batch has x [n, ...] in [-1, 1]."""
    numbers = collectives.example_numbers(len(batch.x))

    def keys_of(purpose: Purpose) -> jax.Array:
        return keys.per_example(keys.at_step(key, purpose, state.step), numbers)

    if vae.flip:
        batch = batch._replace(x=augmentations.flip(keys_of(Purpose.FLIP), batch.x))
    noise = vae.draw_noise(keys_of(Purpose.ENCODE))

    def objective(params: Tree):
        terms, stats = negative_bound(vae, params, state.model.stats, batch, noise, train=True)
        means = {name: values.mean() for name, values in terms.items()}
        return means["vae/loss"], (stats, means)

    model, _, norm, means = descend(vae.optimizer, state.model, objective)
    after = VAEState(state.step + 1, model, vae.update_average(state.ema, model, state.step))
    return after, collectives.mean(means) | {"vae/grad_norm": norm}


def negative_bound(
    vae: Model, params: Tree, stats: Tree, batch: Example, noise: jax.Array, train: bool
) -> tuple[Metrics, Tree]:
    """The loss and its two terms, [n] each, with one draw of z each; also the new statistics."""
    x, variables = _pixels(batch.x), {"params": params, "batch_stats": stats}
    (mean, log_var, logits), changed = vae.model.apply(
        variables, x, vae.condition(batch), noise, train=train, mutable=["batch_stats"]
    )
    reconstruction, kl = vae.reconstruction(logits, x), kl_to_prior(mean, log_var)
    terms = {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
    terms = {f"vae/{name}": values for name, values in terms.items()}
    return terms, changed.get("batch_stats", {})


def cross_entropy(logits: jax.Array, x: jax.Array) -> jax.Array:
    """Of logits and pixels in [0, 1], [n, ...] both, in nats; summed over each image, [n]."""
    return optax.sigmoid_binary_cross_entropy(logits, x).sum(tuple(range(1, x.ndim)))


def kl_to_prior(mean: jax.Array, log_var: jax.Array) -> jax.Array:
    """KL(N(mean, exp(log_var)) || N(0, I)) in nats, [n, d] to [n] (the paper's appendix B)."""
    return (jnp.exp(log_var) + mean**2 - 1 - log_var).sum(-1) / 2


def sample(
    vae: Model, state: VAEState, inputs: Inputs, averaged: jax.Array | bool
) -> dict[str, jax.Array]:
    """{"image": [n, ...]}, the means of p(x | z) in [-1, 1], from latents [n, d], in inference
    mode."""
    weights = average.chosen(averaged, state.ema, state.model)
    return {"image": 2 * jax.nn.sigmoid(_infer(vae, weights, "decode", *inputs)) - 1}


def encode(vae: Model, state: VAEState, x: jax.Array) -> jax.Array:
    """The means of q(z | x), [n, d], of x [n, ...] in [-1, 1], by the averaged encoder, beside
    whose G it was trained."""
    return _infer(vae, state.ema, "encode", _pixels(x))


def evaluate(vae: Model, state: VAEState, batch: Example, inputs: Inputs) -> dict[str, jax.Array]:
    """The loss and its terms [n] in inference mode; the latents [n, d] are the noise of the
    encoder's draw."""
    params, stats, _ = state.model
    return negative_bound(vae, params, stats, batch, inputs.latents, train=False)[0]


def _part(name: str, whole: Average) -> Average:
    """The weights of one of the two networks."""
    return Average(whole.params[name], whole.stats.get(name, {}))


def _pixels(images: jax.Array) -> jax.Array:
    return (images + 1) / 2


def _infer(vae: Model, weights: Average, method: str, *inputs: Any) -> Any:
    variables = {"params": weights.params, "batch_stats": weights.stats}
    return vae.model.apply(variables, *inputs, method=method)
