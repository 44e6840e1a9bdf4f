"""The game on points of the plane, whose density is known: GAN Lab's pictures, and the optimal D.

Everything is of the raw G, the one that D plays against.
"""

import functools
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.data import Points, densities
from gan_jax.data.densities import Mixture
from gan_jax.keys import Purpose
from gan_jax.method import Inputs
from gan_jax.methods import GAN, Config, Method, State, sampling
from gan_jax.methods.sampling import Requests
from gan_jax.networks import latents
from gan_jax.objectives import NonSaturating, losses
from gan_jax.run import runs
from gan_jax.run.runs import Run
from gan_jax.run.writers import read_rows
from gan_jax.system import layout
from gan_jax.visualize import panels, plane
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.plane import Moment, Story

REALS, FAKES = 450, 150
"""Dots, as many as GAN Lab has."""
KERNEL_FAKES = 4_000
"""Samples that G's density is estimated from."""
KERNEL_SHARE = 1 / 3
"""The kernel's deviation in the smallest deviation of the data's modes."""
NEGLIGIBLE = 1e-4
"""Where both densities are below this share of the highest, no example ever teaches D anything."""
STRIP = 6
"""Moments in the strip."""
SIDE = 80
"""Cells along a side of the heat maps."""

Looks = tuple[Callable[..., np.ndarray], Callable[..., jax.Array], Callable[..., jax.Array]]


def lab(run: Run, options: Options, folder: Path) -> list[Path]:
    """D and the optimal D, G's manifold and how far G is from the data; a strip over training.

    With `animate` also a GIF of every checkpoint that was kept.
    """
    config, density = _check(run)
    reals, _ = densities.draw(density, 1, REALS)
    history = list(runs.history(run))
    chosen = sorted({round(i) for i in np.linspace(0, len(history) - 1, STRIP)})
    wanted = range(len(history)) if options.animate else chosen
    moments = {i: moment(history[i], density, reals, options.seed) for i in wanted}
    rows = [row for row in read_rows(run.workdir / layout.METRICS) if row["step"] <= run.step]
    last = moments[len(history) - 1]
    floor = densities.divergence_floor(density, 10_000)
    story = Story(rows, floor, len(density.weights), _kernel(density), config)
    paths = [folder / "lab.png", folder / "lab_strip.png"]
    plane.write(plane.whole(last, reals, story), paths[0])
    plane.write(plane.strip([moments[i] for i in chosen], reals, run.config.experiment), paths[1])
    if options.animate:
        paths.append(folder / "lab.gif")
        frames = [plane.pixels(plane.frame(moments[i], reals)) for i in wanted]
        panels.write_gif(paths[-1], [*frames, *frames[-1:] * 3], milliseconds=500)
    return paths


def moment(run: Run, density: Mixture, reals: np.ndarray, seed: int = 0) -> Moment:
    """What the lab shows of a run at one checkpoint, with training points [n, 2]."""
    config, state = run.config, run.state
    sample, score, gradient = looks(config, run.method)
    key = keys.stream(keys.root(seed), Purpose.USER_SAMPLE)
    drawn = sample(state, key, REALS + KERNEL_FAKES, averaged=False)
    # What D is compared at is not what G's density is estimated from.
    judged, rest = np.split(drawn.astype(np.float64), [REALS])
    fakes, fake = judged[:FAKES], densities.kernel_estimate(rest, _kernel(density))
    cells, square = centres(), (SIDE, SIDE)
    points = np.concatenate([cells, reals, judged])
    both = [densities.log_density(part, points) for part in (density, fake)]
    assert isinstance(config, GAN) and isinstance(config.loss, NonSaturating)
    targets = config.loss.real_target, config.loss.fake_target
    best = densities.optimal_disc(both[0], both[1], *targets)
    found = np.asarray(score(state, points))
    blank = np.max(both, axis=0) < np.max(both[0]) + np.log(NEGLIGIBLE)
    on_map = slice(len(cells))
    return Moment(
        step=run.step,
        disc=found[on_map].reshape(square),
        optimal=np.where(blank, np.nan, best)[on_map].reshape(square),
        gap=float(np.abs(found - best)[len(cells) :].mean()),
        fakes=fakes,
        arrows=np.asarray(gradient(state, fakes)),
        manifold=_manifold(run),
    )


def centres() -> np.ndarray:
    """The centres of the heat maps' cells, row by row from the bottom, [SIDE * SIDE, 2]."""
    along = (np.arange(SIDE) + 0.5) * (2 / SIDE) - 1
    return np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)


def _kernel(density: Mixture) -> float:
    return float(density.deviations.min() * KERNEL_SHARE)


@functools.lru_cache(maxsize=2)
def looks(config: Config, method: Method) -> Looks:
    """Samples; D's probability at points [n, 2], [n]; the gradient of that by the points."""

    def probability(state: State, points: jax.Array) -> jax.Array:
        assert method.score is not None
        logits = method.score(state, jnp.asarray(points, jnp.float32), None)
        return losses.probability(logits)

    gradient = jax.grad(lambda state, points: probability(state, points).sum(), argnums=1)
    return (
        sampling.sampler(config, method, Requests(config)),
        jax.jit(probability),
        jax.jit(gradient),
    )


def _manifold(run: Run) -> np.ndarray | None:
    """Where G maps the corners of a grid of latent cells that are equally probable, [m, m, 2]."""
    config = run.config.latents
    if latents.size(config) != 2:
        return None
    edges = np.linspace(0, 1, plane.MANIFOLD_CELLS + 1)
    edges = np.clip(edges, 1e-3, 1 - 1e-3)  # N(0, 1) has no end
    z = np.asarray(latents.quantile(config, jnp.asarray(edges, jnp.float32)))
    corners = jnp.asarray(np.stack(np.meshgrid(z, z), axis=-1).reshape(-1, 2))
    made = run.method.sample(run.state, Inputs(corners), False)["image"]
    return np.asarray(made, np.float64).reshape(len(z), len(z), 2)


def _check(run: Run) -> tuple[GAN, Mixture]:
    """The run's config and density. Raises `NotForThisRun` where the lab has nothing to draw."""
    config = run.config
    if not isinstance(config.data, Points):
        raise NotForThisRun(
            "lab draws points of the plane whose density is known, and this run's data are "
            "pictures; the toy experiments have such points."
        )
    if not isinstance(config, GAN) or run.method.score is None:
        raise NotForThisRun(
            f"lab draws D's probabilities, and the method {config.choice} has no D."
        )
    if not isinstance(config.loss, NonSaturating):
        raise NotForThisRun(
            f"lab compares D's probability with the optimal one, and the D of the loss "
            f"{config.loss.choice} has none."
        )
    if config.data.num_classes:
        raise NotForThisRun(
            "lab draws one D of the plane, and this run's D judges each class apart; "
            "train with data.num_classes=0."
        )
    return config, config.data.density()
