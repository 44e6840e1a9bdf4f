"""Losses, penalties, conditioning and terms go together: three steps of games drawn from a grid.

Each row of each table is played, beside another row of every other table.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import keys
from gan_jax.config import override
from gan_jax.data import Points
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.methods import GAN, GameTrain, gan
from gan_jax.methods import game as games
from gan_jax.networks import MLPDisc, MLPGen, Normal
from gan_jax.objectives import Auxiliary, Loss, Penalty

POINTS = GAN(
    data=Points(name="ring", num_classes=3),
    latents=Normal(dimension=2),
    gen=MLPGen(features=(4,), norm="none", output="linear"),
    disc=MLPDisc(features=(4,), norm="none"),
    train=GameTrain(batch_size=6),
)
CONDITIONINGS = ("none", "embedding", "projection")
NEEDS = {
    "classifier": {"disc.conditioning": "classifier"},
    "codes": {"latents.categories": "3", "latents.continuous": "1"},
}
ENERGY = {"disc.name": "autoencoder"}
NEEDS |= {"ebgan": ENERGY, "began": ENERGY | {"disc.conditioning": "embedding"}}
TRAININGS: tuple[dict[str, str], ...] = (
    {},
    {"train.disc_updates": "2"},
    {"penalty.every_steps": "2", "train.ema_ramp": "0"},
    {"train.gen_top_share": "0.5"},
    {"train.gen_updates": "2", "train.gen_latents": "fresh"},
)
GAMES = 11  # as many as the longest table has rows, and a few more


def drawn(number):
    """Row `number` of each table, at strides that pair them differently."""
    families = [tuple(family.choices) for family in (Loss, Penalty, Auxiliary)]
    choose = [*families[:2], CONDITIONINGS, families[2]]
    loss, penalty, conditioning, term = (rows[number % len(rows)] for rows in choose)
    changes = {
        "loss.name": loss,
        "penalty.name": penalty,
        "disc.conditioning": conditioning,
        "auxiliary.name": term,
        **TRAININGS[number // 2 % len(TRAININGS)],
        **NEEDS.get(term, {}),
        **NEEDS.get(loss, {}),
    }
    return override(POINTS, changes)


def test_the_games_have_every_row():
    configs = [drawn(number) for number in range(GAMES)]
    assert {config.loss.choice for config in configs} == set(Loss.choices)
    assert {config.penalty.choice for config in configs} == set(Penalty.choices)
    assert {config.auxiliary.choice for config in configs} == set(Auxiliary.choices)
    assert {config.disc.conditioning for config in configs} == {*CONDITIONINGS, "classifier"}


@pytest.mark.parametrize("number", range(GAMES))
def test_three_steps_of_a_game(number):
    config = drawn(number)
    game = games.make(config)
    size = config.train.examples_per_step
    images = jax.random.uniform(jax.random.key(number), (3, 2, size // 2, 2))
    batches = Example(images, jnp.arange(3 * size).reshape(3, 2, size // 2) % 3)

    def play(root):
        def step(state, batch):
            mapped = jax.vmap(
                lambda shard, state: gan.step(game, state, shard, root),
                in_axes=(0, None),
                out_axes=None,
                axis_name=collectives.AXIS,
            )
            return mapped(batch, state)

        start = gan.init(game, root)
        return start, *jax.lax.scan(step, start, batches)

    start, end, metrics = jax.jit(play)(keys.root(0))
    assert int(end.step) == 3
    of_both = {f"{network}/{name}" for network in "dg" for name in ("loss", "grad_norm")}
    assert of_both < set(metrics)
    assert {name.split("/")[0] for name in metrics} <= {"d", "g", "augment"}
    for leaf in jax.tree.leaves((end, metrics)):
        assert np.isfinite(leaf).all()
    for before, after in ((start.gen, end.gen), (start.disc, end.disc)):
        for old, new in zip(*map(jax.tree.leaves, (before.params, after.params)), strict=True):
            moved = (np.asarray(old) != np.asarray(new)).any()
            assert moved or old.ndim < 2  # losses of differences leave D's last bias alone


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"augment.names": "color"}, "augment.names are changes of pictures, .* are points; set"),
        (
            {"disc.name": "dcgan"},
            r"disc.name=dcgan is for images, .* the shape \(2,\); set disc.name=mlp",
        ),
        ({"gen.name": "began"}, "gen.name=began is for images, .*; set gen.name=mlp"),
    ],
)
def test_what_is_of_pictures_is_refused_for_points(change, says):
    with pytest.raises(UserError, match=says):
        games.make(override(POINTS, change))
