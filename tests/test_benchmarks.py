import numpy as np
import pytest

from benchmarks import problem, train_step


def test_operations_of_the_cars_by_hand():
    """Millions per image and pass. D: 2.4576, 26.2144, 26.2144; G: 4.9152, 104.8576, 39.3216."""
    per_image = 6 * 2.4576 + 8 * (26.2144 + 26.2144) + 3 * (4.9152 + 104.8576 + 39.3216)
    flop = train_step.direct_flop("dcgan_cifar_cars", 128)
    assert flop == pytest.approx(128 * per_image * 1e6, rel=1e-9)


def test_the_table_has_medians_and_ratios_round_by_round():
    timings = {
        "gan_jax": train_step.Timing([100.0, 200.0, 100.0], 3.0, 50.0),
        "other": train_step.Timing([150.0, 400.0, 120.0], 1.0, 60.0),
    }
    lines = train_step.table(timings, flop=10e9, rate=200.0).splitlines()
    assert lines[1].split() == ["gan_jax", "100", "100", "200", "1.00", "50%", "3.0", "50"]
    assert lines[2].split() == ["other", "150", "120", "400", "1.50", "33%", "1.0", "60"]


@pytest.mark.parametrize("peer", ["pytorch", "keras_tensorflow"])
def test_peers_compute_the_same_first_losses(peer):
    """Only where the bench extra is installed."""
    pytest.importorskip({"pytorch": "torch", "keras_tensorflow": "tensorflow"}[peer])
    from importlib import import_module

    from benchmarks.peers import ours

    made = problem.without_dropout(problem.make("dcgan_cifar_cars", 8))
    theirs = import_module(f"benchmarks.peers.{peer}").make(made).first()
    np.testing.assert_allclose(theirs, ours.make(made).first(), rtol=train_step.LOSS_TOLERANCE)
