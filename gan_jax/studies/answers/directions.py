"""Which way a metric is better."""

from gan_jax.errors import UserError

LOWER = ("fd", "fd_infinity", "kd", "mind", "kl", "coverage/jensen_shannon")
HIGHER = (
    *("precision", "recall", "density", "coverage", "class_score", "modes", "agreement"),
    *("prd_precision", "prd_recall", "vendi", "coverage/modes", "coverage/share_at_modes"),
    *("triangles/precision", "triangles/recall"),
)


def is_known(metric: str) -> bool:
    """Whether a metric, by its name or the whole name of its score, has a better end."""
    return _table_name(metric) in LOWER + HIGHER


def sign(metric: str) -> int:
    """1 for a metric of which less is better, -1 for one of which more is.

    Raises `UserError` for one without a better end, such as one_nn, for which 0.5 is best.
    """
    if not is_known(metric):
        raise UserError(
            f"Neither more nor less of {metric!r:.100} is better, so that it ranks nothing; choose "
            f"one of {', '.join(LOWER + HIGHER)}."
        )
    return 1 if _table_name(metric) in LOWER else -1


def _table_name(metric: str) -> str:
    return metric if metric in LOWER + HIGHER else metric.partition("/")[0]
