"""How examples reach the devices: resident there, or gathered by the host ahead of each call.

Both ways give a call a pool and the places of its batches in that pool, so the same program trains
on both and the results are the same.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import jax
import numpy as np

from gan_jax.data.schedule import ByClass, batch_at
from gan_jax.devices import hosts
from gan_jax.devices.mesh import Placement
from gan_jax.method import Example, num_examples, take

MOST_STEPS = 1024
"""The longest call, in steps."""
RESIDENT_SHARE = 0.25
"""The share of a device's memory that resident examples may take."""
RESIDENT_BYTES = 2 << 30
"""The same, where a device does not report its memory."""
CALL_BYTES = 64 << 20
"""The most that the host gathers for one call."""


class Feed(Protocol):
    """What the loop asks of a feed."""

    split_pool: bool
    """Whether each device has a pool of its own, along a leading axis."""
    most_steps: int
    """How many steps a call may have."""

    def get(self, step: int, count: int) -> tuple[Example, np.ndarray]:
        """The pool, stored examples [n, ...], and the places in it of the batches of `count` steps
        from `step` on."""

    def prefetch(self, step: int, count: int) -> None:
        """Starts to gather what `get` will be asked for next."""


def feed(
    choice: str,
    examples: Example,
    seed: int,
    batch_size: int,
    placement: Placement,
    by_class: ByClass | None = None,
) -> Feed:
    """The feed that `choice`, device or host, names; auto keeps the examples on the device when
    they fit. A step takes `batch_size` examples over all devices, in the order of `seed`; where
    `by_class` is given, by that."""
    if choice == "auto":
        choice = "device" if _num_bytes(examples) <= _resident_limit() else "host"
    kind = ResidentFeed if choice == "device" else StreamedFeed
    return kind(examples, seed, batch_size, placement, by_class)


def shape_of_numbers(batch_size: int) -> tuple[int, ...]:
    """Of what a call of one seed gets, where the examples are on the devices."""
    return jax.local_device_count(), MOST_STEPS, batch_size // jax.device_count()


def _num_bytes(examples: Any) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(examples))


def _resident_limit() -> int:
    memory = jax.local_devices()[0].memory_stats() or {}
    limit = memory.get("bytes_limit", RESIDENT_BYTES / RESIDENT_SHARE) * RESIDENT_SHARE
    return int(hosts.gather(limit).min())  # all processes must choose alike


class _Schedule:
    """Which examples this process needs for a call."""

    def __init__(
        self,
        num_examples: int,
        seed: int,
        batch_size: int,
        placement: Placement,
        by_class: ByClass | None,
    ):
        self._num_examples, self._placement, self._by_class = num_examples, placement, by_class
        self._seed, self._batch_size = seed, batch_size

    def numbers(self, step: int, count: int) -> np.ndarray:
        """Example numbers of `count` steps, as `parallel.many_steps` takes them."""
        if self._placement.axis is None:
            devices, local = jax.device_count(), jax.local_device_count()
            split = self._batches(0, step, count).reshape(count, devices, -1).swapaxes(0, 1)
            first = jax.process_index() * local
            return split[first : first + local]
        seeds = [self._batches(i, step, count) for i in range(self._placement.num_seeds)]
        members = np.stack(seeds * self._placement.num_settings)
        split = members.reshape(len(self._placement.devices), -1, *seeds[0].shape)
        return split.swapaxes(1, 2)  # [devices, count, seeds per device, batch]

    def _batches(self, number: int, step: int, count: int) -> np.ndarray:
        seed, size, steps = self._seed + number, self._batch_size, range(step, step + count)
        if self._by_class:
            return np.stack([self._by_class.batch_at(seed, i, size) for i in steps])
        return np.stack([batch_at(seed, i, size, self._num_examples) for i in steps])


class _ScheduledFeed(Feed):
    """A feed of examples in the order of a seed."""

    def __init__(
        self,
        examples: Example,
        seed: int,
        batch_size: int,
        placement: Placement,
        by_class: ByClass | None = None,
    ):
        count = num_examples(examples)
        self._schedule = _Schedule(count, seed, batch_size, placement, by_class)
        self._hold(jax.tree.map(np.asarray, examples), batch_size, placement)

    def _hold(self, examples: Example, batch_size: int, placement: Placement) -> None:
        """Keeps the examples where they are to be, and decides how many steps a call may have."""
        raise NotImplementedError


class ResidentFeed(_ScheduledFeed):
    """All examples live on every device; a call gets their numbers."""

    split_pool = False

    def _hold(self, examples: Example, batch_size: int, placement: Placement) -> None:
        self._pool = placement.share(examples)
        self.most_steps = MOST_STEPS

    def get(self, step: int, count: int) -> tuple[Example, np.ndarray]:
        return self._pool, _padded(self._schedule.numbers(step, count), self.most_steps)

    def prefetch(self, step: int, count: int) -> None:
        pass  # the examples are there


class StreamedFeed(_ScheduledFeed):
    """The host gathers each call's examples on a thread while the call before it runs."""

    split_pool = True

    def _hold(self, examples: Example, batch_size: int, placement: Placement) -> None:
        self._examples = examples
        batch_bytes = placement.num_members * batch_size * _num_bytes(take(examples, slice(1)))
        self.most_steps = int(np.clip(CALL_BYTES // batch_bytes, 1, MOST_STEPS))
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._ahead: dict[tuple[int, int], Future] = {}

    def get(self, step: int, count: int) -> tuple[Example, np.ndarray]:
        self.prefetch(step, count)
        self._ahead = {(step, count): self._ahead[step, count]}  # the call that compiles asks twice
        return self._ahead[step, count].result()

    def prefetch(self, step: int, count: int) -> None:
        if count and (step, count) not in self._ahead:
            self._ahead[step, count] = self._thread.submit(self._gather, step, count)

    def _gather(self, step: int, count: int) -> tuple[Example, np.ndarray]:
        numbers = _padded(self._schedule.numbers(step, count), self.most_steps)
        flat = numbers.reshape(len(numbers), -1)  # [local devices, most steps * batches]
        pool = take(self._examples, flat)
        places = np.arange(flat[0].size, dtype=np.int32).reshape(1, *numbers.shape[1:])
        return pool, np.broadcast_to(places, numbers.shape)


def _padded(numbers: np.ndarray, steps: int) -> np.ndarray:
    # Steps past the end are never run; the fixed shape lets one program serve every length.
    padding = [(0, 0), (0, steps - numbers.shape[1]), *[(0, 0)] * (numbers.ndim - 2)]
    return np.pad(numbers, padding)
