"""The map of a picture's parts: which of them each pixel shows, by colours."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.procedural_cars.painting import is_glass
from gan_jax.data.procedural_cars.rays import SAMPLES, along
from gan_jax.data.procedural_cars.solids import FAR, depths_below
from gan_jax.data.procedural_cars.surroundings import is_ground_or_backdrop

COLOURS = {
    "body": (255, 0, 0),
    "cabin": (255, 255, 0),
    "glass": (0, 255, 255),
    "wheel": (0, 0, 0),
    "ground": (0, 255, 0),
    "backdrop": (255, 0, 255),
    "sky": (0, 0, 255),
}
"""Corners of the cube of colours, which are as far apart as seven can be."""
IN_PAINT = ("body", "cabin")
"""The parts that have the colour of the paint."""


def of_rays(scene, hits):
    """Which part each ray meets, True [7, N], in the order of `COLOURS`: one of them each."""
    eye, rays, _, cabin, to_body, to_cabin, to_wheel = hits
    nearest = jnp.minimum(to_wheel, jnp.minimum(to_cabin, to_body))
    is_car, is_wheel = nearest < FAR, to_wheel <= nearest
    points = along(eye, nearest, rays)
    of_cabin = is_car & ~is_wheel & (to_cabin < to_body)
    glass = of_cabin & is_glass(scene, depths_below(cabin, points), points)
    ground, backdrop = is_ground_or_backdrop(scene, eye, rays)
    rest = [ground, backdrop, ~(ground | backdrop)]
    body = is_car & ~is_wheel & ~of_cabin
    car = [body, of_cabin & ~glass, glass, is_car & is_wheel]
    return jnp.concatenate([*car, *(~is_car & part for part in rest)])


@partial(jax.jit, static_argnames=("height", "width"))
def paint(scene, hits, height, width):
    """The map, uint8 [height, width, 3]: each pixel in the colour of the part that most of its rays
    meet, the first one of equals."""
    met = of_rays(scene, hits).reshape(-1, height, SAMPLES, width, SAMPLES)
    part = met.sum((2, 4)).argmax(0)
    return jnp.take(np.array(list(COLOURS.values()), np.uint8), part, axis=0, mode="clip")
