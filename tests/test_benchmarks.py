import numpy as np
import pytest

from benchmarks import flop, problem, process, sampling, train_step
from benchmarks.peers import KNOWN, check, ours, samples
from gan_jax.config import override
from gan_jax.errors import UserError
from gan_jax.methods import GAN

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


def test_samples_are_compared_with_the_faster_forward_pass_of_each_round():
    timings = {
        "forward_64": process.Timing([100.0, 400.0, 100.0], 1, 1.0, 50.0),
        "forward_512": process.Timing([200.0, 200.0, 80.0], 1, 1.0, 50.0),
        "npz": process.Timing([125.0, 250.0, 160.0], 1, 2.0, 60.0),
    }
    assert sampling.shares(timings) == {"forward_64": 0.8, "forward_512": 1.0, "npz": 0.8}
    line = sampling.table(timings).splitlines()[3]
    assert line.split() == ["npz", "3200", "2048", "4096", "80%", "2.0", "60"]


@pytest.mark.parametrize("way", samples.WAYS)
def test_every_way_to_draw_samples_runs(way):
    made = problem.make(problem.configure("gan_mnist", ["gen.features=8"]), way)
    samples.make(made).run(1)


def test_the_table_has_the_peak_of_the_device_where_there_is_one():
    timings = {"gan_jax": process.Timing([100.0], 7, 3.0, 50.0, 1234.4)}
    head, line = train_step.table(timings, operations=int(10e9), rate=200.0).splitlines()
    assert head.endswith("host MiB  device MiB") and line.split()[-2:] == ["50", "1234"]


def test_a_step_is_compared_with_products_of_its_kind():
    rates = {"JAX float32, 8192": 50.0, "JAX TF32, 8192": 400.0, "JAX bfloat16, 8192": 800.0}
    assert train_step.machine_rate(rates, "float32") == "JAX TF32, 8192"
    assert train_step.machine_rate(rates, "bfloat16") == "JAX bfloat16, 8192"
    assert train_step.machine_rate({"numpy float32, 512": 9.0}, "bfloat16") == "numpy float32, 512"


class FakePeer:
    """Runs a step in a second, or is refused at the first one."""

    def __init__(self, refused: bool = False):
        self.refused, self.closed = refused, False

    def ask(self, command):
        if self.refused:
            raise process.Refused("out of memory")
        return [50.0, None] if command == "memory" else float(command.removeprefix("run "))

    def close(self):
        self.closed = True


def test_a_peer_that_fails_in_its_warm_up_is_left_out():
    peers = {"gan_jax": FakePeer(), "other": FakePeer(refused=True)}
    other, left_out = peers["other"], {}
    assert set(process.measure(peers, 1, 1.0, left_out)) == set(peers) == {"gan_jax"}
    assert left_out == {"other": "out of memory"} and other.closed
    with pytest.raises(process.Refused):
        process.measure({"gan_jax": FakePeer(), "other": FakePeer(refused=True)}, 1, 1.0)


def test_operations_of_residual_networks_by_hand():
    """Of one block each; millions per image, where a kernel of spectral norm counts once."""
    settings = ["gen.features=4,8", "disc.features=8", "disc.downsampling_blocks=1"]
    config = problem.configure("sngan_cifar10", settings)
    dense, image = 2 * 128 * 16 * 16 * 4, 2 * 32 * 32 * 9 * 8 * 3
    up = [2 * 1024 * 9 * 4 * 8, 2 * 1024 * 9 * 8 * 8, 2 * 256 * 4 * 8]
    assert flop.of_gen(config) == [dense, *up, image]
    down = [2 * 1024 * 9 * 3 * 8, 2 * 1024 * 9 * 8 * 8, 2 * 256 * 3 * 8]
    assert flop.of_disc(config) == [*down, 2 * 8]


def test_operations_of_a_pair_that_sees_source_pictures_by_hand():
    """A gray picture and x, 3 channels: 4x4 kernels, of stride 2 or of a last map of 7x7."""
    settings = ["gen.features=8,6,5", "disc.features=4,6"]
    config = problem.configure("pix2pix_colour_cifar10", settings)
    down = [256 * 16 * 8, 64 * 16 * 8 * 6, 16 * 16 * 6 * 5]
    up = [16 * 16 * 5 * 6, 64 * 16 * 12 * 8, 256 * 16 * 16 * 3]
    assert flop.of_gen(config) == [2 * products for products in down + up]
    disc = [256 * 16 * 4 * 4, 15**2 * 16 * 4 * 6, 14**2 * 16 * 6]
    assert flop.of_disc(config) == [2 * products for products in disc]


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
