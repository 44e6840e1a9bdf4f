"""Keras 3 on TensorFlow, one `tf.function` for the whole step."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks.peers import Problem, Step
from gan_jax.config import Network


def _convolution(layer, features, use_bias):
    return layer(features, 5, strides=2, padding="same", use_bias=use_bias)


def _norm(network: Network):
    return layers.BatchNormalization(
        momentum=network.batch_norm_momentum, epsilon=network.batch_norm_epsilon
    )


def _generator(network: Network, shape, latents: int) -> keras.Model:
    first, *rest = network.features
    scale = 2 ** len(network.features)
    base = (shape[0] // scale, shape[1] // scale, first)
    stack = [keras.Input((latents,)), layers.Dense(int(np.prod(base))), layers.Reshape(base)]
    for features in rest:
        stack += [_norm(network), layers.LeakyReLU(network.negative_slope)]
        stack.append(_convolution(layers.Conv2DTranspose, features, use_bias=False))
    stack += [_norm(network), layers.LeakyReLU(network.negative_slope)]
    stack.append(_convolution(layers.Conv2DTranspose, shape[2], use_bias=True))
    return keras.Sequential([*stack, layers.Activation("tanh")])


def _discriminator(network: Network, shape) -> keras.Model:
    stack = [keras.Input(shape)]
    for i, features in enumerate(network.features):
        stack.append(_convolution(layers.Conv2D, features, use_bias=i == 0))
        stack += [_norm(network)] if i else []
        stack.append(layers.LeakyReLU(network.negative_slope))
    stack += [layers.Flatten(), layers.Dropout(network.dropout_rate), layers.Dense(1)]
    return keras.Sequential(stack)


def make(problem: Problem) -> Step:
    """The step as one graph."""
    config, shape = problem.config, problem.images.shape[1:]
    gen, disc = _networks(problem)
    step = _stepper(config, gen, disc)
    images, latents = tf.constant(problem.images), problem.latents.shape

    def first() -> tuple[float, float, float]:
        twins = _networks(problem)
        values = _stepper(config, *twins)(images, tf.constant(problem.latents))
        return tuple(float(value) for value in values)

    def run(count: int) -> None:
        for _ in range(count):
            values = step(images, tf.random.normal(latents))
        values[-1].numpy()

    assert shape == disc.input_shape[1:]
    return Step(first, run)


def _networks(problem: Problem) -> tuple[keras.Model, keras.Model]:
    config, shape = problem.config, problem.images.shape[1:]
    gen = _generator(config.gen, shape, problem.latents.shape[1])
    disc = _discriminator(config.disc, shape)
    for network, name, kind in ((gen, "gen", "ConvTranspose"), (disc, "disc", "Conv")):
        convolutions = [
            x for x in network.layers if isinstance(x, layers.Conv2D | layers.Conv2DTranspose)
        ]
        for i, layer in enumerate(convolutions):
            kernel = problem.weights[name][f"{kind}_{i}"]["kernel"]
            if name == "gen":  # TensorFlow scatters where flax gathers: flipped, out before in
                kernel = kernel[::-1, ::-1].swapaxes(2, 3)
            layer.kernel.assign(kernel)
        dense = next(x for x in network.layers if isinstance(x, layers.Dense))
        dense.kernel.assign(problem.weights[name]["Dense_0"]["kernel"])
    return gen, disc


def _stepper(config, gen, disc):
    optimizers = []
    for network, part in ((gen, config.gen), (disc, config.disc)):
        o = part.optimizer
        made = keras.optimizers.Adam(o.learning_rate, o.b1, o.b2, epsilon=o.epsilon)
        made.build(network.trainable_variables)
        optimizers.append(made)
    gen_opt, disc_opt = optimizers
    loss = keras.losses.BinaryCrossentropy(from_logits=True)

    def update_disc(images, target):
        with tf.GradientTape() as tape:
            logits = disc(images, training=True)
            value = loss(tf.fill(tf.shape(logits), target), logits)
        gradients = tape.gradient(value, disc.trainable_variables)
        disc_opt.apply_gradients(zip(gradients, disc.trainable_variables, strict=True))
        return value

    @tf.function
    def step(images, z):
        on_real = update_disc(images, config.loss.real_target)
        with tf.GradientTape() as tape:
            fake = gen(z, training=True)
            with tape.stop_recording():
                on_fake = update_disc(fake, 0.0)
            logits = disc(fake, training=True)
            value = loss(tf.ones_like(logits), logits)
        gradients = tape.gradient(value, gen.trainable_variables)
        gen_opt.apply_gradients(zip(gradients, gen.trainable_variables, strict=True))
        return on_real, on_fake, value

    return step
