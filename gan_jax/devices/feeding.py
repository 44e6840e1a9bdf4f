"""How images reach the devices: resident there, or gathered by the host ahead of each call.

Both ways give a call a pool and the places of its batches in that pool, so the same program trains
on both and the results are the same.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import jax
import numpy as np

from gan_jax.config import Config
from gan_jax.data import Split
from gan_jax.data.schedule import batch_at
from gan_jax.devices import hosts
from gan_jax.devices.mesh import Placement
from gan_jax.devices.parallel import Pool

MOST_STEPS = 1024
"""The longest call, in steps."""
RESIDENT_SHARE = 0.25
"""The share of a device's memory that resident images may take."""
RESIDENT_BYTES = 2 << 30
"""The same, where a device does not tell its memory."""
CALL_BYTES = 64 << 20
"""The most that the host gathers for one call."""


class Feed(Protocol):
    """What the loop asks of a feed."""

    split_pool: bool
    """Whether each device has a pool of its own, along a leading axis."""
    most_steps: int
    """How many steps a call may have."""

    def get(self, step: int, count: int) -> tuple[Pool, np.ndarray]:
        """The pool and the places in it of the batches of `count` steps from `step` on."""

    def prefetch(self, step: int, count: int) -> None:
        """Starts to gather what `get` will be asked for next."""


def feed(config: Config, images: Split, placement: Placement) -> Feed:
    """The feed that `data.feed` names; `auto` keeps the images on the device when they fit."""
    choice = config.data.feed
    if choice == "auto":
        choice = "device" if images.images.nbytes <= _resident_limit() else "host"
    return (ResidentFeed if choice == "device" else StreamedFeed)(config, images, placement)


def _resident_limit() -> int:
    memory = jax.local_devices()[0].memory_stats() or {}
    limit = memory.get("bytes_limit", RESIDENT_BYTES / RESIDENT_SHARE) * RESIDENT_SHARE
    return int(hosts.gather(limit).min())  # all processes must choose alike


class _Schedule:
    """Which examples this process needs for a call."""

    def __init__(self, config: Config, num_examples: int, placement: Placement):
        self._config, self._num_examples, self._placement = config, num_examples, placement

    def numbers(self, step: int, count: int) -> np.ndarray:
        """Example numbers of `count` steps, as `parallel.many_steps` takes them."""
        if self._placement.num_seeds == 1:
            devices, local = jax.device_count(), jax.local_device_count()
            split = self._batches(0, step, count).reshape(count, devices, -1).swapaxes(0, 1)
            first = jax.process_index() * local
            return split[first : first + local]
        seeds = [self._batches(i, step, count) for i in range(self._placement.num_seeds)]
        split = np.stack(seeds).reshape(len(self._placement.devices), -1, *seeds[0].shape)
        return split.swapaxes(1, 2)  # [devices, count, seeds per device, batch]

    def _batches(self, number: int, step: int, count: int) -> np.ndarray:
        seed, batch_size = self._config.seed + number, self._config.train.examples_per_step
        steps = range(step, step + count)
        return np.stack([batch_at(seed, i, batch_size, self._num_examples) for i in steps])


class ResidentFeed:
    """All images live on every device; a call gets example numbers."""

    split_pool = False

    def __init__(self, config: Config, images: Split, placement: Placement):
        self._schedule = _Schedule(config, len(images.images), placement)
        self._pool = placement.share(Pool(*(np.asarray(part) for part in images)))
        self.most_steps = MOST_STEPS

    def get(self, step: int, count: int) -> tuple[Pool, np.ndarray]:
        return self._pool, _padded(self._schedule.numbers(step, count), self.most_steps)

    def prefetch(self, step: int, count: int) -> None:
        pass  # the images are there


class StreamedFeed:
    """The host gathers each call's images on a thread while the call before it runs."""

    split_pool = True

    def __init__(self, config: Config, images: Split, placement: Placement):
        self._schedule = _Schedule(config, len(images.images), placement)
        self._images = images
        batch_bytes = placement.num_seeds * config.train.examples_per_step * images.images[0].nbytes
        self.most_steps = int(np.clip(CALL_BYTES // batch_bytes, 1, MOST_STEPS))
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._ahead: dict[tuple[int, int], Future] = {}

    def get(self, step: int, count: int) -> tuple[Pool, np.ndarray]:
        self.prefetch(step, count)
        self._ahead = {(step, count): self._ahead[step, count]}  # the call that compiles asks twice
        return self._ahead[step, count].result()

    def prefetch(self, step: int, count: int) -> None:
        if count and (step, count) not in self._ahead:
            self._ahead[step, count] = self._thread.submit(self._gather, step, count)

    def _gather(self, step: int, count: int) -> tuple[Pool, np.ndarray]:
        numbers = _padded(self._schedule.numbers(step, count), self.most_steps)
        flat = numbers.reshape(len(numbers), -1)  # [local devices, most steps * batches]
        pool = Pool(*(np.asarray(part)[flat] for part in self._images))
        places = np.arange(flat[0].size, dtype=np.int32).reshape(1, *numbers.shape[1:])
        return pool, np.broadcast_to(places, numbers.shape)


def _padded(numbers: np.ndarray, steps: int) -> np.ndarray:
    # Steps past the end are never run; the fixed shape lets one program serve every length.
    padding = [(0, 0), (0, steps - numbers.shape[1]), *[(0, 0)] * (numbers.ndim - 2)]
    return np.pad(numbers, padding)
