"""Functions of examples, a fixed number at a time, many times in one call on every local device."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from gan_jax.method import num_examples, take

CHUNK = 64
"""Examples that a CPU computes together, and an accelerator too where nothing else is said. Their
number never varies in a stream, so neither does what is made of an example with how many others
there are, with the devices and with the calls that they are split into."""
MOST_CHUNKS = 16
"""Of each device in a call, whose results are pixels of a few bytes: less than one layer holds of
one chunk. What depends on the weights alone is then computed once for all of them."""
_AXIS = "devices"

Stream = Callable[[Any, Callable[[np.ndarray], Any], range], Iterator[Any]]


def of_arrays(examples: Any) -> tuple[Callable[[np.ndarray], Any], range]:
    """A tree of host arrays [n, ...] as a stream takes them: by numbers, and the range of these."""
    count = num_examples(examples)
    return lambda numbers: take(examples, numbers % count), range(count)


def streamer(function: Callable[[Any, Any], Any], size: int = CHUNK) -> Stream:
    """A function (given, examples, numbers) that yields `function(given, examples)` of the examples
    of consecutive numbers on the host, some at a time.

    `given` is any tree, the same for all examples, and lies on one device; `examples` has a tree of
    host arrays [n, ...] for numbers, int32 [n], also for some past the end, which fill a chunk.
    `function` gets `size` of them and returns a tree of arrays [size, ...], each row from its own
    example. It is compiled once. While the host looks at some results, a device that computes by
    itself makes the next ones.
    """
    mesh = Mesh(np.array(jax.local_devices()), (_AXIS,))
    whole, split = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec(_AXIS))
    mapped = jax.shard_map(
        _repeated(jax.jit(function), size),
        mesh=mesh,
        in_specs=(whole.spec, split.spec, split.spec),
        out_specs=split.spec,
        check_vma=False,
    )
    program = jax.jit(mapped, in_shardings=(whole, split, split))
    most = mesh.size * MOST_CHUNKS * size

    def stream(given: Any, examples: Callable[[np.ndarray], Any], numbers: range) -> Iterator[Any]:
        # put here, since of several processes each streams alone, which a program refuses to do
        given, running = jax.device_put(given, whole), deque[tuple[Any, int, int]]()
        for first in range(numbers.start, numbers.stop, most):
            count = min(most, numbers.stop - first)
            chunks = -(-count // size)
            each = -(-chunks // mesh.size)
            todo = np.clip(chunks - each * np.arange(mesh.size), 0, each).astype(np.int32)
            part = examples(np.arange(first, first + mesh.size * each * size, dtype=np.int32))
            shares = jax.tree.map(lambda leaf: _shares(leaf, mesh.size, MOST_CHUNKS * size), part)
            made = program(given, *jax.device_put((todo, shares), split))
            running.append((made, each * size, count))
            if len(running) > 1 or _is_there(made):
                yield _fetched(mesh.size, *running.popleft())
        while running:
            yield _fetched(mesh.size, *running.popleft())

    return stream


def _repeated(function: Callable[[Any, Any], Any], size: int) -> Callable[[Any, Any, Any], Any]:
    """`function` for as many chunks of one device's examples [most, ...] as `todo`, int32 [1], says
    while it runs: one program, and so the same digits, serves any number of them."""

    def on_device(given: Any, todo: jax.Array, examples: Any) -> Any:
        def chunk(index: Any) -> Any:
            rows = lax.dynamic_slice_in_dim
            return jax.tree.map(lambda leaf: rows(leaf, index * size, size), examples)

        def advance(index: Any, made: Any) -> Any:
            written = lax.dynamic_update_slice_in_dim
            found = function(given, chunk(index))
            return jax.tree.map(lambda all, new: written(all, new, index * size, 0), made, found)

        shapes = jax.eval_shape(function, given, chunk(0))
        most = MOST_CHUNKS * size
        empty = jax.tree.map(lambda leaf: jnp.zeros((most, *leaf.shape[1:]), leaf.dtype), shapes)
        return lax.fori_loop(0, todo[0], advance, empty)

    return on_device


def _shares(leaf: Any, devices: int, most: int) -> np.ndarray:
    """Examples [n, ...] in equal shares, with room for the most that a device takes; of no numbers
    too, such as the latents [n, 0] of a generator that takes none."""
    each = len(leaf) // devices
    shares = np.asarray(leaf).reshape(devices, each, *leaf.shape[1:])
    room = [(0, 0), (0, most - each), *[(0, 0)] * (leaf.ndim - 1)]
    return np.pad(shares, room).reshape(devices * most, *leaf.shape[1:])


def _is_there(made: Any) -> bool:
    """Whether results need not be waited for, as on a CPU that computes within the call."""
    return all(leaf.is_ready() for leaf in jax.tree.leaves(made))


def _fetched(devices: int, made: Any, each: int, count: int) -> Any:
    """The first `count` results of those that the devices made, in order."""

    def rows(leaf: np.ndarray) -> np.ndarray:
        most, shape = len(leaf) // devices, leaf.shape[1:]
        used = leaf.reshape(devices, most, *shape)[:, :each]
        return used.reshape(devices * each, *shape)[:count]

    return jax.tree.map(rows, jax.device_get(made))
