"""Many training steps on every device in one compiled call, the one place that maps over them."""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import jaxpr_as_fun

from gan_jax import keys
from gan_jax.data import kinds
from gan_jax.data.kinds import Kind
from gan_jax.devices import collectives
from gan_jax.devices.mesh import Placement, place
from gan_jax.errors import UserError
from gan_jax.method import Example, Method, Metrics, State, take
from gan_jax.ops import flop


class MetricSums(NamedTuple):
    """Sums since the last log row, added step by step so that no split into calls shows."""

    values: dict[str, chex.Array]
    steps: chex.Array  # int32, how many were added


class Outcome(NamedTuple):
    state: State
    sums: MetricSums
    metrics: Metrics  # of the last step
    finite: jax.Array  # False where those metrics, which ends the call early, or the state are not


def check_settings() -> None:
    """Raises `UserError` where JAX is set to what the compiled loop cannot do or does otherwise."""
    if jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        raise UserError(
            "JAX computes in float64 (jax_enable_x64), and gan_jax trains in float32; unset it."
        )
    if jax.config.jax_disable_jit:  # type: ignore[attr-defined]
        raise UserError("JAX_DISABLE_JIT keeps the training loop from being compiled; unset it.")


def check_divisible(batch_size: int, placement: Placement, is_begun: bool = False) -> None:
    """Raises `UserError` when the devices do not divide the global batch of a run, which is fixed
    where the run has begun."""
    count = jax.device_count() if placement.axis is None else 1
    if batch_size % count == 0:
        return
    if is_begun:
        fitting = [n for n in range(1, count + 1) if batch_size % n == 0]
        some = " or ".join(filter(None, (", ".join(map(str, fitting[:-1])), str(fitting[-1]))))
        raise UserError(
            f"train.batch_size={batch_size}, with which this run began, cannot be divided over "
            f"{count} devices; use {some} of them, such as by CUDA_VISIBLE_DEVICES or "
            "JAX_NUM_CPU_DEVICES."
        )
    near = max(1, round(batch_size / count)) * count
    raise UserError(
        f"train.batch_size={batch_size} cannot be divided over {count} devices; "
        f"set train.batch_size={near}."
    )


class Traced(NamedTuple):
    """A method's step, traced for one device's share of a batch of one size."""

    step: Callable[[State, Example, jax.Array], tuple[State, Metrics]]
    metrics: Any  # the shapes of what it measures
    flop: int  # operations of a step over all devices
    convolves: bool  # at all


def trace(
    method: Method,
    state: State,
    batch: Example,
    placement: Placement | None = None,
    root: Any = None,
) -> Traced:
    """Traces the step of `method`, which takes seconds, once: it says what it measures before there
    is a program, and many steps of it are compiled from the same trace.

    `state` is that of one run, `batch` the global one and `root` what the step takes for the run's
    root key, by default a key; their shapes alone count.
    """
    placement, count = placement or place(1), 1
    step, environment = _with_one_device(method.step), []
    if placement.axis is None:
        count = jax.device_count()
        batch = jax.tree.map(lambda part: _share(part, count), batch)
        step, environment = method.step, [(collectives.AXIS, count)]
    make = jax.make_jaxpr(step, axis_env=environment, return_shape=True)
    is_only = placement.axis is None and count == 1
    with collectives.only_device() if is_only else contextlib.nullcontext():
        jaxpr, shapes = make(state, batch, keys.root(0) if root is None else root)
    call, structure = jaxpr_as_fun(jaxpr), jax.tree.structure(shapes)

    def again(*arguments: Any) -> Any:
        return jax.tree.unflatten(structure, call(*jax.tree.leaves(arguments)))

    operations, convolves = count * flop.of_jaxpr(jaxpr.jaxpr), flop.convolves(jaxpr.jaxpr)
    return Traced(again, shapes[1], operations, convolves)


def _share(part: Any, count: int) -> jax.ShapeDtypeStruct:
    """The shape of one of `count` equal shares of some examples."""
    return jax.ShapeDtypeStruct((part.shape[0] // count, *part.shape[1:]), part.dtype)


def zero_sums(metrics: Metrics, num_members: int = 1) -> MetricSums:
    """Sums of no steps, on the host: scalars, or [members] for more runs than one."""
    shape = (num_members,) if num_members > 1 else ()
    values = {name: np.zeros(shape, np.float32) for name in metrics}
    return MetricSums(values, np.zeros(shape, np.int32))


def many_steps(
    traced: Traced, kind: Kind, split_pool: bool, placement: Placement | None = None
) -> Any:
    """A function (state, sums, pool, indices, key, num_steps) -> Outcome over all devices.

    State, sums, key and results lie as `placement` says; by default they are the same on every
    device, with no leading device axis. `indices`, int32 [local devices, most steps, batch per
    device], numbers each device's examples in its pool; with several seeds they are [local devices,
    most steps, seeds per device, batch], and a device runs its seeds one after another, or as one
    batch of operations (`seeds_at_once`). The pool, stored examples [n, ...] of a kind, is the same
    on every device, or has a leading device axis too (`split_pool`). `num_steps`, at most `most
    steps`, is dynamic: one program serves calls of any length, so how a run is split into calls
    cannot change its results.
    """
    placement = placement or place(1)
    axis = placement.axis
    at_once = seeds_at_once(traced)
    step = jax.vmap(traced.step) if axis is not None and at_once else traced.step

    def on_device(state, sums, pool, indices, key, num_steps) -> Outcome:
        def go_on(carry):
            index, outcome = carry
            return (index < num_steps) & outcome.finite.all()

        def advance(carry):
            index, outcome = carry
            batch = kinds.to_model(kind, take(pool, indices[index]))
            state, metrics = step(outcome.state, batch, key)
            values = jax.tree.map(jnp.add, outcome.sums.values, metrics)
            sums = MetricSums(values, outcome.sums.steps + 1)
            finite = _finite(metrics, sums.steps.shape)
            return index + 1, Outcome(state, sums, metrics, finite)

        none = jax.tree.map(jnp.zeros_like, sums.values)
        start = Outcome(state, sums, none, jnp.ones(sums.steps.shape, bool))
        outcome = jax.lax.while_loop(go_on, advance, (jnp.zeros((), jnp.int32), start))[1]
        whole = _finite(outcome.state, sums.steps.shape)
        return outcome._replace(finite=outcome.finite & whole)

    def in_sequence(state, sums, pool, indices, key, num_steps) -> Outcome:
        def one(parts) -> Outcome:
            state, sums, indices, key = parts
            return on_device(state, sums, pool, indices, key, num_steps)

        return jax.lax.map(one, (state, sums, indices.swapaxes(0, 1), key))

    # Donated buffers of a run of several processes are deleted under it by the second call.
    donated = (0, 1) if jax.process_count() == 1 else ()
    return jax.pmap(
        on_device if axis is None or at_once else in_sequence,
        axis_name=collectives.AXIS if axis is None else "seeds",
        in_axes=(axis, axis, 0 if split_pool else None, 0, axis, None),
        out_axes=axis,
        devices=None if axis is None else placement.devices,
        donate_argnums=donated,
    )


def seeds_at_once(traced: Traced) -> bool:
    """Whether a device computes the step of all its seeds by the same operations.

    Larger ones gain a CPU nothing and cost it what its caches hold. A convolution of several seeds
    is one by groups, which on a GPU takes longer than its groups do.
    """
    return jax.default_backend() != "cpu" and not traced.convolves


def _with_one_device(step: Any) -> Any:
    """`step` with the device that it runs on as its whole world, whatever others do."""

    def alone(state, batch, key):
        shard = jax.tree.map(lambda part: part[None], batch)
        world = jax.vmap(step, (None, 0, None), out_axes=None, axis_name=collectives.AXIS)
        return world(state, shard, key)

    return alone


def _finite(tree: Any, runs: tuple[int, ...]) -> jax.Array:
    """Whether all of a tree is finite: bool [seeds] of leaves [seeds, ...], or [] of one run's.

    A sum with an infinity or a NaN in it is one of these, and takes a third of the time that
    looking at each number does. That of finite numbers is finite up to 3e38.
    """
    finite = jnp.ones(runs, bool)
    for leaf in jax.tree.leaves(tree):
        finite &= jnp.isfinite(leaf.reshape(*runs, -1).sum(axis=-1))
    return finite
