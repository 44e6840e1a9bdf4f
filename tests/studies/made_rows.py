"""Rows of a study with made-up scores."""

from gan_jax.run.status import FINISHED
from gan_jax.studies.rows import FINAL, SEARCH, Row

PROTOCOL = "patches-3f09c1aa d512 · v1 · 01234567"


def row(arm, score, seed=0, setting="a", metric="fd", **more):
    """A run that finished with a score, or diverged where it is None."""
    known = {} if score is None else {metric: score}
    made = Row(
        **{"arm": arm, "setting": setting, "values": {}, "seed": seed, "stage": FINAL},
        **{"state": "diverged" if score is None else FINISHED, "why": "", "scores": known},
        **{"steps": 100, "seconds": 36.0, "protocol": PROTOCOL},
    )
    return made._replace(**more)


def seeds(arm, scores, **more):
    """A final run for each score, seeds 1, 2, ..."""
    return [row(arm, score, seed, **more) for seed, score in enumerate(scores, 1)]


def search(arm, scores, fields=None, **more):
    """A search run for each score, settings a, b, ..., with the values of fields."""
    return [
        row(
            arm,
            score,
            setting="abcdefghij"[i],
            stage=SEARCH,
            values={name: values[i] for name, values in (fields or {}).items()},
            **more,
        )
        for i, score in enumerate(scores)
    ]


def study():
    """Three arms with six settings and eight seeds; the VAE is last, WGAN and NS are close."""
    rates = {"learning_rate": [1e-4, 2e-4, 5e-4, 1e-3, 5e-3, 1e-2], "norm": ["batch", "none"] * 3}
    offsets = [0.1, -0.2, 0.3, -0.1, 0.2, -0.3, 0.15, -0.15]
    first, second = ({name: values[i] for name, values in rates.items()} for i in (0, 1))
    return [
        *search("VAE", [30.0, 24.0, 40.0, 55.0, 70.0, 90.0], rates),
        *search("WGAN", [7.0, 8.0, 12.0, 30.0, 41.0, None], rates, why="not finite"),
        *search("NS", [8.0, 7.5, 14.0, 21.0, 34.0, 60.0], rates),
        *seeds("VAE", [24 + 2 * x for x in offsets], setting="b", values=second),
        *seeds("WGAN", [7 + x for x in offsets], values=first),
        *seeds("NS", [7.25 - x for x in offsets], setting="b", values=second),
    ]
