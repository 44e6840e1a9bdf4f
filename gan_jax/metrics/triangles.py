"""How far images are from triangles: precision and recall where the manifold of the data is known.

As in "Are GANs Created Equal?" (arXiv 1711.10337, section 5) an image counts as a triangle where
its squared distance from one, over pixels in [0, 1], is below 0.75. The distance is that from a
near one, found by descent in the manifold from the nearest training triangle: an upper bound, and
so precision is a lower one. Recall is the share of test triangles that have a sample within that
distance, a lower bound of the authors', who search the latents for each.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.data import polygons
from gan_jax.metrics import distances

NEAR = 0.75
"""Squared distance of images that count as one."""
NUM_SAMPLES, COMPARED = 10_000, 1_024
"""Samples among which recall looks; and images that precision and recall are shares of."""
TRAIN_COMPARED = 20_000
"""Training triangles among which the nearest is searched."""
STEPS, LEARNING_RATE = 100, 0.02
"""Of the descent, in shares of the manifold's width."""
SHARPNESS = 4.0
"""Of the edges in the descent, an inverse of pixels."""


def precision(images: np.ndarray, places: np.ndarray, triangles: np.ndarray) -> float:
    """The share of images [n, 28, 28], in [0, 1], that are triangles; the descent begins at the
    nearest of `triangles` [m, 28, 28], which have these places [m, 4]."""
    found = manifold_distances(images[:COMPARED], places, triangles)
    return float((found < NEAR).mean())


def recall(images: np.ndarray, triangles: np.ndarray) -> float:
    """The share of triangles [m, 28, 28] that have one of images [n, 28, 28] near, in [0, 1]."""
    return float((nearest(triangles[:COMPARED], images)[1] < NEAR).mean())


def nearest(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of images [n, 28, 28] the numbers of the nearest of y [m, 28, 28], and their squared
    distances, [n] each."""
    of_blocks = distances.squared(_rows(x), _rows(y))
    found = [(block.argmin(axis=1), block.min(axis=1)) for _, block in of_blocks]
    numbers, apart = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return numbers, apart


def _rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64)


def manifold_distances(images: np.ndarray, places: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Upper bounds [n] of the squared distances of images [n, 28, 28] from all triangles, from
    some of them [m, 28, 28] with places [m, 4]."""
    numbers, known = nearest(images, triangles)
    moved = np.asarray(_descend(places[numbers].astype(np.float32), images.astype(np.float32)))
    found = polygons.raster(polygons.corners(moved.astype(np.float64)))
    return np.minimum(known, ((found - images) ** 2).sum(axis=(1, 2)))


@jax.jit
def _descend(places: jax.Array, images: jax.Array) -> jax.Array:
    """Places [n, 4] after steps towards the images [n, 28, 28]."""
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, STEPS))

    def loss(places: jax.Array) -> jax.Array:
        return ((_soft_raster(polygons.corners(places)) - images) ** 2).sum()

    def step(carry: tuple, _: None) -> tuple[tuple, None]:
        places, state = carry
        updates, state = optimizer.update(jax.grad(loss)(places), state)
        return (jnp.clip(places + updates, 0, 1), state), None

    (places, _), _ = jax.lax.scan(step, (places, optimizer.init(places)), None, STEPS)
    return places


def _soft_raster(corners: jax.Array) -> jax.Array:
    """`polygons.raster` with edges that corners [n, 3, 2] have a gradient through: [n, 28, 28]."""
    middle = (polygons.SUBPIXELS - 1) / 2 - polygons.BEFORE
    at = jnp.arange(polygons.SIDE) + middle / polygons.SUBPIXELS
    a, edge = corners[..., None, None], (jnp.roll(corners, -1, axis=1) - corners)[..., None, None]
    from_x, from_y = at[None, None, :, None] - a[:, :, 0], at[None, None, None, :] - a[:, :, 1]
    within = edge[:, :, 0] * from_y - edge[:, :, 1] * from_x
    within /= jnp.sqrt((edge**2).sum(axis=2) + 1e-6)
    return 1 - jax.nn.sigmoid(SHARPNESS * within).prod(axis=1)


def measure(train: np.ndarray, test: np.ndarray) -> Callable[[np.ndarray], dict[str, float]]:
    """What `Polygons` says of samples, uint8 [n, 28, 28, 1] as its training and test images are."""
    places = polygons.triangles()[:TRAIN_COMPARED]
    known, wanted = _shares(train[:TRAIN_COMPARED]), _shares(test[:COMPARED])

    def scalars(samples: np.ndarray) -> dict[str, float]:
        images = _shares(samples)
        return {
            "triangles/precision": precision(images, places, known),
            "triangles/recall": recall(images, wanted),
        }

    return scalars


def _shares(images: np.ndarray) -> np.ndarray:
    return images[..., 0] / 255
