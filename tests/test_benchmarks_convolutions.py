"""The measurement that the choice of a convolution's form rests on."""

from collections import Counter
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import convolutions
from benchmarks.convolutions import LAYERS, MAPS, Layer, Volume
from gan_jax.ops import conv, onednn, trilinear

pytestmark = pytest.mark.usefixtures("without_onednn")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", MAPS)
def test_every_form_that_is_compared_computes_the_same(name, turned):
    layer = Layer(8, 5, 6, 3, batch=2, turned=turned)
    given = layer.arguments(name)
    functions = layer.functions(name)
    assert list(functions) == ["tiles", "patches", "native", "columns", *["taps"] * turned]
    assert_equal(functions, given)


@pytest.mark.parametrize("name", MAPS)
def test_both_forms_of_volumes_compute_the_same(name):
    volume = Volume(6, 3, 2, batch=2)
    assert volume.flop == 2 * 2 * (3 * 4) ** 3 * 3 * 2
    functions, given = volume.functions(name), volume.arguments(name)
    assert list(functions) == ["native", "folded"]
    assert functions["native"](*given).shape == {
        "output": (2, 3, 3, 3, 2), "image": (2, 6, 6, 6, 3), "kernel": (4, 4, 4, 3, 2)
    }[name]  # fmt: skip
    assert_equal(functions, given)


def assert_equal(functions, given):
    first, *others = (convolutions.looped(f)(1, *given) for f in functions.values())
    for other in others:
        np.testing.assert_allclose(other, first, rtol=0, atol=2e-5 * np.abs(first).max())


def test_a_layer_s_window_and_operations_by_hand():
    layer = Layer(9, 2, 3, 5, 2, batch=4)
    assert layer.flop == 2 * 4 * (5 * 5) * (5 * 5) * 2 * 3
    x, kernel = layer.arguments("output")
    np.testing.assert_allclose(
        trilinear.output_of(x, kernel, layer.window), conv(x, kernel, 2), rtol=0, atol=1e-4
    )


def test_forms_are_compared_where_they_can_be_taken(monkeypatch):
    assert Layer(32, 16, 16, 3).forms("image") == ["patches", "native", "columns"]
    assert Layer(16, 16, 16, 5, 2).forms("image") == ["tiles", "patches", "columns"]
    assert Layer(16, 16, 16, 5, 2).forms("output") == ["tiles", "patches", "native", "columns"]
    assert Layer(16, 16, 16, 1).forms("kernel") == ["native", "columns"]
    assert all(layer.chosen(name) in layer.functions(name) for layer in LAYERS for name in MAPS)
    monkeypatch.setattr(onednn, "is_there", lambda: True)
    monkeypatch.setattr(onednn, "has_matrix_unit", lambda: True)
    assert Layer(32, 16, 16, 3).forms("image") == ["patches", "native", "columns", "onednn"]
    assert Layer(32, 16, 16, 3).forms("kernel") == ["patches", "native", "columns"]
    assert "onednn" not in Layer(32, 16, 16, 3, 4).forms("output")
    assert all(layer.chosen(name) in layer.functions(name) for layer in LAYERS for name in MAPS)


def test_a_form_that_is_faster_than_the_table_s_is_named():
    times = {"native": 10.0, "columns": 11.4}
    assert convolutions.doubts(times, "columns") == ""
    assert convolutions.doubts(times, "native") == ""
    times["columns"] = 12.0
    assert convolutions.doubts(times, "columns") == "WARNING: native is 1.20 times as fast"
    row = convolutions.row(Layer(8, 16, 16, 1, batch=1), "output", times)
    assert row == (
        *("1 x 8x8, 16 to 16, 1x1 / 1", "output", "", "", "10", "12", "", "", "", "columns", "0"),
        "WARNING: native is 1.20 times as fast",
    )


def test_a_form_that_takes_twice_as_long_gets_no_turns(monkeypatch):
    seconds, calls = {"native": 0.010, "columns": 0.019, "taps": 0.021}, Counter()

    def spent(form, count, given):
        calls[form] += 1
        return count * seconds[form]

    layer = SimpleNamespace(
        arguments=lambda name: (), functions=lambda name: {form: form for form in seconds}
    )
    monkeypatch.setattr(convolutions, "looped", lambda form: form)
    monkeypatch.setattr(convolutions, "_seconds", spent)
    found = convolutions.measure(layer, "output", rounds=4)
    assert found == pytest.approx({"native": 10, "columns": 19, "taps": 21})
    assert calls == {"native": 6, "columns": 6, "taps": 2}


def test_a_loop_computes_as_often_as_it_is_told():
    ones = jnp.ones((1, 4, 4, 1)), jnp.ones((1, 1, 1, 1))
    call = convolutions.looped(lambda a, b: 1e9 * b * a)
    # each time both are a billionth of the last result times larger: 1, 2 and 10
    most = [float(call(count, *ones).max()) for count in range(4)]
    assert most == pytest.approx([0, 1e9, 4e9, 100e9], rel=1e-6)
