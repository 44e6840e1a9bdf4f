"""Keras 3 on TensorFlow, one `tf.function` for the whole step; DCGANs without penalties."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks.peers import KNOWN, Losses, Problem, Step, check
from gan_jax.errors import UserError
from gan_jax.networks.settings import Activated

KNOWN_HERE = KNOWN | {
    "gen.name": ("dcgan", "dcgan_normal"),
    "disc.name": ("dcgan", "dcgan_normal"),
    "penalty.name": ("none",),
    "train.compute_dtype": ("float32",),
}


def make(problem: Problem) -> Step:
    """The step as one graph."""
    config, shape = problem.config, problem.latents.shape
    check("Keras", config, KNOWN_HERE)
    if problem.device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise UserError("TensorFlow finds no GPU here.")
    gen, disc = _networks(problem)
    step = _stepper(config, gen, disc)
    images = tf.constant(problem.images)

    def first() -> Losses:
        twins = _networks(problem)
        on_real, on_fake, loss = _stepper(config, *twins)(images, tf.constant(problem.latents))
        return Losses(float(on_real), float(on_fake), 0.0, float(loss))

    def draw() -> tf.Tensor:
        if config.latents.choice == "uniform":
            return tf.random.uniform(shape, -1, 1)
        return tf.random.normal(shape)

    def run(count: int) -> None:
        for _ in range(count):
            values = step(images, draw())
        values[-1].numpy()

    return Step(first, run)


def _convolution(layer, network: Activated, features: int, normalised: bool):
    use_bias = network.norm == "none" or not normalised
    return layer(features, network.kernel_size, strides=2, padding="same", use_bias=use_bias)


def _activated(network: Activated, normalised: bool = True) -> list:
    stack = [layers.LeakyReLU(network.slope)]
    if normalised and network.norm == "batch":
        norm = layers.BatchNormalization(
            momentum=network.batch_norm_momentum, epsilon=network.batch_norm_epsilon
        )
        stack.insert(0, norm)
    return stack


def _generator(network: Activated, shape, latents: int) -> keras.Model:
    first, *rest = network.features
    scale = 2 ** len(network.features)
    base = (shape[0] // scale, shape[1] // scale, first)
    stack = [keras.Input((latents,)), layers.Dense(int(np.prod(base))), layers.Reshape(base)]
    for features in rest:
        stack += _activated(network)
        stack.append(_convolution(layers.Conv2DTranspose, network, features, True))
    stack += _activated(network)
    stack.append(_convolution(layers.Conv2DTranspose, network, shape[2], False))
    return keras.Sequential([*stack, layers.Activation("tanh")])


def _discriminator(network: Activated, shape) -> keras.Model:
    stack = [keras.Input(shape)]
    for i, features in enumerate(network.features):
        stack.append(_convolution(layers.Conv2D, network, features, i > 0))
        stack += _activated(network, i > 0)
    stack += [layers.Flatten(), layers.Dropout(network.dropout_rate), layers.Dense(1)]
    return keras.Sequential(stack)


def _networks(problem: Problem) -> tuple[keras.Model, keras.Model]:
    config, shape = problem.config, problem.images.shape[1:]
    gen = _generator(config.gen, shape, problem.latents.shape[1])
    disc = _discriminator(config.disc, shape)
    weights = problem.weights
    sides = (
        (gen, "ConvTranspose", weights["gen"], weights["gen"]["Dense_0"]),
        (disc, "Conv", weights["disc"]["body"], weights["disc"]["logit"]),
    )
    for network, kind, body, last in sides:
        convolutions = [
            x for x in network.layers if isinstance(x, layers.Conv2D | layers.Conv2DTranspose)
        ]
        for i, layer in enumerate(convolutions):
            kernel = body[f"{kind}_{i}"]["kernel"]
            if network is gen:  # TensorFlow scatters where flax gathers: flipped, out before in
                kernel = kernel[::-1, ::-1].swapaxes(2, 3)
            layer.kernel.assign(kernel)
        dense = next(x for x in network.layers if isinstance(x, layers.Dense))
        dense.kernel.assign(last["kernel"])
    return gen, disc


def _stepper(config, gen, disc):
    optimizers = []
    for network, o in ((gen, config.gen_optimizer), (disc, config.disc_optimizer)):
        made = keras.optimizers.Adam(o.learning_rate, o.b1, o.b2, epsilon=o.epsilon)
        made.build(network.trainable_variables)
        optimizers.append(made)
    gen_opt, disc_opt = optimizers
    loss = keras.losses.BinaryCrossentropy(from_logits=True)

    def update_disc(*judged):
        """One update on the sum over pairs of images and target; a loss for each."""
        with tf.GradientTape() as tape:
            values = []
            for images, target in judged:
                logits = disc(images, training=True)
                values.append(loss(tf.fill(tf.shape(logits), target), logits))
            total = tf.add_n(values)
        gradients = tape.gradient(total, disc.trainable_variables)
        disc_opt.apply_gradients(zip(gradients, disc.trainable_variables, strict=True))
        return values

    @tf.function
    def step(images, z):
        real = (images, config.loss.real_target)
        with tf.GradientTape() as tape:
            made = gen(z, training=True)
            fake = (made, config.loss.fake_target)
            with tape.stop_recording():
                if config.train.disc_update == "in_turn":
                    on_real, on_fake = *update_disc(real), *update_disc(fake)
                else:
                    on_real, on_fake = update_disc(real, fake)
            logits = disc(made, training=True)
            value = loss(tf.ones_like(logits), logits)
        gradients = tape.gradient(value, gen.trainable_variables)
        gen_opt.apply_gradients(zip(gradients, gen.trainable_variables, strict=True))
        return on_real, on_fake, value

    return step
