"""The examples of docs/extending.md, run as they stand there."""

import re
from pathlib import Path

import jax
import numpy as np
import pytest

from gan_jax import data, keys, methods, networks, train
from gan_jax.config import override
from gan_jax.data import procedural_cars
from gan_jax.objectives import losses, penalties

DOCUMENT = (Path(__file__).parent.parent / "docs" / "extending.md").read_text()


@pytest.fixture
def tables(monkeypatch):
    """The tables, as they were before, when the test is over."""
    for room, name in (
        (losses, "LOSSES"),
        (penalties, "PENALTIES"),
        (networks, "DISCRIMINATORS"),
    ):
        monkeypatch.setattr(room, name, dict(getattr(room, name)))


def _few_cars(seed, count, height=32, width=32):
    shape = (min(count, 16), height, width, 3)
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def test_the_examples_make_a_run(tables, monkeypatch, tmp_path):
    monkeypatch.setattr(data, "cached", lambda place, key, make: make())
    monkeypatch.setattr(procedural_cars, "images", _few_cars)
    examples = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(examples) == 4
    for number, code in enumerate(examples):
        names = {"__name__": f"extending_{number}"}
        exec(compile(code, f"docs/extending.md, example {number + 1}", "exec"), names)
    config = names["get_config"]()
    state = train.run(config, tmp_path)
    assert int(state.step) == config.train.num_steps
    assert state.disc.params["body"]["Conv_0"]["kernel"].shape == (4, 4, 3, 8)
    told = override(config, {"disc.conditioning": "embedding", "data.num_classes": 5})
    shapes = jax.eval_shape(methods.make(told).init, keys.root(0))
    assert shapes.disc.params["body"]["Conv_0"]["kernel"].shape == (4, 4, 3 + 5, 8)
