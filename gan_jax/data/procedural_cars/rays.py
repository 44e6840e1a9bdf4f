"""The rays of a picture, from the camera through its pixels, and arithmetic on triples."""

import jax.numpy as jnp
import numpy as np

SAMPLES = 2  # rays per pixel along each axis


def dot(a, b):
    """Dot product of two triples, written out since a reduction would not vectorise."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def along(eye, distance, rays):
    """Points on the rays, as a triple of [1, N]: slices of one array would recompute it."""
    return [eye[i] + distance * rays[i] for i in range(3)]


def camera(scene, height, width):
    """The eye [3] and rays [3, 1, N] of any length, framed so that the car fits."""
    angles = jnp.stack([scene.yaw, scene.free["pitch"], scene.free["roll"]])
    cos_yaw, cos_pitch, cos_roll = jnp.cos(angles)
    sin_yaw, sin_pitch, sin_roll = jnp.sin(angles)
    backward = jnp.stack([cos_pitch * cos_yaw, cos_pitch * sin_yaw, sin_pitch])
    level = jnp.stack([-sin_yaw, cos_yaw, 0.0])
    upright = jnp.stack([-cos_yaw * sin_pitch, -sin_yaw * sin_pitch, cos_pitch])
    right = cos_roll * level + sin_roll * upright
    up = cos_roll * upright - sin_roll * level
    size = jnp.stack(scene.shape[:3])
    eye = scene.free["distance"] * backward + size * np.array([0, 0, 0.5], np.float32)

    corners = np.array([(x, y, z) for x in (-0.48, 0.48) for y in (-0.46, 0.46) for z in (0, 0.96)])
    offsets = size[:, None] * corners.T.astype(np.float32) - eye[:, None]  # [3, 8]
    depth = -dot(backward, offsets)
    seen = jnp.stack([dot(right, offsets) / depth, dot(up, offsets) / depth])
    low, high = seen.min(1), seen.max(1)
    half = np.array([width / height, 1.0], np.float32)  # half the picture, whose height is 2
    scale = jnp.max((high - low) / (2 * half) / jnp.stack([scene.free["fill"], 0.9]))
    space = scale * half - (high - low) / 2
    centre = (low + high) / 2 - space * jnp.stack([scene.free["shift_x"], scene.free["shift_y"]])

    rows, columns = np.indices((height * SAMPLES, width * SAMPLES), np.float32).reshape(2, -1)
    across = centre[0] + scale * ((2 * columns + 1) / (height * SAMPLES) - width / height)
    upwards = centre[1] + scale * (1 - (2 * rows + 1) / (height * SAMPLES))
    screen = jnp.stack([across, upwards, jnp.ones_like(across)])
    return eye, (jnp.stack([right, up, -backward], 1) @ screen)[:, None]
