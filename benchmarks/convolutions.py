"""The forms of a convolution against each other, layer by layer, beside what the table chooses.

Each form of each map is timed inside a loop, as training runs it: XLA compiles some convolutions
there otherwise than at the top of a program. The forms take turns, round after round, and a warning
names every map of which another form than the table's was faster by more than `NOTABLE`.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.report import aligned, number
from gan_jax.ops import fast, onednn, trilinear, volumes
from gan_jax.ops.window import Window
from gan_jax.system import memory

MAPS = ("output", "image", "kernel")
NOTABLE = 1.15
"""How many times faster a form must be for the table to be doubted."""
MOST_TILES = 4
"""Of an image up to which the tiles are tried: a program grows with them."""
FORMS = (*trilinear.FORMS, "folded")
TURN_SECONDS = 0.03
HOPELESS = 2
"""How many times as long as the fastest a first call must take for a form to get no turns."""


Function = Callable[[jax.Array, jax.Array], jax.Array]


class Layer(NamedTuple):
    """A square map, its channels, the taps of a side, how many images, and whether the kernel is
    that of a transposed convolution, from `outputs` to `inputs`."""

    size: int
    inputs: int
    outputs: int
    taps: int
    stride: int = 1
    batch: int = 64
    turned: bool = False

    @property
    def window(self) -> Window:
        out = -(-self.size // self.stride)
        low = max((out - 1) * self.stride + self.taps - self.size, 0) // 2
        pairs = ((n, n) for n in (self.size, self.taps, self.stride, low, out))
        return Window(*pairs, turned=self.turned)

    @property
    def flop(self) -> int:
        """Of each of the three maps, computed directly."""
        pairs = prod(self.window.out) * prod(self.window.taps)
        return 2 * self.batch * pairs * self.inputs * self.outputs

    def forms(self, name: str) -> list[str]:
        """Those that can compute a map."""
        tiles = prod(fast.tiles_of(self.window))
        fast_suits = max(2, self.stride) <= self.taps <= 3 * self.stride
        able = {
            "columns": True, "native": self.stride == 1 or name == "output", "taps": self.turned,
            "patches": fast_suits, "tiles": fast_suits and tiles <= MOST_TILES,
            "onednn": name != "kernel" and self.stride <= self.taps
            and onednn.reaches_matrix_unit(),
        }  # fmt: skip
        return [form for form in trilinear.FORMS if able[form]]

    def arguments(self, name: str) -> tuple[jax.Array, jax.Array]:
        channels = self.inputs, self.outputs
        shapes = {
            "x": (self.batch, *self.window.image, self.inputs),
            "y": (self.batch, *self.window.out, self.outputs),
            "k": (*self.window.taps, *(channels[::-1] if self.turned else channels)),
        }
        return _drawn(shapes, name)

    def chosen(self, name: str) -> str:
        """The form that training takes."""
        channels = (self.inputs, self.outputs)
        return trilinear.on_cpu(name, self.window, jnp.float32, channels, self.batch)

    def functions(self, name: str) -> dict[str, Function]:
        """A map of two arrays, by each form that can compute it."""
        forms = {form: trilinear.by_form(form, name) for form in self.forms(name)}
        return {form: partial(f, window=self.window) for form, f in forms.items()}

    def __str__(self) -> str:
        what = f"{self.batch} x {self.size}x{self.size}, {self.inputs} to {self.outputs}"
        return f"{what}, {self.taps}x{self.taps} / {self.stride}" + ", turned" * self.turned


class Volume(NamedTuple):
    """A cubic map, its channels, the taps of a side, the stride and how many volumes there are."""

    size: int
    inputs: int
    outputs: int
    taps: int = 4
    stride: int = 2
    batch: int = 16

    @property
    def flop(self) -> int:
        """As of a layer."""
        pairs = (-(-self.size // self.stride) * self.taps) ** 3
        return 2 * self.batch * pairs * self.inputs * self.outputs

    def arguments(self, name: str) -> tuple[jax.Array, jax.Array]:
        out = -(-self.size // self.stride)
        shapes = {
            "x": (self.batch, *[self.size] * 3, self.inputs),
            "y": (self.batch, *[out] * 3, self.outputs),
            "k": (*[self.taps] * 3, self.inputs, self.outputs),
        }
        return _drawn(shapes, name)

    def chosen(self, name: str) -> str:
        return "folded"

    def functions(self, name: str) -> dict[str, Function]:
        forms = {"native": volumes.native_conv3d, "folded": volumes.folded_conv3d}
        x, kernel = jax.eval_shape(partial(self.arguments, "output"))

        def of(form: Function) -> Function:
            def conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
                return form(x, kernel, self.stride, "SAME")

            return {
                "output": conv,
                "image": lambda y, k: _adjoint(lambda x: conv(x, k), x)(y),
                "kernel": lambda x, y: _adjoint(lambda k: conv(x, k), kernel)(y),
            }[name]

        return {name: of(form) for name, form in forms.items()}

    def __str__(self) -> str:
        sides = f"{self.size}^3, {self.inputs} to {self.outputs}, {self.taps}^3 / {self.stride}"
        return f"{self.batch} x {sides}"


LAYERS = (
    # residual networks
    Layer(32, 128, 128, 3, batch=16), Layer(16, 128, 128, 3), Layer(8, 128, 128, 3),
    Layer(16, 256, 256, 3, batch=16), Layer(8, 256, 256, 3), Layer(32, 64, 64, 3, batch=16),
    Layer(32, 3, 128, 3, batch=16), Layer(32, 128, 3, 3, batch=16),
    Layer(32, 256, 256, 4, 2, batch=16), Layer(16, 128, 128, 4, 2, batch=16),
    # one of R3GAN's groups, and its pointwise convolutions
    Layer(32, 16, 16, 3), Layer(16, 16, 16, 3), Layer(8, 16, 16, 3), Layer(4, 16, 16, 3),
    Layer(32, 64, 128, 1, batch=16), Layer(16, 96, 192, 1, batch=16),
    Layer(8, 256, 128, 1, batch=16),
    # networks of strided convolutions
    Layer(32, 3, 64, 5, 2), Layer(16, 64, 128, 5, 2), Layer(8, 128, 256, 5, 2),
    Layer(16, 64, 128, 4, 2),
    # transposed ones of a large kernel, for a single image
    Layer(8, 512, 1024, 4, 2, batch=1, turned=True),
    Layer(32, 256, 1024, 4, 2, batch=1, turned=True),
    # networks of volumes
    Volume(32, 1, 32), Volume(16, 32, 64), Volume(8, 64, 128), Volume(16, 32, 32, 3, 1),
)  # fmt: skip


def _drawn(shapes: dict[str, tuple[int, ...]], name: str) -> tuple[jax.Array, jax.Array]:
    """The two arrays that a map takes, of shapes by x, y and k."""
    random = np.random.default_rng(0)
    takes = {"output": ("x", "k"), "image": ("y", "k"), "kernel": ("x", "y")}
    first, second = (jnp.asarray(random.normal(size=shapes[i]), jnp.float32) for i in takes[name])
    return first, second


def _adjoint(linear: Callable[[jax.Array], jax.Array], argument: Any) -> Any:
    zeros = jnp.zeros(argument.shape, argument.dtype)
    return lambda cotangent: jax.vjp(linear, zeros)[1](cotangent)[0]


def looped(function: Function) -> Callable[..., jax.Array]:
    """Computes `function` `count` times, each time of other arguments: of a kernel that stays the
    same, XLA would move the copies out of the loop."""

    def run(count: int, a: jax.Array, b: jax.Array) -> jax.Array:
        def body(_: int, carried: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            a, b, made = carried
            a, b = (x * (1 + 1e-9 * made[(0,) * made.ndim]) for x in (a, b))
            return a, b, function(a, b)

        made = jax.eval_shape(lambda: function(a, b))
        start = a, b, jnp.zeros(made.shape, made.dtype)
        return lax.fori_loop(0, count, body, start)[2]

    return jax.jit(run)


def measure(layer: Layer | Volume, name: str, rounds: int) -> dict[str, float]:
    """Milliseconds of a map by each form: medians of turns, or a first call that is `HOPELESS`."""
    given = layer.arguments(name)
    calls = {form: looped(function) for form, function in layer.functions(name).items()}
    turns = {}
    for form, call in calls.items():
        _seconds(call, 1, given)  # compiles
        turns[form] = [_seconds(call, 1, given)]
    fastest = min(first for (first,) in turns.values())
    counts = {
        form: max(1, round(TURN_SECONDS / first))
        for form, (first,) in turns.items()
        if first < HOPELESS * fastest
    }
    turns |= {form: [] for form in counts}
    for _ in range(rounds):
        for form, count in counts.items():
            turns[form].append(_seconds(calls[form], count, given) / count)
    return {form: 1e3 * statistics.median(seconds) for form, seconds in turns.items()}


def _seconds(call: Callable[..., Any], count: int, given: tuple[jax.Array, jax.Array]) -> float:
    began = time.perf_counter()
    jax.block_until_ready(call(count, *given))
    return time.perf_counter() - began


def doubts(times: dict[str, float], chosen: str) -> str:
    """A warning where the table's form is not about the fastest, else nothing."""
    fastest = min(times, key=lambda form: times[form])
    ratio = times[chosen] / times[fastest]
    return f"WARNING: {fastest} is {ratio:.2f} times as fast" if ratio > NOTABLE else ""


def row(layer: Layer | Volume, name: str, times: dict[str, float]) -> tuple[str, ...]:
    """Milliseconds by form, the form chosen and its rate in direct operations."""
    chosen = layer.chosen(name)
    found = (number(times[form]) if form in times else "" for form in FORMS)
    rate = f"{layer.flop / times[chosen] / 1e6:.0f}"
    return str(layer), name, *found, chosen, rate, doubts(times, chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description="The forms of a convolution on this CPU.")
    parser.add_argument("--rounds", type=int, default=3, help="how often each takes its turn")
    given = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    memory.keep_freed_memory()
    rows = [("layer", "map", *(f"{form} ms" for form in FORMS), "chosen", "GFLOP/s", "")]
    for layer, name in product(LAYERS, MAPS):
        rows.append(row(layer, name, measure(layer, name, given.rounds)))
    print(aligned(rows))


if __name__ == "__main__":
    main()
