"""Differentiable augmentations of images, each a function of the image's own key.

All of D's inputs, real and fake, are augmented alike, so that a small data set is not memorised and
G does not learn the augmentations (DiffAugment, Zhao et al. 2020, arXiv 2006.10738). Mirroring is
not one of them: it belongs to the data.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.errors import choose
from gan_jax.method import Example

Augmentation = Callable[[jax.Array, jax.Array], jax.Array]
"""(key, image [h, w, c] in [-1, 1]) -> image of the same shape."""


def color(key: jax.Array, image: jax.Array) -> jax.Array:
    """[h, w, c]: brightness by U(-0.5, 0.5), saturation times U(0, 2), contrast U(0.5, 1.5)."""
    brightness, saturation, contrast = jax.random.uniform(key, (3,))
    image = image + (brightness - 0.5)
    gray = image.mean(axis=2, keepdims=True)
    image = gray + (image - gray) * (2 * saturation)
    mean = image.mean(keepdims=True)
    return mean + (image - mean) * (contrast + 0.5)


def translation(key: jax.Array, image: jax.Array) -> jax.Array:
    """[h, w, c]: a shift of up to an eighth of each side, rounded; what comes in is 0, mid-gray."""
    height, width, _ = image.shape
    reach = jnp.array([(height + 4) // 8, (width + 4) // 8])
    shift = jax.random.randint(key, (2,), -reach, reach + 1)
    rows, columns = jnp.arange(height) + shift[0], jnp.arange(width) + shift[1]
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))[None]
    moved = image[jnp.clip(rows, 0, height - 1)][:, jnp.clip(columns, 0, width - 1)]
    return jnp.where(inside[:, :, None], moved, 0)


def cutout(key: jax.Array, image: jax.Array) -> jax.Array:
    """[h, w, c]: a rectangle of half of each side, rounded up, becomes 0; its centre is anywhere
    within."""
    height, width, _ = image.shape
    sides = jnp.array([(height + 1) // 2, (width + 1) // 2])
    # the centre of an even side lies between two pixels, or on the image's edge
    places = jnp.array([height, width]) + (1 - sides % 2)
    first = jax.random.randint(key, (2,), 0, places) - sides // 2
    row, column = jnp.arange(height)[:, None] - first[0], jnp.arange(width)[None] - first[1]
    cut_rows, cut_columns = (row >= 0) & (row < sides[0]), (column >= 0) & (column < sides[1])
    return jnp.where((cut_rows & cut_columns)[:, :, None], 0, image)


AUGMENTATIONS: dict[str, Augmentation] = {
    "color": color,
    "translation": translation,
    "cutout": cutout,
}
GEOMETRIC = frozenset({"translation"})
"""Those that move what they show."""


Pipeline = Callable[[jax.Array, jax.Array, jax.Array | float], jax.Array]
"""(keys [n], images [n, h, w, c], probability) -> images."""


def pipeline(names: tuple[str, ...]) -> Pipeline:
    """The named augmentations in turn, each applied to each image [h, w, c] with the given
    probability."""
    parts = [choose(AUGMENTATIONS, "augment.names", name) for name in names]

    def one(key: jax.Array, image: jax.Array, probability: jax.Array | float) -> jax.Array:
        for number, part in enumerate(parts):
            own = jax.random.fold_in(key, number)
            changes = jax.random.bernoulli(jax.random.fold_in(own, 0), probability)
            image = jnp.where(changes, part(own, image), image)
        return image

    return jax.vmap(one, (0, 0, None)) if parts else lambda keys, images, probability: images


def flip_example(keys: jax.Array, examples: Example) -> Example:
    """Mirrors the x of each example [n, ...], and its source picture with it, as `flip` does."""
    source = None if examples.source is None else flip(keys, examples.source)
    return examples._replace(x=flip(keys, examples.x), source=source)


def flip(keys: jax.Array, images: jax.Array) -> jax.Array:
    """Mirrors each image [n, h, w, c] left to right with probability one half, by its key."""
    mirrored = jax.vmap(jax.random.bernoulli)(keys)
    return jnp.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
