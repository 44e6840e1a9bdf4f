"""Images brought to the size and the channels that a pretrained network takes.

Which filter enlarges an image changes a Fréchet distance by more than methods differ by (Parmar et
al. 2022, arXiv 2104.11222), so each network has the one that its published scores were made with.
All keep the range 0 to 255 and round nothing.
"""

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.errors import UserError


def tf1_bilinear(images: jax.Array, size: int) -> jax.Array:
    """TensorFlow 1's `resize_bilinear`, of images [n, h, w, c] to float32 [n, size, size, c].

    Output pixel i is read at i * h / size: pixels are not shifted by half of one, nothing is
    antialiased, and beyond the last pixel stands the last pixel.
    """
    rows_resized = _tf1_axis(jnp.asarray(images, jnp.float32), 1, size)
    return _tf1_axis(rows_resized, 2, size)


def _tf1_axis(x: jax.Array, axis: int, size: int) -> jax.Array:
    length = x.shape[axis]
    position = np.arange(size, dtype=np.float32) * np.float32(length / size)
    low = position.astype(np.int32)
    high = np.minimum(low + 1, length - 1)
    weight = np.expand_dims(position - low, [other for other in range(4) if other != axis])
    below = jnp.take(x, low, axis)
    return below + (jnp.take(x, high, axis) - below) * weight


def bicubic(images: jax.Array, size: int) -> jax.Array:
    """Keys' cubic (a = -0.5), of images [n, h, w, c] to float32 [n, size, size, c].

    Antialiased when it reduces, and clipped to 0 to 255; Pillow's bicubic in mode F, clipped.
    """
    x = jnp.asarray(images, jnp.float32)
    resized = jax.image.resize(x, (len(x), size, size, x.shape[3]), "cubic")
    return jnp.clip(resized, 0, 255)


def gray_to_colour(images: jax.Array) -> jax.Array:
    """Images [n, h, w, 3], a gray channel [n, h, w, 1] repeated.

    Raises `UserError` for any other number of channels.
    """
    channels = images.shape[3]
    if channels not in (1, 3):
        raise UserError(
            f"Images of {channels} channels have no features of a network that was trained on "
            "photographs, which takes 1 or 3; take another of evaluate.features.name."
        )
    return jnp.repeat(images, 3, axis=3) if channels == 1 else images
