"""Every loss on a ring of eight Gaussians, ten seeds of each in one program.

    python -m benchmarks.losses --markdown=docs/losses.md

All runs are `toy_ring`'s recipe with the changes in `GAMES`; for EBGAN and BEGAN, D is an
autoencoder with a code of one dimension. The table shows how many of the eight modes 2,500 samples
of the averaged G cover at the end, and the share of them within three deviations of a mode: mean
and standard deviation over the seeds.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import experiments
from benchmarks import machine
from benchmarks.report import aligned
from gan_jax import train
from gan_jax.config import override
from gan_jax.errors import UserError
from gan_jax.methods import GAN
from gan_jax.objectives import Loss
from gan_jax.objectives.penalties import GradientPenalty
from gan_jax.run import directory
from gan_jax.run.writers import read_rows

Figures = list[tuple[float, float]]
"""Modes covered and share at modes, of each seed."""

AUTOENCODER = {"disc.name": "autoencoder", "disc.features": "64,64,1", "penalty.name": "none"}
"""An energy-based D with a code of one dimension: a wider one reconstructs every point."""

GAMES: dict[str, dict[str, str]] = {
    "minimax": {},
    "non_saturating": {},
    "least_squares": {},
    "hinge": {},
    "relativistic_average": {},
    "relativistic_pairing": {"penalty.name": "r1_r2"},
    "wasserstein": {"penalty.name": "wgan_gp", "penalty.weight": "0.1"},
    "ebgan": {**AUTOENCODER, "loss.margin": "0.1"},
    "began": {**AUTOENCODER, "disc.energy": "absolute", "disc_optimizer.learning_rate": "1e-3"},
}
"""The changes that each loss makes to the ring's recipe (R1 of weight 0.02)."""

HEADER = ("loss", "penalty", "modes covered", "share at modes, %", "seconds")


def game(name: str, num_steps: int, num_seeds: int) -> GAN:
    """The config of a loss's runs, which log, sample and save at the end only."""
    ends = {part: str(num_steps) for part in ("log", "sample", "checkpoint")}
    return override(
        experiments.load("toy_ring"),
        {
            "loss.name": name,
            **GAMES[name],
            "train.num_steps": num_steps,
            "train.num_seeds": num_seeds,
            **{f"{part}.every_steps": steps for part, steps in ends.items()},
        },
    )


def measure(config: GAN, workdir: Path) -> Figures:
    """Trains all seeds and reads their last log rows."""
    train.run(config, workdir)
    folders = [folder for _, folder in directory.seeds(config, workdir)]
    last = [read_rows(folder / "metrics.jsonl")[-1] for folder in folders]
    return [(row["coverage/modes"], row["coverage/share_at_modes"]) for row in last]


def row(config: GAN, figures: Figures, seconds: float) -> tuple[str, ...]:
    """A loss's line of the table."""
    modes, shares = zip(*figures, strict=True)
    penalty = config.penalty.choice
    if isinstance(config.penalty, GradientPenalty):
        penalty += f" {config.penalty.weight:g}"
    percent = [100 * share for share in shares]
    return (config.loss.choice, penalty, _spread(modes), _spread(percent), f"{seconds:.0f}")


def _spread(values: tuple[float, ...] | list[float]) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.1f} ± {deviation:.1f}"


def markdown(rows: list[tuple[str, ...]], settings: str) -> str:
    """The page that `--markdown` writes."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (HEADER, *rows)]
    lines.insert(1, "|" + " --- |" * len(HEADER))
    description = (__doc__ or "").strip()
    return f"# Losses on the ring\n\n{description}\n\n{settings}\n\n" + "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Every loss on a ring of eight Gaussians.")
    parser.add_argument("--losses", nargs="+", default=list(GAMES), choices=list(Loss.choices))
    parser.add_argument("--steps", type=int, default=16_000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--markdown", type=Path, help="also write the table to this page")
    given, rows = parser.parse_args(), []
    for name in given.losses:
        config = game(name, given.steps, given.seeds)
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            try:
                figures = measure(config, Path(folder))
            except UserError as error:  # a loss that diverges is a finding too
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                rows.append((name, config.penalty.choice, "diverged", "", ""))
                continue
            rows.append(row(config, figures, time.perf_counter() - began))
        print(f"\n{aligned([HEADER, *rows])}\n", flush=True)
    if given.markdown:
        here = machine.describe()
        settings = (
            f"`--steps={given.steps} --seeds={given.seeds}`, from seed 0, batches of "
            f"{config.train.batch_size}, on {here['cores']} cores of an {here['processor']}, "
            f"JAX {here['versions']['jax']}."
        )
        given.markdown.write_text(markdown(rows, settings))


if __name__ == "__main__":
    main()
