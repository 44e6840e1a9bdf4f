"""Settings of an arm: what is crossed, and draws by their laws."""

import math

import numpy as np
import pytest

from gan_jax.errors import UserError
from gan_jax.studies import axes
from gan_jax.studies.axes import Axis

RATES = "gen_optimizer.learning_rate, disc_optimizer.learning_rate"
LOG = Axis(("rate",), "log_uniform", (1e-5, 1e-2))


def parsed(**given):
    return tuple(axes.parse(name, values) for name, values in given.items())


def drawn(axis, count):
    return [found["rate"] for found in axes.settings((axis,), (), count + 1, "arm")[1:]]


def test_grids_are_crossed_with_the_last_axis_fastest():
    grid = parsed(a=[1, 2], b=["x", "y", "z"])
    found = axes.settings(grid, (), draws=7, name="arm")
    assert found == [{"a": a, "b": b} for a in (1, 2) for b in "xyz"]


def test_pairs_are_crossed_with_grids():
    found = axes.settings(parsed(a=[1, 2]), ({"b": 3, "c": 4}, {"b": 5, "c": 6}), 1, "arm")
    assert found == [
        {"a": 1, "b": 3, "c": 4},
        {"a": 1, "b": 5, "c": 6},
        {"a": 2, "b": 3, "c": 4},
        {"a": 2, "b": 5, "c": 6},
    ]


def test_an_arm_without_axes_has_one_setting_that_changes_nothing():
    assert axes.settings((), (), draws=9, name="arm") == [{}]


def test_each_crossed_setting_has_the_same_draws_the_first_of_which_is_the_recipe_s():
    mixed = (*parsed(a=[1, 2]), LOG)
    found = axes.settings(mixed, (), draws=3, name="arm")
    first, second = drawn(LOG, 2)
    rates = [{}, {"rate": first}, {"rate": second}]
    assert found == [{"a": a} | rate for a in (1, 2) for rate in rates]


def test_fields_that_share_an_axis_share_each_value():
    axis = axes.parse(RATES, {"log_uniform": [1e-5, 1e-2]})
    assert axis.fields == ("gen_optimizer.learning_rate", "disc_optimizer.learning_rate")
    for found in axes.settings((axis,), (), 5, "arm")[1:]:
        gen, disc = found.values()
        assert gen == disc


def test_more_draws_leave_the_earlier_ones_and_another_arm_has_others():
    few, many = drawn(LOG, 3), drawn(LOG, 30)
    assert many[:3] == few
    assert len(set(many)) == 30
    assert axes.settings((LOG,), (), 4, "other")[1:] != [{"rate": rate} for rate in few]


def test_draws_are_the_same_on_any_day():
    """They depend on NumPy's PCG64 alone, whose stream is fixed."""
    assert drawn(LOG, 2) == [0.000577, 0.002108]


def test_log_uniform_is_even_in_the_logarithm_and_uniform_in_the_value():
    logs = np.log10(drawn(LOG, 2000))
    assert logs.min() >= -5
    assert logs.max() <= -2
    assert logs.mean() == pytest.approx(-3.5, abs=4 * 3 / math.sqrt(12 * 2000))
    even = np.array(drawn(Axis(("rate",), "uniform", (-1, 3)), 2000))
    assert even.mean() == pytest.approx(1, abs=4 * 4 / math.sqrt(12 * 2000))
    assert even.std() == pytest.approx(4 / math.sqrt(12), rel=0.05)


def test_a_choice_takes_each_value_about_as_often():
    axis = axes.parse("rate", {"choice": [1, "batch", [2, 3]]})
    found = drawn(axis, 900)
    assert set(found) == {1, "batch", (2, 3)}
    for value in axis.values:
        assert found.count(value) == pytest.approx(300, abs=4 * math.sqrt(200))


def test_values_have_four_digits():
    assert all(rate == float(f"{rate:.3e}") for rate in drawn(LOG, 50))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "needs a list of values, or one law"),
        (3, "needs a list of values, or one law"),
        ({"normal": [0, 1]}, "the laws are uniform, log_uniform, choice"),
        ({"choice": [1], "uniform": [0, 1]}, "needs a list of values, or one law"),
        ({"uniform": 3}, "uniform of rate needs a list in brackets"),
        ({"choice": []}, "choice of rate needs a list in brackets"),
        ({"uniform": [1, 0]}, r"two numbers, the lower one first, not \[1, 0\]"),
        ({"uniform": [0, 1, 2]}, "uniform of rate needs two numbers"),
        ({"uniform": ["a", "b"]}, "uniform of rate needs two numbers"),
        ({"uniform": [False, True]}, "uniform of rate needs two numbers"),
        ({"log_uniform": [0, 1]}, r"two numbers above 0, the lower one first, not \[0, 1\]"),
        ({"uniform": [0.0, float("nan")]}, "uniform of rate needs two numbers"),
        ({"uniform": [0.0, float("inf")]}, "uniform of rate needs two numbers"),
    ],
)
def test_what_is_no_axis_is_refused_in_one_sentence(values, sentence):
    with pytest.raises(UserError, match=sentence):
        axes.parse("rate", values)
