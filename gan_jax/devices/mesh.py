"""Where the arrays of a run lie: on every device alike, or spread over them seed by seed."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from gan_jax import keys
from gan_jax.devices import collectives
from gan_jax.errors import UserError


class Placement(NamedTuple):
    """One run, its batch split over the devices, or several seeds, each whole on one device.

    On the host, the arrays of several seeds have a leading axis over seeds; where each of several
    settings has these, over all of their members, setting by setting.
    """

    num_seeds: int
    devices: tuple[Any, ...]  # local ones
    num_settings: int = 1

    @property
    def num_members(self) -> int:
        """How many runs train together: each setting with each seed."""
        return self.num_seeds * self.num_settings

    @property
    def axis(self) -> int | None:
        """The axis of arrays along which devices differ; None where they are all alike."""
        return 0 if self.num_members > 1 else None

    def put(self, tree: Any) -> Any:
        """Host arrays where they belong: alike everywhere, or [seeds, ...] in equal shares."""
        if self.axis is None:
            return self.share(tree)
        count = len(self.devices)
        split = jax.tree.map(lambda leaf: leaf.reshape(count, -1, *leaf.shape[1:]), tree)
        return jax.device_put(split, self._sharding(collectives.AXIS))

    def share(self, tree: Any) -> Any:
        """Host arrays on every device alike."""
        return jax.device_put(tree, self._sharding())

    def fetch(self, tree: Any) -> Any:
        """What `put` was given, on the host."""
        tree = jax.device_get(tree)
        if self.axis is None:
            return tree
        return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), tree)

    def runs(self, tree: Any) -> list[Any]:
        """What `put` was given, run by run, on the first device."""
        if self.axis is None:
            return [jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)]
        shares = [_share(tree, number) for number in range(len(self.devices))]
        each = self.num_members // len(self.devices)
        found = [_pick(share, number) for share in shares for number in range(each)]
        return jax.device_put(found, self.devices[0])

    def root_keys(self, seed: int, rollbacks: Sequence[int] = ()) -> jax.Array:
        """The root key of the run, or those of `seed`, `seed` + 1 and so on; put.

        `rollbacks` are the numbers of those that each of the members has behind it.
        """
        numbers = rollbacks or [0] * self.num_members
        roots = [
            keys.after_rollback(keys.root(seed + i % self.num_seeds), number)
            for i, number in enumerate(numbers)
        ]
        return roots[0] if self.axis is None else self.put(jnp.stack(roots))

    def _sharding(self, *axes: str) -> NamedSharding:
        mesh = Mesh(np.array(self.devices), (collectives.AXIS,))
        return NamedSharding(mesh, PartitionSpec(*axes))


def place(num_seeds: int, seed: int = 0, num_settings: int = 1) -> Placement:
    """All local devices for one run; for more, from `seed` on, as many as divide them.

    Raises `UserError` for several runs on several hosts, and for seeds above the largest one.
    """
    if seed + num_seeds > 2**32:
        raise UserError(
            f"train.num_seeds={num_seeds} from --seed={seed} on leads above the largest seed, "
            f"{2**32 - 1}; set --seed={2**32 - num_seeds} or less."
        )
    devices = tuple(jax.local_devices())
    count = num_seeds * num_settings
    if count == 1:
        return Placement(num_seeds, devices)
    if jax.process_count() > 1:
        several = f"train.num_seeds={num_seeds}" if num_settings == 1 else "varied.fields"
        raise UserError(
            f"{several} needs one host, and there are {jax.process_count()}; "
            "start one run on each, with --seed and --workdir of its own."
        )
    used = max(n for n in range(1, len(devices) + 1) if count % n == 0)
    return Placement(num_seeds, devices[:used], num_settings)


def _share(tree: Any, device: int) -> Any:
    return jax.tree.map(lambda leaf: leaf.addressable_data(device), tree)  # [1, seeds, ...]


@functools.partial(jax.jit, static_argnums=1)
def _pick(share: Any, number: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[0, number], share)
