"""Which metric sees which fault of images.

    python -m benchmarks.faults --name=cifar10 --features=patches

Real test images are scored as if they were samples, after a fault of increasing strength: blur,
noise, dropped classes, few images many times over, copies of training images, mirroring. The
reference are `--real` training images; `--fake` images are scored at every step, and as many
others are held out. All sets have their classes in equal counts, as far as they divide.

The floor is the mean and standard deviation over 7 disjoint sets of test images without a fault. A
step is seen when it is worse than the floor by 3.36 of these deviations: of further sets without a
fault, one of 100 would be. The last table says of each metric and fault:

- `yes`: every step is seen, and is no better than the one before;
- `from S`: so it is from the step S on;
- `unordered`: some steps are seen, but a stronger one is better than a weaker one or not seen;
- `no`: no step is seen;
- `better`: the fault makes the metric better, beyond the floor.

Where both sides may be wrong (`EITHER_IS_WORSE`), an arrow says to which side the metric moves
most.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks import machine
from benchmarks.report import number
from gan_jax import data as data_lib
from gan_jax.data import TFDS, Dataset
from gan_jax.errors import UserError
from gan_jax.evaluation import extraction, tables
from gan_jax.method import Example
from gan_jax.metrics.features import Extractor, Space
from gan_jax.metrics.scores import Compared, Metric, measure
from gan_jax.system import memory, user_cache

SOURCES = {
    "cifar10": TFDS(name="cifar10"),
    "mnist": TFDS(name="mnist", height=28, width=28, channels=1),
}
SPACES = ("patches", "classifier", "pixels", "lite0")
METRICS = tuple(Metric.choices)

DRAWS = 7
"""Sets without a fault."""
BEYOND = 3.36
"""Deviations: Student's t with 6 degrees of freedom at 0.99, times (1 + 1 / 7)^1/2."""

HIGHER_IS_WORSE = frozenset({"fd", "fd_infinity", "kd", "mind", "kl", "ms_ssim"})
EITHER_IS_WORSE = frozenset({"one_nn", "authenticity", "copying"})
"""Of all others, lower is worse."""

Values = dict[str, float]
"""By the names of metrics."""


class Material(NamedTuple):
    """Images whose classes come in turn, so that a part has them in equal counts."""

    real: Example  # training images
    held_out: Example  # test images
    test: Example  # other test images
    size: int  # of every set that is scored

    def fakes(self, draw: int = 0) -> Example:
        """A set of test images without a fault."""
        return _part(self.test, draw * self.size, self.size)


def material(data: Dataset, num_real: int, num_fake: int) -> Material:
    """Raises `UserError` where the data have fewer images than that takes."""
    kept, most = range(len(data.class_names)), (1 + DRAWS) * num_fake
    test = in_turn(data.test, kept)
    if len(test.x) < most:
        raise UserError(
            f"{num_fake} images at every step take {most} test images with their classes in equal "
            f"counts, and there are {len(test.x)}; give a smaller --fake."
        )
    real = _part(in_turn(data.train, kept), 0, num_real)
    if not num_fake <= num_real == len(real.x):
        raise UserError(
            f"--real={num_real}: the reference takes {num_fake} training images, of which copies "
            "are made, up to as many as there are in equal counts of the classes."
        )
    held_out, rest = (_part(test, *p) for p in ((0, num_fake), (num_fake, len(test.x))))
    return Material(real, held_out, rest, num_fake)


def in_turn(examples: Example, kept: Sequence[int]) -> Example:
    """The examples of some classes: one of each in every turn, as many turns as the rarest allows.

    Within a turn they are in random order, or every second example would be of every second class.
    """
    of_class = [np.flatnonzero(examples.label == number) for number in kept]
    turns = min(len(numbers) for numbers in of_class)
    order = np.stack([numbers[:turns] for numbers in of_class], axis=1)
    order = np.random.default_rng(0).permuted(order, axis=1).ravel()
    return Example(examples.x[order], examples.label[order])


def _part(examples: Example, first: int, count: int) -> Example:
    return Example(*(leaf[first : first + count] for leaf in (examples.x, examples.label)))


def blur(m: Material, sigma: float) -> Example:
    """Blurred by a Gaussian of deviation `sigma` pixels; its weights in the image sum to 1."""
    fakes = m.fakes()
    rows, columns = (_gaussian(side, sigma) for side in fakes.x.shape[1:3])
    x = np.einsum("ih,nhwc,jw->nijc", rows, fakes.x.astype(np.float64), columns, optimize=True)
    return fakes._replace(x=_stored(x))


def _gaussian(side: int, sigma: float) -> np.ndarray:
    apart = np.arange(side) - np.arange(side)[:, None]
    weights = np.exp(-(apart**2) / (2 * sigma**2))
    return weights / weights.sum(axis=1, keepdims=True)


def noise(m: Material, deviation: float) -> Example:
    """With normal noise in each pixel and channel, of the same draw at every step."""
    fakes = m.fakes()
    draw = np.random.default_rng(0).normal(size=fakes.x.shape)
    return fakes._replace(x=_stored(fakes.x + deviation * draw))


def _stored(x: np.ndarray) -> np.ndarray:
    return np.clip(np.round(x), 0, 255).astype(np.uint8)


def dropped(m: Material, count: float) -> Example:
    """Without the first `count` classes, at the same number of images."""
    kept = range(int(count), int(m.test.label.max()) + 1)
    found = _part(in_turn(m.test, kept), 0, m.size)
    if len(found.x) < m.size:
        raise UserError(
            f"{len(kept)} classes have {len(found.x)} test images in equal counts, not {m.size}; "
            "give a smaller --fake."
        )
    return found


def duplicates(m: Material, times: float) -> Example:
    """Fewer images, each that many times over."""
    distinct = np.arange(m.size // int(times))
    order = np.resize(distinct, m.size)
    return Example(m.test.x[order], m.test.label[order])


def copies(m: Material, percent: float) -> Example:
    """That share replaced by training images of the reference."""
    split = round(m.size * percent / 100)
    fakes, real = m.fakes(), _part(m.real, 0, split)
    x, label = (np.concatenate([r, f[split:]]) for r, f in zip(real[:2], fakes[:2], strict=True))
    return Example(x, label)


def mirrored(m: Material, _: float) -> Example:
    """Left and right exchanged."""
    fakes = m.fakes()
    return fakes._replace(x=fakes.x[:, :, ::-1])


class Fault(NamedTuple):
    title: str
    steps: tuple[float, ...]
    images: Callable[[Material, float], Example]


FAULTS = {
    "blur": Fault("Gaussian blur, deviation in pixels", (0.3, 0.6, 1, 2), blur),
    "noise": Fault("normal noise, deviation in grey levels of 255", (4, 8, 16, 32), noise),
    "dropped": Fault("classes dropped", (1, 3, 5, 8), dropped),
    "duplicates": Fault("copies of each of fewer images", (2, 4, 16, 64), duplicates),
    "copies": Fault("% that are training images", (10, 30, 100), copies),
    "mirrored": Fault("mirrored, %", (100,), mirrored),
}


def values(extractor: Extractor, m: Material, fakes: Example) -> Values:
    """Every score of some images that applies."""
    real, fake, held_out = (
        extraction.of_examples(extractor, examples.x) for examples in (m.real, fakes, m.held_out)
    )
    images = fakes.x[: extraction.IMAGES]
    compared = Compared(extractor, real, fake, held_out, m.real.label, fakes.label, images)
    return {name: score.value for name, score in measure(METRICS, compared).items()}


class Floor(NamedTuple):
    mean: float
    deviation: float


def floors(draws: Sequence[Values]) -> dict[str, Floor]:
    """Of each metric over sets without a fault."""
    found = {name: [draw[name] for draw in draws] for name in draws[0]}
    return {name: Floor(float(np.mean(v)), float(np.std(v, ddof=1))) for name, v in found.items()}


def floor_of(extractor: Extractor, m: Material) -> dict[str, Floor]:
    """The floor of each metric."""
    return floors([values(extractor, m, m.fakes(draw)) for draw in range(DRAWS)])


def study(extractor: Extractor, m: Material) -> Iterator[tuple[str, list[Values]]]:
    """What each fault does, step by step."""
    for name, (_, steps, images) in FAULTS.items():
        yield name, [values(extractor, m, images(m, step)) for step in steps]


def verdict(name: str, floor: Floor, found: Sequence[float], steps: Sequence[float]) -> str:
    """Whether a metric sees a fault by its values at each step, in the words of the module."""
    moved = np.array(found) - floor.mean
    sign, arrow = (1 if name in HIGHER_IS_WORSE else -1), ""
    if name in EITHER_IS_WORSE:
        sign, arrow = (1, " ↑") if moved[np.abs(moved).argmax()] > 0 else (-1, " ↓")
    worse = sign * moved
    seen, better = worse > BEYOND * floor.deviation, worse < -BEYOND * floor.deviation
    if not seen.any():
        return "better" if better.any() else "no"
    first = int(seen.argmax())
    if better.any() or not seen[first:].all() or (np.diff(worse[first:]) < 0).any():
        return f"unordered{arrow}"
    return f"from {steps[first]:g}{arrow}" if first else f"yes{arrow}"


def table(fault: str, floor: dict[str, Floor], found: Sequence[Values]) -> str:
    """One fault's Markdown table: a metric a line."""
    steps, rows = FAULTS[fault].steps, []
    for name, (mean, deviation) in floor.items():
        each = [at[name] for at in found]
        seen = verdict(name, floor[name], each, steps)
        rows.append([name, f"{mean:.3g} ± {deviation:.2g}", *map(number, each), seen])
    return tables.markdown(["", "floor", *(f"{step:g}" for step in steps), "seen"], rows)


def summary(floor: dict[str, Floor], found: dict[str, list[Values]]) -> str:
    """The Markdown table of all verdicts: a metric a line, a fault a column."""
    rows = []
    for name in floor:
        each = {fault: [at[name] for at in steps] for fault, steps in found.items()}
        seen = [verdict(name, floor[name], v, FAULTS[fault].steps) for fault, v in each.items()]
        rows.append([name, *seen])
    return tables.markdown(["", *found], rows)


def report(extractor: Extractor, m: Material) -> None:
    """Prints each fault's table as soon as it is made, and the summary."""
    floor, found = floor_of(extractor, m), {}
    for name, steps in study(extractor, m):
        found[name] = steps
        print(f"\n{name}: {FAULTS[name].title}\n\n{table(name, floor, steps)}", flush=True)
    print(f"\n{summary(floor, found)}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Which metric sees which fault of images.")
    parser.add_argument("--name", choices=list(SOURCES), required=True)
    parser.add_argument("--features", choices=SPACES, default="patches")
    parser.add_argument("--real", type=int, default=2000)
    parser.add_argument("--fake", type=int, default=1000)
    given = parser.parse_args()
    memory.keep_freed_memory()
    user_cache.keep_compiled_programs()
    source = SOURCES[given.name]
    try:
        data = data_lib.load(source)
        extractor = Space.chosen(given.features, "--features")().extractor(data, source)
        m = material(data, given.real, given.fake)
        here = machine.describe()
        print(
            f"{given.name} in {extractor.name}, {extractor.dims} dimensions"
            f"{extractor.about and ', ' + extractor.about}: {len(m.real.x)} training images, "
            f"{m.size} at every step, on {here['cores']} cores of an {here['processor']}."
        )
        report(extractor, m)
    except UserError as error:
        raise SystemExit(f"benchmarks: {error}") from None


if __name__ == "__main__":
    main()
