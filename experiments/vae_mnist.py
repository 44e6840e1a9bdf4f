"""VAE on MNIST: dense encoder and decoder, 2 latents, as in the Keras book.

    python launch.py --experiment=vae_mnist

Kingma and Welling 2013, arXiv 1312.6114; the loss is the cross-entropy of the pixels (784 times
their mean) plus the KL divergence.

The chapter ends at 149.39 on training and 151.71 on test images, and does not give its batch size.
Here, seed 0, batches of 64 end at 148.9 (the mean over the last two epochs) and 150.9 (all 10,000
test images); batches of 100 end at 149.4 and 151.8, and with seed 1 at 149.3 and 151.3.

Departure from the chapter: batches may span two epochs; each epoch has a new order.
"""

from gan_jax.data import TFDS
from gan_jax.methods import VAE, Checkpoint, Log, RMSProp, Sample, Train
from gan_jax.networks import MLPEncoderSettings, MLPGen, Normal

PAPER = "VAE, arXiv 1312.6114"

TWO_EPOCHS = 1875


def get_config() -> VAE:
    optimizer = RMSProp(learning_rate=1e-3, decay=0.9, epsilon=1e-7)
    return VAE(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Normal(dimension=2),
        encoder=MLPEncoderSettings(features=(256,), activation="relu", norm="none"),
        gen=MLPGen(features=(256,), activation="relu", norm="none", output="linear"),
        optimizer=optimizer,
        train=Train(num_steps=25 * TWO_EPOCHS, batch_size=64, ema_half_life_images=0),
        log=Log(every_steps=TWO_EPOCHS),
        sample=Sample(every_steps=TWO_EPOCHS, num_images=100),
        checkpoint=Checkpoint(every_steps=5 * TWO_EPOCHS),
    )
