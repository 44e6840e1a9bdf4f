"""What a run takes, before it is begun: `python launch.py --experiment=NAME --dry_run`."""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys, methods
from gan_jax.config import check
from gan_jax.data import kinds
from gan_jax.devices import feeding, parallel
from gan_jax.devices.mesh import place
from gan_jax.methods import Config
from gan_jax.methods.network_state import NetworkState
from gan_jax.system import user_cache


class Cost(NamedTuple):
    """What one seed of a run takes on the devices that are here."""

    parameters: dict[str, int]  # by network
    flop: int  # operations of a step, over all devices
    state_bytes: int  # on each device
    step_bytes: int  # that the compiled step takes beside it, on each device

    def sentences(self) -> list[str]:
        """The same in words."""
        named = ", ".join(f"{name} {count:,}" for name, count in self.parameters.items())
        state, step = (math.ceil(size / 2**20) for size in (self.state_bytes, self.step_bytes))
        devices = jax.devices()
        return [
            f"Parameters: {named}.",
            f"A step takes {self.flop / 1e9:,.3g} GFLOP.",
            f"Memory on each of {len(devices)} {devices[0].device_kind}: {state:,} MiB for the "
            f"state and {step:,} MiB for a step, beside the images and the program itself.",
        ]


def of(config: Config) -> Cost:
    """What a seed of `config` takes. Compiles its step, which stays in the user's cache, and needs
    no data. Raises `UserError` as training does, for parts that do not fit."""
    check(config)
    user_cache.keep_compiled_programs()
    parallel.check_settings()
    placement, size = place(1), config.train.examples_per_step
    parallel.check_divisible(config.train.batch_size, placement)
    method = methods.make(config)
    state = jax.eval_shape(method.init, keys.root(0))
    batch = methods.batch(config)
    traced = parallel.trace(method, state, batch, placement)
    stored = jax.eval_shape(partial(kinds.from_model, config.data.kind), batch)
    program = parallel.many_steps(traced, config.data.kind, False, placement)
    compiled = program.lower(
        state,
        jax.eval_shape(lambda: jax.tree.map(jnp.asarray, parallel.zero_sums(traced.metrics))),
        stored,
        jax.ShapeDtypeStruct(feeding.shape_of_numbers(size), jnp.int32),
        keys.root(0),
        jax.ShapeDtypeStruct((), jnp.int32),
    ).compile()
    return Cost(
        _parameters(state),
        traced.flop,
        sum(_bytes(leaf) for leaf in jax.tree.leaves(state)),
        compiled.memory_analysis().temp_size_in_bytes,
    )


def _parameters(state: Any) -> dict[str, int]:
    """How many each network of a state has, by its place there."""
    found, _ = jax.tree_util.tree_flatten_with_path(
        state, is_leaf=lambda part: isinstance(part, NetworkState)
    )
    networks = {path: part for path, part in found if isinstance(part, NetworkState)}
    return {
        jax.tree_util.keystr(path).lstrip("."): sum(
            math.prod(leaf.shape) for leaf in jax.tree.leaves(part.params)
        )
        for path, part in networks.items()
    }


def _bytes(leaf: Any) -> int:
    return math.prod(leaf.shape) * np.dtype(leaf.dtype).itemsize
