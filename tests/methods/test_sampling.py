import jax
import pytest

from gan_jax.methods import sampling


@pytest.mark.parametrize(
    ("platform", "shape", "expected"),
    [
        ("cpu", (32, 32, 3), 64),
        ("gpu", (32, 32, 3), 256),
        ("gpu", (28, 28, 1), 256),  # no more than these
        ("gpu", (40, 40, 3), 163),
        ("gpu", (256, 256, 3), 64),  # no fewer either
        ("gpu", (2,), 256),
        ("tpu", (32, 32, 3), 64),  # not measured
    ],
)
def test_a_gpu_draws_more_small_samples_together(monkeypatch, platform, shape, expected):
    monkeypatch.setattr(jax, "default_backend", lambda: platform)
    assert sampling.drawn_together(shape) == expected
