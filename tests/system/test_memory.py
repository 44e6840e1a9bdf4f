"""Freed memory stays with the process, so that the next compiled call does not touch it anew."""

import subprocess
import sys

import pytest

FAULTS = """
import resource
import jax, jax.numpy as jnp
from gan_jax.system import memory
kept = {keep} and memory.keep_freed_memory()

@jax.jit
def call(x):  # works in two blocks of 64 MiB
    square = jnp.full((4096, 4096), x)
    return jnp.sin(square.at[0].set(0).T @ jnp.ones((4096, 8))).sum()

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    call(1.0).block_until_ready()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(kept, min(faults() for _ in range(5)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the setting is that of glibc")
def test_a_second_call_touches_no_new_pages():
    faults = {}
    for keep in (False, True):
        program = [sys.executable, "-c", FAULTS.format(keep=keep)]
        said = subprocess.run(program, capture_output=True, text=True, check=True).stdout.split()
        if keep and said[0] == "False":
            pytest.skip("this C library has no mallopt")
        faults[keep] = int(said[1])
    if faults[False] < 10_000:
        pytest.skip("this JAX takes huge pages or keeps them by itself")
    assert faults[True] < 200


GIVEN_BACK = """
import resource
import numpy as np
from gan_jax.system import memory
kept = memory.keep_freed_memory()

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20

blocks = [np.ones(2**17) for _ in range(300)]  # of one MiB
on_top = np.ones(8)
full = resident()
del blocks
freed = resident()
memory.give_freed_memory_back()
print(kept, full - freed, freed - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the setting is that of glibc")
def test_freed_memory_goes_back_when_asked():
    program = [sys.executable, "-c", GIVEN_BACK]
    kept, *mib = subprocess.run(program, capture_output=True, text=True, check=True).stdout.split()
    if kept == "False":
        pytest.skip("this C library has no mallopt")
    by_itself, asked = map(float, mib)
    assert abs(by_itself) < 20
    assert 280 < asked < 320
