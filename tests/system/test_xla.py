"""The options of XLA's compilers."""

import os
import subprocess
import sys

import pytest

from gan_jax.system import xla

LOOPS = """
from gan_jax.system import xla
xla.use_multi_output_fusion()
import jax, jax.numpy as jnp

@jax.jit
def update(first, second, gradient):
    return 0.5 * first + gradient, 0.75 * second + gradient * gradient

x = jnp.arange(4096.0)
first, second = update(x, x, x)
assert (first == 1.5 * x).all() and (second == 0.75 * x + x * x).all()
print(update.lower(x, x, x).compile().as_text().count("kind=kLoop"))
"""


@pytest.mark.parametrize(("flags", "loops"), [
    (None, 1), ("", 1), ("--xla_cpu_enable_fast_math=false", 1),
    ("--xla_backend_extra_options=xla_another", 2),
])  # fmt: skip
def test_two_results_of_the_same_array_take_one_loop(flags, loops, monkeypatch):
    monkeypatch.delenv("XLA_FLAGS")
    if flags is not None:
        monkeypatch.setenv("XLA_FLAGS", flags)
    program = [sys.executable, "-c", LOOPS]
    said = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert int(said) == loops


def test_a_second_call_and_a_user_s_own_options_change_nothing(monkeypatch):
    for own in ("--xla_backend_extra_options=xla_another", "--xla_dump_to=x"):
        monkeypatch.setenv("XLA_FLAGS", own)
        xla.use_multi_output_fusion()
        once = os.environ["XLA_FLAGS"]
        xla.use_multi_output_fusion()
        assert os.environ["XLA_FLAGS"] == once
        assert once.startswith(own) and once.count("xla_backend_extra_options") == 1
