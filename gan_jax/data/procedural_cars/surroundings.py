"""What stands around the car: sun, sky, ground and backdrop."""

import jax
import jax.numpy as jnp

from gan_jax.data.procedural_cars.rays import along, dot


def ramp(low, high, value):
    """From 0 at `low` evenly to 1 at `high`, and level beyond."""
    return jnp.clip((value - low) / (high - low), 0, 1)


def _wave(turns):
    """A sine of `turns` full turns, to within 0.06, by a parabola: far cheaper than a sine."""
    turns = turns - jnp.round(turns)
    return 8 * turns * (1 - 2 * jnp.abs(turns))


def to_sun(scene):
    """Direction [3]."""
    azimuth, elevation = scene.yaw + scene.free["sun_side"], scene.free["sun_height"]
    level = jnp.cos(elevation)
    return jnp.stack([level * jnp.cos(azimuth), level * jnp.sin(azimuth), jnp.sin(elevation)])


def sky(scene, upwards):
    """Colour [3, N] of the sky where a ray's z is `upwards`."""
    share = jnp.sqrt(jnp.maximum(upwards, 0))
    return scene.horizon + (scene.zenith - scene.horizon) * share


def skylight(scene):
    """Colour [3, 1] of the light that the whole sky sends down."""
    return 0.5 * (scene.zenith + scene.horizon)


def _floor(scene, sun, points, distance):
    """Colour [3, N] of the ground with its kerb, lane marks and the car's shadow."""
    x, y = points[0], points[1]
    kerb, phase = scene.free["kerb"], scene.free["phase"]
    kerb = kerb + 1.4 * jnp.sign(kerb)  # clear of the car
    beyond = y * jnp.sign(kerb) > jnp.abs(kerb)
    grain = _wave(0.17 * x + phase + 0.6 * _wave(0.23 * y)) * _wave(
        0.31 * y + 0.4 * _wave(0.19 * x)
    )
    colour = jnp.where(beyond, scene.verge, scene.ground) * (1 + 0.15 * grain)
    marked = (jnp.abs(y - 0.93 * kerb) < 0.08) & (_wave(0.16 * x + phase) > -0.5) & (phase > 25)
    colour = jnp.where(marked, 0.8, colour)
    slide = 0.5 * scene.shape.height / (sun[2] + 0.2)
    out_x, out_y = 0.48 * scene.shape.length, 0.46 * scene.shape.width
    contact = jnp.maximum(jnp.abs(x) - out_x, jnp.abs(y) - out_y)
    cast = jnp.maximum(jnp.abs(x + slide * sun[0]) - out_x, jnp.abs(y + slide * sun[1]) - out_y)
    shade = jnp.maximum(
        0.85 * ramp(0.25, -0.3, contact), jnp.minimum(scene.sunlight, 0.7) * ramp(0.4, -0.5, cast)
    )
    haze = jnp.clip(distance / 120, 0, 0.8)
    light = 0.7 * skylight(scene) + 0.05 + scene.sunlight * sun[2]
    return colour * light * ((1 - shade) * (1 - haze)) + scene.horizon * haze


def _skyline(scene, across):
    """The upper edge of the backdrop, of its height, the ranks of its buildings and its crowns:
    [1, N] each."""
    kind = scene.backdrop_type
    block = jnp.floor(across / 5)
    rank = jnp.abs(_wave(5.37 * block))  # 0 to 1, an arbitrary value for each building
    hills = _wave(0.02 * across) + 0.4 * _wave(0.06 * across)
    crowns = _wave(0.2 * across) + 0.5 * _wave(0.59 * across + 0.2) + 0.3 * _wave(1.3 * across)
    edge = 1 + 0.25 * jnp.where(kind == 0, hills, jnp.where(kind == 1, crowns, 0.0))
    return jnp.where(kind == 2, 0.5 + rank, edge), rank, crowns


def _backdrop(scene, across, z, beyond):
    """Colour [3, N] of what stands behind the car, at `across` and `z`, and `beyond` over it."""
    is_tree, is_building = scene.backdrop_type == 1, scene.backdrop_type == 2
    skyline, rank, crowns = _skyline(scene, across)
    leaves = 0.9 + 0.8 * _wave(0.8 * across + 0.5 * _wave(0.6 * z)) * _wave(z + 0.3 * crowns)
    panes = (_wave(0.6 * across) > 0) & (_wave(0.6 * z + 0.2) > 0)
    facade = (0.5 + 0.8 * rank) * jnp.where(panes, 0.25, 1.0)
    courses = 1 - jnp.where(_wave(1.1 * z) > 0.8, 0.4, 0.0) - 0.2 * (_wave(0.3 * across) > 0.3)
    texture = jnp.where(is_tree, leaves, jnp.where(is_building, facade, courses))
    light = 0.35 * (scene.zenith + scene.horizon) + 0.04 + 0.7 * scene.sunlight
    haze = jnp.clip(scene.backdrop_distance / 250, 0, 0.6)
    lit = scene.backdrop * light * (1 - haze) * texture + scene.horizon * haze
    return jnp.where(z < skyline * scene.backdrop_height, lit, beyond)


def _meet(scene, eye, rays):
    """Where rays meet the ground and the plane of the backdrop: their distances, how far along it,
    and how high, [1, N] each."""
    cos_yaw, sin_yaw = jnp.cos(scene.yaw), jnp.sin(scene.yaw)
    to_ground = eye[2] / jnp.maximum(-rays[2], 1e-5)
    approach = -cos_yaw * rays[0] - sin_yaw * rays[1]
    to_backdrop = (scene.backdrop_distance + cos_yaw * eye[0] + sin_yaw * eye[1]) / approach
    across = to_backdrop * (cos_yaw * rays[1] - sin_yaw * rays[0]) + 3 * scene.free["phase"]
    return to_ground, to_backdrop, across, eye[2] + to_backdrop * rays[2]


def is_ground_or_backdrop(scene, eye, rays):
    """Where rays that miss the car meet the ground, and where the backdrop: True, [1, N] each."""
    to_ground, to_backdrop, across, z = _meet(scene, eye, rays)
    is_ground = to_ground < to_backdrop
    return is_ground, ~is_ground & (z < _skyline(scene, across)[0] * scene.backdrop_height)


def surroundings(scene, sun, eye, rays):
    """Colour [3, N] of all that is not the car: ground, backdrop and sky."""
    to_ground, to_backdrop, across, z = _meet(scene, eye, rays)
    backdrop = _backdrop(
        scene,
        across,
        z,
        sky(scene, rays[2] * jax.lax.rsqrt(dot(rays, rays))),
    )
    floor = _floor(scene, sun, along(eye, to_ground, rays), to_ground)
    return jnp.where(to_ground < to_backdrop, floor, backdrop)
