"""A car and its surroundings: the tables they are drawn from, and one draw of them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Shape(NamedTuple):
    """Measures of a body; the four stations along x are fractions of the length."""

    length: float
    width: float
    height: float
    belt: float  # height of the lower edge of the windows
    nose: float  # height of the bonnet's front edge
    tail: float  # height of the boot's rear edge
    cowl: float  # foot of the windscreen
    roof_front: float
    roof_rear: float
    deck: float  # foot of the rear window
    wheel: float  # radius
    clearance: float


BODY_TYPES = {
    "sedan": Shape(4.6, 1.80, 1.44, 0.93, 0.72, 0.90, 0.23, 0.06, -0.20, -0.36, 0.33, 0.20),
    "hatchback": Shape(3.9, 1.72, 1.48, 0.94, 0.76, 0.90, 0.28, 0.10, -0.34, -0.46, 0.31, 0.20),
    "estate": Shape(4.7, 1.80, 1.48, 0.94, 0.74, 0.90, 0.24, 0.08, -0.41, -0.47, 0.33, 0.20),
    "suv": Shape(4.5, 1.88, 1.78, 1.12, 0.98, 1.06, 0.25, 0.12, -0.42, -0.47, 0.39, 0.28),
    "pickup": Shape(5.2, 1.90, 1.80, 1.12, 0.98, 1.10, 0.23, 0.13, -0.05, -0.09, 0.40, 0.30),
    "van": Shape(4.8, 1.92, 2.05, 1.18, 0.92, 1.12, 0.40, 0.25, -0.44, -0.47, 0.34, 0.22),
    "coupe": Shape(4.3, 1.84, 1.24, 0.82, 0.60, 0.78, 0.20, 0.02, -0.14, -0.40, 0.34, 0.15),
}

PICKUP = list(BODY_TYPES).index("pickup")

BODY_SHARES = (26, 19, 11, 16, 8, 6, 14)

# Each row is a share and then, beside a colour (linear red, green, blue), what its comment names.
PAINTS = {
    "white": (20, 0.85, 0.85, 0.83),
    "black": (15, 0.012, 0.012, 0.015),
    "grey": (10, 0.12, 0.125, 0.13),
    "silver": (13, 0.45, 0.46, 0.47),
    "blue": (12, 0.02, 0.07, 0.34),
    "red": (16, 0.55, 0.012, 0.012),
    "green": (3, 0.02, 0.14, 0.05),
    "yellow": (5, 0.80, 0.48, 0.01),
    "orange": (3, 0.75, 0.17, 0.01),
    "brown": (3, 0.20, 0.12, 0.06),
}

SKIES = {  # strength of the sun, zenith, horizon
    "clear": (32, 1.3, 0.12, 0.30, 0.75, 0.60, 0.75, 0.90),
    "overcast": (22, 0.3, 0.60, 0.63, 0.68, 0.85, 0.86, 0.87),
    "studio": (22, 0.6, 0.98, 0.98, 0.98, 1.00, 1.00, 1.00),  # white
    "evening": (13, 1.0, 0.20, 0.22, 0.45, 0.85, 0.50, 0.25),
    "night": (11, 0.7, 0.02, 0.03, 0.06, 0.06, 0.07, 0.10),  # lit by a lamp
}

GROUNDS = {
    "asphalt": (28, 0.14, 0.14, 0.15),
    "wet asphalt": (18, 0.04, 0.04, 0.045),
    "concrete": (18, 0.40, 0.39, 0.36),
    "grass": (12, 0.10, 0.19, 0.04),
    "earth": (8, 0.30, 0.21, 0.12),
    "snow": (16, 0.85, 0.85, 0.86),  # or a studio's floor
}

BACKDROPS = {  # distance behind the car, height, colour
    "hills": (22, 90.0, 5.0, 0.20, 0.27, 0.30),
    "trees": (34, 8.0, 4.0, 0.06, 0.12, 0.025),
    "buildings": (26, 12.0, 5.0, 0.35, 0.26, 0.20),
    "wall": (18, 4.0, 3.5, 0.35, 0.22, 0.16),
}

RANGES = {  # what varies evenly, and how far
    "glass": (0.005, 0.10),  # light that comes back through the windows
    "rim": (0.1, 0.8),  # brightness of the wheels' metal
    "cladding": (-0.3, 0.2),  # height of the dark plastic above the sills
    "pitch": (0.03, 0.36),  # elevation of the camera
    "roll": (-0.06, 0.06),
    "distance": (6.5, 13.0),  # of the camera
    "fill": (0.80, 1.02),  # share of the picture's width for the car, where its height allows
    "shift_x": (-0.8, 0.8),  # offset of the car, as a share of the space around it
    "shift_y": (-0.6, 0.5),
    "sun_side": (-1.6, 1.6),  # azimuth of the sun from the camera's: mostly behind the camera
    "sun_height": (0.5, 1.2),
    "kerb": (-6.0, 6.0),  # y of the edge of the road
    "nearness": (0.9, 1.6),  # scale of the backdrop's distance
    "tallness": (0.5, 1.6),  # scale of the backdrop's height
    "phase": (0.0, 50.0),  # offset of every texture
    "exposure": (0.7, 1.4),
}


class Scene(NamedTuple):
    """All that one picture shows. Angles are in radians; colours [3, 1] are linear light."""

    body_type: jax.Array  # index into BODY_TYPES
    paint_type: jax.Array  # into PAINTS
    sky_type: jax.Array  # into SKIES
    ground_type: jax.Array  # into GROUNDS
    verge_type: jax.Array  # likewise
    shape: Shape
    yaw: jax.Array  # azimuth of the camera: 0 before the nose, positive on the car's left
    sunlight: jax.Array
    backdrop_type: jax.Array  # index into BACKDROPS
    backdrop_distance: jax.Array
    backdrop_height: jax.Array
    free: dict[str, jax.Array]  # the values of RANGES
    paint: jax.Array
    zenith: jax.Array
    horizon: jax.Array
    ground: jax.Array
    verge: jax.Array  # the ground beyond the kerb
    backdrop: jax.Array


def _choose(table, uniform, index=None):
    """Index of a row, drawn by the shares in column 0 where none is given, and the rest of it."""
    table = np.array(table, np.float32)
    if index is None:
        cumulative = np.cumsum(table[:, 0]) / np.sum(table[:, 0])
        index = jnp.sum(uniform > cumulative[:-1])
    return index, jnp.take(table[:, 1:], index, axis=0, mode="clip")


def draw_scene(key, paint=None, sky=None):
    """Draws one `Scene` from a typed key; with the index of a paint or of a sky it is the same but
    for that."""
    # One call for all, since each costs compile time.
    uniforms = jax.random.uniform(key, (64,))
    choice, measures, tints, ranges = jnp.split(uniforms, (8, 20, 44))
    bodies = np.column_stack([BODY_SHARES, list(BODY_TYPES.values())])
    body_type, shape = _choose(bodies, choice[0])
    paint_type, paint = _choose(list(PAINTS.values()), choice[1], paint)
    sky_type, sky = _choose(list(SKIES.values()), choice[2], sky)
    ground_type, ground = _choose(list(GROUNDS.values()), choice[3])
    verge_type, verge = _choose(list(GROUNDS.values()), choice[4])
    backdrop_type, backdrop = _choose(list(BACKDROPS.values()), choice[5])

    low, high = np.array(list(RANGES.values()), np.float32).T
    free = dict(zip(RANGES, low + (high - low) * ranges[: len(RANGES)], strict=True))
    # Most cars in photographs are seen from a front corner.
    yaw = 0.1 + 1.3 * choice[6] + 1.5 * choice[6] ** 3
    colours = jnp.stack([paint, sky[1:4], sky[4:7], ground, verge, backdrop[2:5]])
    tints = 2 * tints.reshape(6, 4) - 1
    colours *= (1 + 0.08 * tints[:, :3]) * (1 + 0.25 * tints[:, 3:])
    return Scene(
        body_type,
        paint_type,
        sky_type,
        ground_type,
        verge_type,
        Shape(*(shape * (0.97 + 0.06 * measures))),
        jnp.where(choice[7] < 0.5, -yaw, yaw),
        sky[0],
        backdrop_type,
        backdrop[0] * free["nearness"],
        backdrop[1] * free["tallness"],
        free,
        *colours[:, :, None],
    )
