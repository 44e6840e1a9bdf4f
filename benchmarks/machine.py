"""What the figures were measured on."""

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

SIZES = {"cpu": (512, 1024, 2048, 4096), "gpu": (1024, 2048, 4096, 8192)}
ROUNDS = 5
LIBRARIES = ("jax", "jaxlib", "flax", "numpy", "torch", "keras", "tensorflow", "tensorflow-cpu")


def describe() -> dict[str, Any]:
    """The processor, the devices that JAX has here, and the versions of what is installed."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    devices = jax.devices()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "platform": devices[0].platform,
        "devices": [device.device_kind for device in devices],
        "versions": versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def gemm_rates() -> dict[str, float]:
    """GFLOP per second of the best of some square matrix products, by library, kind and size.

    They are in float32; on a GPU also in TF32, which JAX takes for float32 by default, and in
    bfloat16.
    """
    rates, platform = {}, jax.default_backend()
    for size in SIZES["cpu" if platform == "cpu" else "gpu"]:
        a = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
        if platform == "cpu":
            rates[f"numpy float32, {size}"] = _rate(lambda a=a: a @ a, size)
        kinds = {"float32": (np.float32, "highest")}
        if platform != "cpu":
            kinds |= {"TF32": (np.float32, "default"), "bfloat16": (jnp.bfloat16, "default")}
        for kind, (dtype, precision) in kinds.items():
            multiply = jax.jit(partial(jnp.matmul, precision=precision))
            on_device = jax.device_put(jnp.asarray(a, dtype))
            rates[f"JAX {kind}, {size}"] = _rate(
                lambda a=on_device, by=multiply: jax.block_until_ready(by(a, a)), size
            )
    return rates


def _rate(product: Callable[[], Any], size: int) -> float:
    product()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        product()
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times) / 1e9
