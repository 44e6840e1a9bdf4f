"""Handwritten digits by a variational autoencoder: the Keras VAE on MNIST.

    python launch.py --experiment=vae_mnist

60,000 training images of MNIST, 28x28, in [0, 1] for encoder and cross-entropy. Encoder: dense 256
with ReLU, then two dense heads, mean and log-variance of 2 latents. Decoder: dense 256 with ReLU,
dense to 784 logits. Glorot uniform kernels. The loss of an image is the cross-entropy of its pixels
(784 times their mean) plus the KL divergence to N(0, I), with one draw of the latents. RMSprop with
Keras' defaults: rate 0.001, decay 0.9, epsilon 1e-7. 50 epochs. No weights are averaged. A log row
is the mean over two epochs; samples are the decoder's means.

The chapter ends at 149.39 on training and 151.71 on test images, and does not give its batch size.
Here, with seed 0, batches of 64 end at 148.9 (the mean over the last two epochs) and 150.9 (all
10,000 test images); batches of 100 end at 149.4 and 151.8, and with seed 1 at 149.3 and 151.3.

Departure from the chapter: batches may span two epochs; each epoch has a new order.
"""

from gan_jax.config import Checkpoint, Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "VAE, arXiv 1312.6114"

TWO_EPOCHS = 1875


def get_config() -> Config:
    network = Network(
        name="mlp",
        features=(256,),
        norm="none",
        negative_slope=0.0,
        output="linear",
        optimizer=Optimizer("rmsprop", learning_rate=1e-3, b2=0.9, epsilon=1e-7),
    )
    return Config(
        method="vae",
        data=Data(source="tfds", name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Latents(dimension=2, distribution="normal"),
        encoder=network,
        gen=network,
        train=Train(num_steps=25 * TWO_EPOCHS, batch_size=64, ema_half_life_images=0),
        log=Log(every_steps=TWO_EPOCHS),
        sample=Sample(every_steps=TWO_EPOCHS, num_images=100),
        checkpoint=Checkpoint(every_steps=5 * TWO_EPOCHS),
    )
