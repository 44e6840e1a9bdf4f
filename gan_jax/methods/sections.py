"""What every run has: data, latents, a generator, how long it trains and what it writes."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from annotated_types import Ge, Le

from gan_jax.config import Count, Natural, NonNegative, Part
from gan_jax.data import ProceduralCars, Source
from gan_jax.metrics.features import Patches, Space
from gan_jax.networks import DCGANGen, GenSettings, Latents, Normal
from gan_jax.system.names import absolute


@dataclass(frozen=True)
class Train:
    """How long, in which batches, at which precision, and the average of G's weights.

    schedule: the way of all values that have a `final_...` one, over `schedule_images` images and
        constant after it. It begins after `schedule_after_images`, as the rates of CycleGAN and
        StarGAN stay for the first half and fall linearly to 0 over the second (arXiv 1703.10593,
        section 4).
    ema_ramp: upper bound on the half-life, as a fraction of the images seen; 0 is none.
    on_nan: what to do where values are no longer finite: stop, or go back to the last checkpoint
        and on with fresh keys, `most_rollbacks` times in a run.
    """

    num_steps: Natural = 10_000
    batch_size: Count = 64  # over all devices
    num_seeds: Count = 1  # seed, seed + 1, ... in one program
    compute_dtype: Literal["float32", "bfloat16"] = "float32"
    ema_half_life_images: NonNegative = 10_000.0
    final_ema_half_life_images: NonNegative | None = None
    ema_ramp: NonNegative = 0.05
    schedule: Literal["none", "linear", "cosine"] = "none"
    schedule_images: NonNegative = 0.0
    schedule_after_images: NonNegative = 0.0
    on_nan: Literal["stop", "rollback"] = "stop"
    most_rollbacks: Natural = 3

    @property
    def examples_per_step(self) -> int:
        """How many training examples a step takes over all devices."""
        return self.batch_size


@dataclass(frozen=True)
class Log:
    """When a row of metrics is written; 0 is never."""

    every_steps: Natural = 50


@dataclass(frozen=True)
class Sample:
    """When a grid of samples is drawn, and of how many; 0 is never. Evaluation takes as many."""

    every_steps: Natural = 200
    num_images: Count = 16


@dataclass(frozen=True)
class Checkpoint:
    """When the state is saved, and which saves are kept; 0 is never.

    `keep_every_steps` keeps those steps for good, beside the last ones; 0 keeps none.
    """

    every_steps: Natural = 500
    keep_last: Count = 2
    keep_every_steps: Natural = 0


@dataclass(frozen=True)
class Evaluate:
    """When samples are scored while the run trains, and by what.

    every_steps: 0 is never; auto is as often as is worth a twentieth of the training, 20 times at
        most, at checkpoints, and never where that is less than twice.
    num_samples: half of them choose the best checkpoint, the others report on it.
    on_collapse: what to do where the scores say so: warn, stop, or go back to the best checkpoint
        and on with fresh keys.
    """

    every_steps: Literal["auto"] | Natural = "auto"
    features: Space = Patches()
    metrics: tuple[str, ...] = ("kernel", "frechet", "neighbours")
    num_samples: Annotated[int, Ge(40)] = 5_000
    on_collapse: Literal["warn", "stop", "rollback"] = "warn"


@dataclass(frozen=True)
class StartFrom:
    """Another run, whose weights networks start with in place of random ones; its averages and
    optimizers stay behind. The record names the run, and a digest of what was taken.

    run: its directory; empty for none. It is read when the run begins, and never again.
    step: its checkpoint; none for the last one.
    networks: which start so, by their names in the settings: both of the run's, or one. Of a
        method with several of a name it is all of these.
    weights: averaged or raw; a network without an average has raw ones alone.
    """

    run: str = ""
    step: Natural | None = None
    networks: Literal["both", "gen", "disc", "encoder"] = "both"
    weights: Literal["averaged", "raw"] = "averaged"

    def absolute(self) -> "StartFrom":
        """The same by a place that means the same from any directory."""
        return replace(self, run=self.run and absolute(self.run))


@dataclass(frozen=True)
class Varied:
    """Settings that train in one program, each with every seed: numbers of the config that take no
    other program, such as rates and weights.

    fields: their dotted names.
    values: those of the first setting in the order of `fields`, then those of the second and so on.
    """

    fields: tuple[str, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def settings(self) -> list[dict[str, float]]:
        """The values of each setting by field; of none a single one that changes nothing."""
        if not self.fields:
            return [{}]
        size = len(self.fields)
        rows = (self.values[i : i + size] for i in range(0, len(self.values), size))
        return [dict(zip(self.fields, row, strict=True)) for row in rows]


@dataclass(frozen=True)
class Config(Part, chosen_by="method"):
    """A whole run; its choices are the methods.

    Two runs with equal configs, versions and devices are equal. `plugins` are the modules, beside
    gan_jax, that have parts of it.
    """

    experiment: str = ""
    plugins: tuple[str, ...] = ()
    seed: Annotated[Natural, Le(2**32 - 1)] = 0
    data: Source = ProceduralCars()
    latents: Latents = Normal()
    gen: GenSettings = DCGANGen()
    train: Train = Train()
    log: Log = Log()
    sample: Sample = Sample()
    checkpoint: Checkpoint = Checkpoint()
    evaluate: Evaluate = Evaluate()
    start_from: StartFrom = StartFrom()
    varied: Varied = Varied()

    @property
    def num_members(self) -> int:
        """How many runs train in one program: each setting with each seed."""
        return len(self.varied.settings) * self.train.num_seeds
