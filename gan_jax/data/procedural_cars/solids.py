"""The solids that a car is made of, all convex, and where rays meet them."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.procedural_cars.rays import camera, dot
from gan_jax.data.procedural_cars.scene import draw_scene

FAR = 1e6  # distance of a ray that hits nothing


class Hits(NamedTuple):
    """Where the rays of a picture meet the car."""

    eye: jax.Array  # [3]
    rays: jax.Array  # [3, 1, N], of any length
    body: jax.Array  # [16, 4], half-spaces
    cabin: jax.Array  # [8, 4]
    to_body: jax.Array  # [1, N], in lengths of the rays, FAR where a ray misses
    to_cabin: jax.Array
    to_wheel: jax.Array


def _outline(x, z):
    """Half-spaces [P, 4] (normal, offset) of a closed convex outline in x and z, clockwise."""
    x, z = jnp.stack(x), jnp.stack(z)
    along_x, along_z = jnp.roll(x, -1) - x, jnp.roll(z, -1) - z
    shrink = jax.lax.rsqrt(along_x**2 + along_z**2)
    normals = jnp.stack([-along_z * shrink, 0 * x, along_x * shrink])
    return jnp.concatenate([normals, (normals[0] * x + normals[2] * z)[None]]).T


def _flanks(normals, anchors, extents):
    """Half-spaces [2 P, 4]: normals [P, 3] through anchors * extents, and mirrored in y."""
    normals = np.array(normals, np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    offsets = jnp.sum(normals * np.array(anchors, np.float32) * jnp.stack(extents)[None], 1)
    mirrored = np.concatenate([normals, normals * np.array([1, -1, 1], np.float32)])
    return jnp.concatenate([mirrored, jnp.tile(offsets, 2)[:, None]], 1)


def body_solid(shape):
    """Half-spaces [16, 4] of the body up to the windows."""
    nose, waist = shape.length / 2, 0.5 * (shape.clearance + shape.nose)
    deck, cowl = shape.deck * shape.length, shape.cowl * shape.length
    # The boot must not reach in front of the rear window, nor above it, or the outline would dent.
    tail = jnp.minimum(-0.97 * nose, deck - 0.03)
    boot = jnp.minimum(shape.tail, shape.belt - 0.01)
    bonnet = jnp.minimum(shape.nose, shape.belt - 0.05)
    outline = _outline(
        [-0.95 * nose, tail - 0.03, tail, deck, cowl, 0.93 * nose, nose, 0.96 * nose],
        [shape.clearance, waist, boot, shape.belt, shape.belt, bonnet, waist, shape.clearance],
    )
    flanks = _flanks(
        [(0, 1, 0), (0, 1, 0.3), (1, 0.7, 0), (-1, 0.5, 0)],
        [(0, 1, 0), (0, 1, 0.68), (0.8, 1, 0), (-0.9, 1, 0)],
        [nose, shape.width / 2, shape.belt],
    )
    return jnp.concatenate([outline, flanks])


def _cabin_solid(shape):
    """Half-spaces [8, 4] of the cabin: rear, roof (three), front, floor, left and right."""
    foot, roof = shape.belt - 0.04, shape.height
    rear, front = shape.roof_rear, shape.roof_front
    x = [shape.deck, rear, 0.7 * rear + 0.3 * front, 0.3 * rear + 0.7 * front, front, shape.cowl]
    outline = _outline(
        [shape.length * station for station in x],
        [foot, roof - 0.04, roof - 0.005, roof, roof - 0.03, foot],
    )
    flanks = _flanks([(0, 1, 0.36)], [(0, 0.94, 1)], [0 * foot, shape.width / 2, foot])
    return jnp.concatenate([outline, flanks])


def _cast(solid, eye, rays):
    """Distances [1, N] to a convex solid [P, 4], in lengths of the rays; FAR where they miss."""
    entry, leave = jnp.array([-FAR, FAR])
    for plane in jnp.unstack(solid):  # one by one, which vectorises over N, unlike a reduction
        slope = dot(plane, rays)
        distance = (plane[3] - dot(plane, eye)) / slope
        entry = jnp.where(slope < 0, jnp.maximum(entry, distance), entry)
        leave = jnp.where(slope < 0, leave, jnp.minimum(leave, distance))
    return jnp.where((entry < leave) & (entry > 0), entry, FAR)


def _cast_wheels(shape, eye, rays):
    """Distance [1, N] to the nearest of four wheels: cylinders about axes along y."""
    side = np.array([[-1], [-1], [1], [1]], np.float32)
    axle = np.array([[-0.3], [0.3], [-0.3], [0.3]], np.float32)
    outer = (side * 0.505 * shape.width - eye[1]) / rays[1]  # [4, N]
    inner = (side * (0.505 * shape.width - 0.22) - eye[1]) / rays[1]
    x, z = eye[0] - axle * shape.length, eye[2] - shape.wheel
    a, b = rays[0] ** 2 + rays[2] ** 2, x * rays[0] + z * rays[2]
    root = jnp.sqrt(jnp.maximum(b * b - a * (x * x + z * z - shape.wheel**2), 0))
    entry = jnp.maximum(jnp.minimum(outer, inner), (-b - root) / a)
    leave = jnp.minimum(jnp.maximum(outer, inner), (-b + root) / a)
    return jnp.min(jnp.where(entry < leave, entry, FAR), 0, keepdims=True)


@partial(jax.jit, static_argnames=("height", "width"))
def trace(key, height, width, paint=None, sky=None):
    """A scene drawn from a key, and where the rays of its picture hit: `Scene` and `Hits`."""
    scene = draw_scene(key, paint, sky)
    body, cabin = body_solid(scene.shape), _cabin_solid(scene.shape)
    eye, rays = camera(scene, height, width)
    to_body, to_cabin = _cast(body, eye, rays), _cast(cabin, eye, rays)
    to_wheel = _cast_wheels(scene.shape, eye, rays)
    return scene, Hits(eye, rays, body, cabin, to_body, to_cabin, to_wheel)


def depths_below(solid, points):
    """Depths [1, N] of points below each face of a solid."""
    return [plane[3] - dot(plane, points) for plane in jnp.unstack(solid)]


def rounded_normal(solid, depths):
    """Normals, a triple of [1, N], blended near edges (25 cm) so that they look round."""
    weights = [jnp.square(jnp.maximum(1 - 4 * depth, 0)) for depth in depths]
    return [sum(p[i] * w for p, w in zip(solid, weights, strict=True)) for i in range(3)]
