from importlib import import_module

import numpy as np
import pytest

from benchmarks import flop, losses, problem, process, train_step
from benchmarks.peers import KNOWN, check, ours
from gan_jax.config import override
from gan_jax.errors import UserError
from gan_jax.methods import GAN
from gan_jax.methods import game as games
from gan_jax.objectives import Loss

CARS = "dcgan_cifar_cars"


def test_operations_of_the_cars_by_hand():
    """Millions per image and pass, from the input on."""
    disc_first, disc_rest = 2.4576, [26.2144, 26.2144, 0.008192]
    gen_first, gen_rest = 0.6144, [39.3216, 104.8576, 4.9152]
    plain = 6 * disc_first + 8 * sum(disc_rest) + 2 * gen_first + 3 * sum(gen_rest)
    config = problem.configure(CARS, ["train.batch_size=128"])
    assert flop.of_step(config) == pytest.approx(128 * plain * 1e6, rel=1e-9)
    penalty = override(config, {"penalty.name": "wgan_gp"})
    more = 4 * (disc_first + sum(disc_rest))
    assert flop.of_step(penalty) == pytest.approx(128 * (plain + more) * 1e6, rel=1e-9)
    lazy = override(penalty, {"penalty.every_steps": "4"})
    assert flop.of_step(lazy) == pytest.approx(128 * (plain + more / 4) * 1e6, rel=1e-9)
    twice = plain + 4 * disc_first + 6 * sum(disc_rest) + gen_first + sum(gen_rest)
    second = override(config, {"train.disc_updates": "2"})
    assert flop.of_step(second) == pytest.approx(128 * twice * 1e6, rel=1e-9)


def test_operations_of_dense_networks_by_hand():
    """784 * 128 = 100,352 and 100 * 128 = 12,800 products."""
    disc, gen = [2 * 100_352, 2 * 128], [2 * 12_800, 2 * 100_352]
    per_image = 6 * disc[0] + 8 * disc[1] + 2 * gen[0] + 3 * gen[1]
    assert flop.of_step(problem.configure("gan_mnist", [])) == 100 * per_image


def test_the_table_has_medians_and_ratios_round_by_round():
    timings = {
        "gan_jax": process.Timing([100.0, 200.0, 100.0], 7, 3.0, 50.0),
        "other": process.Timing([150.0, 400.0, 12.345], 1, 1.0, 60.0),
    }
    lines = train_step.table(timings, operations=int(10e9), rate=200.0).splitlines()
    assert lines[1].split() == ["gan_jax", "100", "100", "200", "1.00", "50%", "3.0", "50"]
    assert lines[2].split() == ["other", "150", "12.3", "400", "1.50", "33%", "1.0", "60"]


@pytest.mark.parametrize(
    ("each", "steps"), [(2.5, 1), (0.1, 10), (0.001, 1000), (1e-6, 1024)], ids=str
)
def test_a_turn_lasts_about_as_long_as_asked(each, steps):
    """A peer whose first step takes 3 s more and whose every call takes 3 ms more."""
    asked = []

    class Fake:
        def ask(self, command):
            asked.append(int(command.removeprefix("run ")))
            return (3 if len(asked) == 1 else 0.003) + each * asked[-1]

    found, compile_seconds = process._warm_up(Fake(), seconds=1.0)
    assert found == pytest.approx(steps, rel=0.03)
    assert compile_seconds == pytest.approx(3, abs=0.01)
    assert asked[0] == 1 and sum(asked[:-1]) * each < 8


def test_a_peer_says_what_it_does_not_know():
    check("PyTorch", GAN(), KNOWN)
    with pytest.raises(UserError, match=r"PyTorch knows train\.gen_updates 1, not 2"):
        check("PyTorch", override(GAN(), {"train.gen_updates": 2}), KNOWN)


def test_the_first_losses_of_a_linear_critic_by_hand():
    """Its gradient is its weight, for any image."""
    settings = ["penalty.name=wgan_gp", "train.batch_size=4", "disc.features="]
    made = problem.make(problem.configure("gan_mnist", settings))
    losses = ours.make(problem.for_comparison(made)).first()
    weight = made.weights["disc"]["logit"]["kernel"][:, 0]
    logits = made.images.reshape(4, -1) @ weight
    cross_entropy = np.logaddexp(0, logits) - 0.9 * logits
    assert losses.disc_real == pytest.approx(cross_entropy.mean(), rel=1e-5)
    assert losses.penalty == pytest.approx((np.linalg.norm(weight) - 1) ** 2, rel=1e-4)


@pytest.mark.parametrize(
    ("peer", "experiment", "settings"),
    [
        ("pytorch", CARS, []),
        ("pytorch", "gan_mnist", []),
        ("pytorch", "gan_mnist", ["gen.norm=batch", "penalty.name=wgan_gp", "disc.features=9,8"]),
        ("pytorch", CARS, ["penalty.name=r1", "train.disc_update=joint", "disc.norm=none"]),
        ("pytorch", CARS, ["penalty.name=wgan_gp", "train.disc_update=joint", "disc.norm=none"]),
        ("keras_tensorflow", CARS, []),
        ("keras_tensorflow", CARS, ["train.disc_update=joint", "latents.name=uniform"]),
    ],
)
def test_peers_compute_the_same_first_losses(peer, experiment, settings):
    """Only where the bench extra is installed."""
    pytest.importorskip({"pytorch": "torch", "keras_tensorflow": "tensorflow"}[peer])
    config = problem.configure(experiment, [*settings, "train.batch_size=8"])
    made = problem.for_comparison(problem.make(config))
    theirs = import_module(f"benchmarks.peers.{peer}").make(made).first()
    expected = ours.make(made).first()
    np.testing.assert_allclose(theirs, expected, rtol=train_step.LOSS_TOLERANCE)
    assert theirs.penalty == pytest.approx(expected.penalty, rel=1e-4)  # before any update
    assert (expected.penalty > 0) == (config.penalty.choice != "none")


def test_the_table_of_losses_by_hand():
    config = losses.game("wasserstein", num_steps=7, num_seeds=2)
    assert config.penalty.choice == "wgan_gp"
    assert (config.train.num_steps, config.train.num_seeds, config.log.every_steps) == (7, 2, 7)
    row = losses.row(config, [(8.0, 0.9), (6.0, 0.5)], 12.3)
    assert row == ("wasserstein", "wgan_gp 0.1", "7.0 ± 1.4", "70.0 ± 28.3", "12")
    page = losses.markdown([row], "2 seeds.")
    assert "| wasserstein | wgan_gp 0.1 | 7.0 ± 1.4 | 70.0 ± 28.3 | 12 |" in page


def test_the_table_of_losses_names_games_that_can_be_played():
    assert set(losses.GAMES) == set(Loss.choices)
    for name in losses.GAMES:
        games.make(losses.game(name, num_steps=1, num_seeds=1))
