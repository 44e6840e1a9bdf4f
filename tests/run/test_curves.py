"""Which metrics are drawn together, and how they are told apart."""

import numpy as np
from PIL import Image

from gan_jax.run import curves
from gan_jax.run.pictures import COLOURS


def test_metrics_are_grouped_by_the_first_part_of_their_paths_and_drawn_by_quantity():
    """Real and fake together, and the evaluation with the training; losses come first."""
    own = ("d/grad_norm", "d/logit_fake", "d/logit_real", "d/loss", "g/loss")
    names = [*own, "images_per_second", "memorisation/share", *(f"eval/{name}" for name in own[1:])]
    logits = ["d/logit_fake", "d/logit_real", "eval/d/logit_fake", "eval/d/logit_real"]
    shown = curves.groups(names)
    assert shown == {
        "d": {
            "d/loss": ["d/loss", "eval/d/loss"],
            "d/grad_norm": ["d/grad_norm"],
            "d/logit": logits,
        },
        "g": {"g/loss": ["g/loss", "eval/g/loss"]},
        "memorisation": {"memorisation/share": ["memorisation/share"]},
        "": {"images_per_second": ["images_per_second"]},
    }
    assert list(shown) == ["d", "g", "memorisation", ""]
    assert list(shown["d"]) == ["d/loss", "d/grad_norm", "d/logit"]
    blue, red = COLOURS[:2]
    assert curves.looks(logits) == [(blue, 0), (red, 0), (blue, 1), (red, 1)]


def test_the_metrics_of_a_pyramids_level_have_panels_of_their_own():
    own = ("d/loss", "g/loss", "d/grad_norm", "d/bits_lost")
    names = [f"{level}{name}" for level in ("level32/", "level8/", "") for name in own]
    shown = curves.groups([*names, *(f"eval/{name}" for name in names)])
    assert list(shown) == ["d", "g", "level8", "level32"]
    assert list(shown["level8"]) == [
        f"level8/{name}" for name in ("d/loss", "g/loss", "d/bits_lost", "d/grad_norm")
    ]
    assert shown["level8"]["level8/d/loss"] == ["level8/d/loss", "eval/level8/d/loss"]


def test_no_two_curves_of_a_chart_look_alike():
    names = [f"{kind}d/loss{number}" for number in range(12) for kind in ("", "eval/")]
    assert len(set(curves.looks(names))) == len(names)


def test_the_picture_has_a_line_of_axes_for_each_group_with_losses(tmp_path):
    def height(row):
        curves.write(tmp_path / "curves.png", [{"step": step, **row} for step in (1, 2)])
        with Image.open(tmp_path / "curves.png") as picture:
            return np.asarray(picture).shape[0]

    one, two = height({"d/loss": 1.0}), height({"d/loss": 1.0, "g/loss": 2.0})
    assert two == 2 * one
    assert height({"d/loss": 1.0, "memorisation/share": 0.1, "images_per_second": 9.0}) == one
