"""The car's colours, the light on them, and the finished picture."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.procedural_cars.rays import SAMPLES, along, dot
from gan_jax.data.procedural_cars.scene import PICKUP
from gan_jax.data.procedural_cars.solids import FAR, depths_below, rounded_normal
from gan_jax.data.procedural_cars.surroundings import ramp, sky, skylight, surroundings, to_sun


def _body_colour(scene, points):
    """Colours [3, N] of the body: paint, lamps, grille, plate, arches, sills and door gaps."""
    shape = scene.shape
    x, y, z = points[0], jnp.abs(points[1]) / (0.5 * shape.width), points[2]
    forth = x / (0.5 * shape.length)
    front, rear = forth > 0.9, forth < -0.9
    below_nose, below_tail, above_sill = shape.nose - z, shape.tail - z, z - shape.clearance
    gap = (jnp.abs(forth - 0.42) < 0.01) | (jnp.abs(forth + 0.05) < 0.01)
    gap &= (y > 0.9) & (above_sill > 0.15)
    grille = front & (y < 0.45) & (jnp.abs(below_nose - 0.16) < 0.08)
    intake = front & (y < 0.65) & (jnp.abs(above_sill - 0.1) < 0.06)
    bed = (scene.body_type == PICKUP) & (below_tail < 0.02) & (y < 0.8) & ~rear
    bed &= x < shape.deck * shape.length
    sill = above_sill < jnp.maximum(scene.free["cladding"], 0.04)
    arch = jnp.square(jnp.abs(x) - 0.3 * shape.length) + jnp.square(z - shape.wheel)
    arch = (y > 0.8) & (arch < jnp.square(1.18 * shape.wheel))
    dark = gap | grille | intake | bed | sill | arch
    plate = jnp.abs(jnp.where(front, below_nose, below_tail) - 0.31) < 0.06
    plate &= (y < 0.28) & (front | rear)
    lamp = (forth > 0.86) & (y > 0.55) & (jnp.abs(below_nose - 0.12) < 0.09)
    tail_lamp = rear & (y > 0.62) & (jnp.abs(below_tail - 0.17) < 0.13)
    colour = jnp.where(dark, 0.015, jnp.where(plate, 0.85, scene.paint))
    colour = jnp.where(lamp, np.array([[0.40], [0.45], [0.50]], np.float32), colour)
    return jnp.where(tail_lamp, np.array([[0.6], [0.01], [0.01]], np.float32), colour)


def _wheel_colour(scene, points):
    """Brightness [1, N] of tyres and of rims with five spokes."""
    x = (jnp.abs(points[0]) - 0.3 * scene.shape.length) / scene.shape.wheel
    z = points[2] / scene.shape.wheel - 1
    square = x * x + z * z
    spokes = x * (x**4 - 10 * x * x * z * z + 5 * z**4)  # radius^5 cos(5 angle)
    metal = (spokes > -0.2 * square * square * jnp.sqrt(square)) | (square > 0.34)
    rim = (jnp.abs(points[1]) > 0.5 * scene.shape.width) & (square < 0.45)
    return jnp.where(rim, jnp.where(metal, scene.free["rim"], 0.04), 0.012)


def is_glass(scene, depths, points):
    """True [1, N] where the cabin has a window rather than a pillar or the roof."""
    near_edges = sum(depth < 0.07 for depth in depths)
    roof = (depths[1] < 0.07) | (depths[2] < 0.07) | (depths[3] < 0.07)
    on_side = (depths[6] < 0.01) | (depths[7] < 0.01)
    pillar = jnp.abs(points[0] + 0.025 * scene.shape.length) < 0.05
    return (near_edges < 2) & ~roof & ~(on_side & pillar)


def _lit(scene, sun, colour, gloss, normal, rays):
    """Light [3, N] that a surface sends to the eye: sun, sky, and a mirrored share `gloss`."""
    bounce = 0.4 * scene.ground * (skylight(scene) + scene.sunlight)
    ambient = bounce + (0.05 + 0.7 * skylight(scene) - bounce) * (0.5 + 0.5 * normal[2])
    diffuse = colour * (ambient + scene.sunlight * jnp.maximum(dot(sun, normal), 0))
    shrink = jax.lax.rsqrt(dot(rays, rays))
    cosine = dot(normal, rays) * shrink
    upwards = rays[2] * shrink - 2 * cosine * normal[2]  # of the mirrored ray
    fresnel = gloss * (1 + 4 * (1 - jnp.abs(cosine)) ** 4)
    open_sky = ramp(-0.05, 0.3, upwards)
    world = 0.3 * scene.ground * skylight(scene) * (1 - open_sky)
    glint = dot(sun, rays) * shrink - 2 * cosine * dot(sun, normal)
    glint = jnp.square(ramp(0.85, 1.0, glint))
    mirror = world + open_sky * sky(scene, upwards) + 4 * scene.sunlight * glint
    return diffuse + fresnel * mirror


@partial(jax.jit, static_argnames=("height", "width"))
def shade(scene, hits, height, width):
    """The picture, uint8 [height, width, 3], of what the rays hit."""
    eye, rays, body, cabin, to_body, to_cabin, to_wheel = hits
    sun = to_sun(scene)
    nearest = jnp.minimum(to_wheel, jnp.minimum(to_cabin, to_body))
    is_wheel, is_cabin = to_wheel <= nearest, to_cabin < to_body
    points = along(eye, nearest, rays)
    body_depths, cabin_depths = depths_below(body, points), depths_below(cabin, points)
    glass = is_cabin & is_glass(scene, cabin_depths, points)
    of_body, of_cabin = rounded_normal(body, body_depths), rounded_normal(cabin, cabin_depths)
    of_wheel = [0.0 * points[1], jnp.sign(points[1]), 0.0 * points[1]]
    normal = [
        jnp.where(is_wheel, of_wheel[i], jnp.where(is_cabin, of_cabin[i], of_body[i]))
        for i in range(3)
    ]
    shrink = jax.lax.rsqrt(dot(normal, normal) + 1e-6)
    normal = [component * shrink for component in normal]
    colour = jnp.where(is_cabin, scene.paint, _body_colour(scene, points))
    colour = jnp.where(glass, scene.free["glass"], colour)
    colour = jnp.where(is_wheel, _wheel_colour(scene, points), colour)
    gloss = jnp.where(is_wheel, 0.01, jnp.where(glass, 0.2, 0.06))
    lit = _lit(scene, sun, colour, gloss, normal, rays)
    light = jnp.where(nearest < FAR, lit, surroundings(scene, sun, eye, rays))
    light = jnp.clip(scene.free["exposure"] * light, 0, 1)
    light = light.reshape(3, height, SAMPLES, width, SAMPLES).mean((2, 4))
    encoded = jnp.sqrt(light)
    encoded = 0.5 * encoded + 0.5 * encoded**2 * (3 - 2 * encoded)  # the contrast of a camera
    return jnp.round(255 * encoded).astype(jnp.uint8).transpose(1, 2, 0)
