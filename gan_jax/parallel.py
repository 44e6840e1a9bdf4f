"""Many training steps on every device in one compiled call, the one place that maps over them."""

from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from gan_jax import collectives
from gan_jax.errors import UserError
from gan_jax.methods import Batch, Method, Metrics, State


class MetricSums(NamedTuple):
    """Sums since the last log row, added step by step so that no split into calls shows."""

    values: dict[str, chex.Array]
    steps: chex.Array  # int32, how many were added


class Pool(NamedTuple):
    """The images that a call may draw from."""

    images: chex.Array  # uint8 [n, height, width, channels], or float32 points in [-1, 1]
    labels: chex.Array  # int32 [n]


class Outcome(NamedTuple):
    state: State
    sums: MetricSums
    metrics: Metrics  # of the last step
    finite: jax.Array  # False when those metrics, which ends the call early, or the state are not


def check_divisible(batch_size: int) -> None:
    """Raises `UserError` when the devices do not divide the global batch."""
    count = jax.device_count()
    if batch_size % count:
        near = max(1, round(batch_size / count)) * count
        raise UserError(
            f"train.batch_size={batch_size} cannot be divided over {count} devices; "
            f"set train.batch_size={near}."
        )


def zero_sums(method: Method) -> MetricSums:
    """Sums of no steps, on the host."""
    values = {name: np.zeros((), np.float32) for name in method.metrics}
    return MetricSums(values, np.zeros((), np.int32))


def many_steps(method: Method, split_pool: bool) -> Any:
    """A function (state, sums, pool, indices, key, num_steps) -> Outcome over all devices.

    State, sums, key and results are the same on every device, with no leading device axis.
    `indices`, int32 [local devices, most steps, batch per device], numbers each device's examples
    in its pool. The pool is the same on every device, or has a leading device axis too
    (`split_pool`). `num_steps`, at most `most steps`, is dynamic: one program serves calls of any
    length, so how a run is split into calls cannot change its results.
    """

    def on_device(state, sums, pool, indices, key, num_steps) -> Outcome:
        def go_on(carry):
            index, outcome = carry
            return (index < num_steps) & outcome.finite

        def advance(carry):
            index, outcome = carry
            chosen = indices[index]
            batch = Batch(unit_range(pool.images[chosen]), pool.labels[chosen])
            state, metrics = method.step(outcome.state, batch, key)
            values = jax.tree.map(jnp.add, outcome.sums.values, metrics)
            sums = MetricSums(values, outcome.sums.steps + 1)
            finite = jnp.isfinite(jnp.stack(list(metrics.values()))).all()
            return index + 1, Outcome(state, sums, metrics, finite)

        none = jax.tree.map(jnp.zeros_like, sums.values)
        start = Outcome(state, sums, none, jnp.array(True))
        outcome = jax.lax.while_loop(go_on, advance, (jnp.zeros((), jnp.int32), start))[1]
        return outcome._replace(finite=outcome.finite & _all_finite(outcome.state))

    # Donated buffers of a run of several processes are deleted under it by the second call.
    donated = (0, 1) if jax.process_count() == 1 else ()
    return jax.pmap(
        on_device,
        axis_name=collectives.AXIS,
        in_axes=(None, None, 0 if split_pool else None, 0, None, None),
        out_axes=None,
        donate_argnums=donated,
    )


def _all_finite(tree: Any) -> jax.Array:
    finite = jnp.array(True)
    for leaf in jax.tree.leaves(tree):
        finite &= jnp.isfinite(leaf).all()
    return finite


def unit_range(images: jax.Array) -> jax.Array:
    """uint8 images to float32 in [-1, 1]; 0 becomes -1 and 255 becomes 1. Floats stay."""
    if jnp.issubdtype(images.dtype, jnp.floating):
        return images
    return images.astype(jnp.float32) / 127.5 - 1


def replicate(tree: Any) -> Any:
    """Host arrays on every local device, in the layout that `many_steps` takes and returns."""
    mesh = Mesh(np.array(jax.local_devices()), (collectives.AXIS,))
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


def one_copy(tree: Any) -> Any:
    """The copy of replicated arrays on the first local device, without moving anything."""
    return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)
