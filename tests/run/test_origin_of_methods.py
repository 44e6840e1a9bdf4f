"""Weights of another run for the networks of any method, whichever its state has."""

import dataclasses
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from gan_jax import methods
from gan_jax.config import override
from gan_jax.data import Digits
from gan_jax.errors import UserError
from gan_jax.methods import GAN, VAE, Coarsest, CycleGAN, GameTrain, LaplacianPyramid, StarGAN
from gan_jax.networks import (
    LAPGANDisc,
    LAPGANGen,
    MLPDisc,
    MLPEncoderSettings,
    MLPGen,
    Normal,
    SRCNNGen,
    StarGANDisc,
    StarGANGen,
)
from gan_jax.objectives import Classifier, Wasserstein
from gan_jax.run import origin, runs
from gan_jax.run.runs import Run

DIGITS = Digits(height=8, width=8, channels=1)
PAIRS = dataclasses.replace(DIGITS, num_classes=2, draw="by_class")
DECODER = MLPGen(features=(4,), norm="batch", output="linear")
DISC = MLPDisc(features=(4,), norm="none")
VAE_OF_DIGITS = VAE(
    data=DIGITS, latents=Normal(3), gen=DECODER, encoder=MLPEncoderSettings(features=(5,))
)
GAME = GAN(data=DIGITS, latents=Normal(3), gen=DECODER, disc=DISC)
CYCLE = CycleGAN(
    data=PAIRS,
    latents=Normal(0),
    gen=SRCNNGen(features=(3,)),
    disc=DISC,
    train=GameTrain(batch_size=4, pool_size=2),
)
STAR = StarGAN(
    data=PAIRS,
    latents=Normal(0),
    gen=StarGANGen(features=(3,), blocks=1),
    disc=StarGANDisc(features=(4,)),
    loss=Wasserstein(),
    auxiliary=Classifier(learns_from="real"),
)
PYRAMID = LaplacianPyramid(
    data=DIGITS,
    latents=Normal(3 + 8 * 8),
    gen=LAPGANGen(features=(4,), kernel_size=3),
    disc=LAPGANDisc(features=(4,), kernel_size=3),
    levels=2,
    coarsest=Coarsest(3, gen=MLPGen(features=(4,)), disc=DISC),
)


def state_of(config, seed):
    """Of random numbers, in the shapes of an untrained one."""
    like, draw = jax.eval_shape(methods.make(config).init, jax.random.key(0)), seed * 1_000
    numbers = iter(range(draw, draw + 1_000))
    return jax.tree.map(lambda leaf: np.full(leaf.shape, next(numbers), leaf.dtype), like)


def named(state):
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def begun(monkeypatch, config, other, **fields):
    """The untrained state of a run that starts from one of the config `other`, that before it, and
    the other run's."""
    old, new = state_of(other, 1), state_of(config, 2)
    run = Run(Path("other"), other, methods.make(other), 7, old)
    monkeypatch.setattr(runs, "open_run", lambda *_: run)
    changes = {f"start_from.{name}": value for name, value in fields.items()}
    config = override(config, {"start_from.run": "other", **changes})
    found = origin.read(config, methods.make(config))
    return map(named, (found.placed(new), new, old))


OF_TWO = r"(gen|disc)/(params|stats)/|ema/"


@pytest.mark.parametrize(
    ("config", "fields", "taken", "average"),
    [
        (CYCLE, {}, r"(gen|discs/[01])/(params|stats)/|ema/", (r"^gen/", "ema/")),
        (CYCLE, {"networks": "disc"}, r"discs/[01]/(params|stats)/", ("", "")),
        (STAR, {}, OF_TWO, (r"^gen/", "ema/")),
        (STAR, {"weights": "raw"}, OF_TWO, (r"^ema/", "gen/")),
        (PYRAMID, {}, rf"levels/[01]/({OF_TWO})", (r"/gen/", "/ema/")),
        (PYRAMID, {"networks": "gen"}, r"levels/[01]/(gen/(params|stats)/|ema/)", ("gen", "ema")),
        (VAE_OF_DIGITS, {}, r"(model|ema)/(params|stats)/", (r"^model/", "ema/")),
        (VAE_OF_DIGITS, {"networks": "gen"}, r"(model|ema)/\w+/gen/", (r"^model/", "ema/")),
        (VAE_OF_DIGITS, {"networks": "encoder"}, r"(model|ema)/\w+/encoder/", ("model/", "ema/")),
    ],
)  # fmt: skip
def test_these_weights_are_taken_and_all_else_is_new(monkeypatch, config, fields, taken, average):
    after, before, other = begun(monkeypatch, config, config, **fields)
    assert any(re.match(taken, path) for path in after)
    for path, leaf in after.items():
        source = other[re.sub(*average, path)] if re.match(taken, path) else before[path]
        np.testing.assert_array_equal(leaf, source, err_msg=path)


def test_a_decoder_becomes_the_generator_of_a_game(monkeypatch):
    after, before, other = begun(monkeypatch, GAME, VAE_OF_DIGITS, networks="gen")
    for path, leaf in after.items():
        found = re.fullmatch(r"(?:gen|ema)/(params|stats)/(.*)", path)
        source = other["ema/{}/gen/{}".format(*found.groups())] if found else before[path]
        np.testing.assert_array_equal(leaf, source, err_msg=path)


@pytest.mark.parametrize(
    ("config", "other", "fields", "sentence"),
    [
        (GAME, VAE_OF_DIGITS, {}, "asks for D, which other does not have; .* of gen, encoder that"),
        (VAE_OF_DIGITS, GAME, {}, "asks for the encoder, which other does not have"),
        (GAME, VAE_OF_DIGITS, {"networks": "encoder"}, "the encoder, which method=gan does not"),
        (CYCLE, STAR, {}, r"^G of other is another network: 0/.* is missing there and \[3\] here"),
        (PYRAMID, GAME, {"networks": "disc"}, r"^D of other is another .*: 0/.* is missing there"),
    ],
)
def test_what_another_method_does_not_have_is_a_sentence(
    monkeypatch, config, other, fields, sentence
):
    with pytest.raises(UserError, match=sentence) as error:
        begun(monkeypatch, config, other, **fields)
    assert "\n" not in str(error.value)
