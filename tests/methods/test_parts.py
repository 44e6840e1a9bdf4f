"""A step whose passes come in parts is the same step."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from one_step import started, step

import experiments
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.methods import parts

PLAIN = {"gen.norm": "none", "disc.norm": "none", "gen_optimizer.name": "sgd",
         "disc_optimizer.name": "sgd", "train.disc_update": "joint",
         "gen_optimizer.learning_rate": "1", "disc_optimizer.learning_rate": "1"}  # fmt: skip
"""Plain steps: Adam would divide rounding by itself where a gradient is nearly zero."""
GAMES = {
    "masks_of_examples": {"disc.dropout_rate": "0.5"},
    "points_of_examples": {"penalty.name": "wgan_gp", "loss.name": "wasserstein"},
    "pairs_and_second_derivatives": {"penalty.name": "r1_r2", "loss.name": "relativistic_pairing"},
    "statistics_of_kernels": {"disc.kernel_norm": "spectral", "loss.name": "hinge"},
    "updates_in_turn": {"train.disc_update": "in_turn"},
    "several_updates": {"train.disc_updates": "2", "train.gen_latents": "fresh"},
    "batch_norm_in_gen": {"gen.norm": "batch"},
    "augmented": {"augment.name": "fixed", "augment.probability": "0.8"},
}


SLOW = ("several_updates", "augmented", "points_of_examples")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in GAMES]
)
def test_a_step_in_parts_is_the_step(name):
    """In weights, statistics and what is measured; with masks on 2 devices, whose examples have
    numbers after each other's."""
    devices = 2 if name == "masks_of_examples" else 1
    game, state = started(override(tiny_config(), PLAIN | GAMES[name]))
    assert game.disc_parts(8) == game.gen_parts(8) == 1  # images of 8x8 are small
    two = game._replace(disc_parts=lambda n: 2)
    if name != "batch_norm_in_gen":
        two = two._replace(gen_parts=lambda n: 2)
    whole, in_parts = step(game, state, devices), step(two, state, devices)
    chex.assert_trees_all_close(in_parts, whole, rtol=1e-4, atol=2e-6)
    moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), whole[0].disc.params, state.disc.params)
    assert max(jax.tree.leaves(moved)) > 1e-2  # what is compared did change


def sizes(experiment, changes=None):
    config = override(experiments.load(experiment), changes or {})
    return [of(config) for of in (parts.of_gen, parts.of_disc)]


def test_parts_have_sixteen_images_of_32x32_where_no_example_sees_another():
    for gen, disc in (sizes("r3gan_cifar_cars"),):
        assert (gen(64), disc(64), disc(16), disc(8)) == (4, 4, 1, 1)
        assert (disc(48), disc(60), disc(67)) == (3, 4, 1)
    gen, disc = sizes("sngan_cifar10")  # whose G has BatchNorm
    assert (gen(64), disc(64)) == (1, 4)
    large = {"data.height": "64", "data.width": "64"}
    assert sizes("r3gan_cifar_cars", large)[1](64) == 16


@pytest.mark.parametrize(
    ("experiment", "changes"),
    [
        ("dcgan_cifar_cars", {}),  # BatchNorm in both
        ("sngan_cifar10", {"disc.minibatch": "stddev"}),
        ("sngan_cifar10", {"loss.name": "relativistic_average"}),
        ("wgan_gp_cifar10", {"penalty.name": "dragan"}),
        ("sngan_cifar10", {"train.gen_top_share": "0.5"}),
        ("acgan_cifar10", {}),
        ("wgan_gp_mnist", {}),  # small images
        ("gan_mnist", {}),
        ("toy_ring", {}),
        ("pix2pix_colour_cifar10", {}),
    ],
)
def test_whole_batches_where_examples_see_each_other_or_it_does_not_pay(experiment, changes):
    assert sizes(experiment, changes)[1](64) == 1


def test_other_platforms_take_whole_batches(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert [count(64) for count in sizes("r3gan_cifar_cars")] == [1, 1]


def test_a_part_knows_its_places_and_nothing_of_the_others():
    def places(_):
        with collectives.part(jnp.int32(1), 2):
            return collectives.example_numbers(2)

    found = jax.vmap(places, axis_name=collectives.AXIS)(jnp.zeros(3))
    np.testing.assert_array_equal(found, [[2, 3], [6, 7], [10, 11]])
    for whole in (collectives.mean, collectives.gather, lambda x: collectives.total(1)):

        def within(x, whole=whole):
            with collectives.part(jnp.int32(0), 2):
                return whole(x)

        with pytest.raises(RuntimeError, match="knows nothing of the others"):
            jax.vmap(within, axis_name=collectives.AXIS)(jnp.zeros(3))
