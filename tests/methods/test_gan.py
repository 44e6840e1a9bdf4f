"""One step of the game on a tiny pair: order, isolation, counts, first step, average, devices."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from one_step import count, keys_at_0, on_devices, started, step

from gan_jax import keys
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.method import Inputs
from gan_jax.methods import average, gan, passes, turns
from gan_jax.networks import layers

LEARNING_RATE = 1e-3


@pytest.fixture(params=["in_turn", "joint"])
def config(request, tiny):
    return override(tiny, {"train.disc_update": request.param})


def sample(game, state, z, averaged):
    return gan.sample(game, state, Inputs(z), averaged)["image"]


def test_devices_that_disagree_are_refused_at_trace_time(config):
    """The guard that pmap with out_axes=None is not: it trusts what this map proves."""
    game, state = started(config)
    step(game, state, devices=4)
    with pytest.raises(ValueError, match="out_axes"):
        on_devices(lambda batch: batch.x.mean(), 4)


@pytest.mark.parametrize("forgotten", ["mean", "BatchNorm"])
def test_a_forgotten_mean_over_devices_is_refused(config, forgotten, monkeypatch):
    game, state = started(config)
    if forgotten == "mean":
        monkeypatch.setattr(collectives, "mean", lambda tree: tree)
    else:
        plain = layers.nn.BatchNorm

        def alone(**fields):
            return plain(**{**fields, "axis_name": None})

        monkeypatch.setattr(layers.nn, "BatchNorm", alone)
    with pytest.raises(ValueError, match="out_axes"):
        step(game, state, devices=2)


def test_a_step_updates_each_player_the_stated_number_of_times(config):
    game, state = started(config)
    for number in (1, 2):
        state, _ = step(game, state)
        assert int(state.step) == number
        assert count(state.gen) == number
        assert count(state.disc) == number * (2 if game.disc_update == "in_turn" else 1)


def test_a_frozen_gen_stays_to_the_bit_while_disc_learns(config):
    game, state = started(config)
    game = game._replace(gen_opt=optax.set_to_zero())
    state = state._replace(gen=state.gen._replace(opt=game.gen_opt.init(state.gen.params)))
    after, _ = step(game, state)
    chex.assert_trees_all_equal(after.gen.params, state.gen.params)
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), after.disc.params, state.disc.params)
    assert all(jax.tree.leaves(moved["body"]["Conv_0"]))


def test_an_update_of_gen_leaves_disc_to_the_bit_statistics_included(config):
    """A whole step and its D update alone make the same D."""
    game, state = started(config)
    after, _ = step(game, state)

    def disc_alone(batch, s):
        numbers = collectives.example_numbers(batch.x.shape[0])
        key = keys_at_0(keys.Purpose.LATENT)
        z = game.draw_latents(keys.per_example(key, numbers))
        variables = {"params": s.gen.params, "batch_stats": s.gen.stats}
        fake, _ = game.gen.apply(variables, z, batch.label, train=True, mutable=["batch_stats"])
        now, inputs = passes.StepContext(s.step, s.scalars, keys_at_0), Inputs(z, batch.label)
        return turns.update_disc(game, now, s.disc, batch.x, fake, inputs)[0]

    chex.assert_trees_all_close(after.disc, on_devices(disc_alone, 1, state), rtol=1e-5, atol=1e-7)


def test_gen_descends_the_gradient_through_the_updated_disc(config):
    """The shared forward pass gives what differentiating G's loss from its latents gives."""
    game, state = started(config)
    after, metrics = step(game, state)

    def expected(batch, s, disc):
        key = keys_at_0(keys.Purpose.LATENT)
        z = game.draw_latents(keys.per_example(key, collectives.example_numbers(batch.x.shape[0])))

        def forward(network, params, stats, x):
            variables = {"params": params, "batch_stats": stats}
            rngs = {"dropout": keys_at_0(keys.Purpose.DISC_FOR_GEN)}
            return network.apply(
                variables, x, batch.label, train=True, mutable=["batch_stats"], rngs=rngs
            )[0]

        def loss(params):
            fake = forward(game.gen, params, s.gen.stats, z)
            logits = forward(game.disc, disc.params, disc.stats, fake).logits
            return jax.nn.softplus(-logits).mean()

        value, grads = jax.value_and_grad(loss)(s.gen.params)
        return collectives.mean((value, grads))

    value, grads = on_devices(expected, 1, state, after.disc)
    assert float(metrics["g/loss"]) == pytest.approx(float(value), rel=1e-5)
    # After one step Adam's first moment is (1 - b1) of the gradient.
    moment = jax.tree.map(lambda g: (1 - 0.5) * g, grads)
    chex.assert_trees_all_close(optax.tree.get(after.gen.opt, "mu"), moment, rtol=1e-3, atol=1e-6)


def test_the_first_step_of_adam_is_the_learning_rate_times_the_sign(tiny):
    config = override(tiny, {"gen_optimizer.epsilon": "1e-30", "train.disc_update": "joint",
                             "disc_optimizer.epsilon": "1e-30"})  # fmt: skip
    game, state = started(config)
    after, _ = step(game, state)
    for before, now in ((state.gen, after.gen), (state.disc, after.disc)):
        change = jax.tree.map(lambda a, b: np.abs(b - a), before.params, now.params)
        for leaf in jax.tree.leaves(change):
            learnt = leaf[leaf > 0]  # biases before a BatchNorm have no gradient
            np.testing.assert_allclose(learnt, LEARNING_RATE, rtol=1e-3)
    kernel = np.abs(after.disc.params["logit"]["kernel"] - state.disc.params["logit"]["kernel"])
    assert (kernel > 0).mean() > 0.5


def test_statistics_follow_one_pass_of_gen_and_two_of_disc(config):
    game, state = started(config)
    after, _ = step(game, state)
    variances = after.gen.stats["BatchNorm_0"]["norm"]["var"]
    assert float(jnp.abs(variances - 0.8).min()) >= 0  # 0.8 * 1 + 0.2 * batch variance
    # D's first BatchNorm sees two passes: what is left of its start is 0.8 ** 2 of 1.
    disc_var = after.disc.stats["body"]["BatchNorm_0"]["norm"]["var"]
    assert float(disc_var.min()) > 0.64
    assert float(disc_var.max()) < 0.8


def test_ema_decay_of_published_settings():
    assert 1 - float(average.newest_share(64, 500_000)) == pytest.approx(0.99991128, abs=1e-8)
    assert 1 - float(average.newest_share(32, 10_000)) == pytest.approx(0.99778439, abs=1e-8)
    assert float(average.newest_share(32, 0)) == 1.0


def test_the_average_follows_its_closed_form_in_weights_and_statistics(config):
    """theta_t = b^t theta_0 + (1 - b) sum_i b^(t - i) theta_i, of parameters and statistics."""
    game, state = started(
        override(config, {"train.ema_half_life_images": "20", "train.ema_ramp": "0"})
    )
    decay = 0.5 ** (8 / 20)
    passed = [(state.gen.params, state.gen.stats)]
    for _ in range(3):
        state, _ = step(game, state)
        passed.append((state.gen.params, state.gen.stats))
    weights = [decay**3, *((1 - decay) * decay ** (3 - i) for i in (1, 2, 3))]
    expected = jax.tree.map(
        lambda *leaves: sum(w * x for w, x in zip(weights, leaves, strict=True)), *passed
    )
    chex.assert_trees_all_close(tuple(state.ema), expected, rtol=1e-5, atol=1e-6)


def test_metrics_are_what_they_say(config):
    """D's mean probability on real images, by hand from its logits before the step."""
    game, state = started(config)
    _, metrics = step(game, state)
    of_both = {f"{network}/{name}" for network in "dg" for name in ("loss", "grad_norm")}
    assert set(metrics) == of_both | {"d/prob_real", "d/prob_fake"}

    def logits(batch, s):
        variables = {"params": s.disc.params, "batch_stats": s.disc.stats}
        rngs = {"dropout": keys_at_0(keys.Purpose.DISC_REAL)}
        verdict, _ = game.disc.apply(
            variables, batch.x, batch.label, train=True, mutable=["batch_stats"], rngs=rngs
        )
        return verdict.logits

    gathered = on_devices(lambda b, s: jax.lax.all_gather(logits(b, s), collectives.AXIS), 1, state)
    probability = 1 / (1 + np.exp(-np.asarray(gathered)))
    assert float(metrics["d/prob_real"]) == pytest.approx(probability.mean(), rel=1e-5)


def test_sample_takes_averaged_or_raw_weights(config):
    game, state = started(override(config, {"train.ema_ramp": "0"}))
    state, _ = step(game, state)
    z = jax.random.normal(jax.random.key(1), (3, 6))
    averaged = sample(game, state, z, averaged=True)
    raw = sample(game, state, z, averaged=False)
    assert averaged.shape == raw.shape == (3, 8, 8, 1)
    assert float(jnp.abs(averaged).max()) <= 1
    assert (averaged != raw).any()
    ema_as_gen = state._replace(
        gen=state.gen._replace(params=state.ema.params, stats=state.ema.stats)
    )
    np.testing.assert_array_equal(averaged, sample(game, ema_as_gen, z, averaged=False))


def test_bfloat16_keeps_parameters_statistics_and_images_in_float32(config):
    game, state = started(override(config, {"train.compute_dtype": "bfloat16"}))
    after, metrics = step(game, state)
    for leaf in jax.tree.leaves((after.gen, after.disc, after.ema, metrics)):
        assert leaf.dtype in (jnp.float32, jnp.int32)
    z = jnp.ones((2, 6))
    assert sample(game, after, z, averaged=True).dtype == jnp.float32
    full, _ = started(config)
    exact = sample(full, after, z, averaged=True)
    rough = sample(game, after, z, averaged=True)
    assert 0 < float(jnp.abs(exact - rough).max()) < 0.05  # bfloat16 has 8 bits


PLAIN = {
    **{"train.disc_update": "joint", "gen.name": "mlp", "disc.name": "mlp"},
    **{"gen.features": "(4,)", "disc.features": "(4,)"},
}
ORDINARY = {
    "wgan_gp": {"loss.name": "wasserstein", "penalty.name": "wgan_gp", "disc.norm": "none"},
    "relativistic": {
        "loss.name": "relativistic_pairing",
        "train.gen_top_share": "0.5",
        "data.flip": "horizontal",
    },
    "classes": {
        "data.num_classes": "10",
        "disc.conditioning": "classifier",
        "auxiliary.name": "classifier",
    },
    "began": {"loss.name": "began", "disc.name": "autoencoder"},
}


@pytest.mark.parametrize(
    ("name", "devices"), [("wgan_gp", 1), ("relativistic", 1), ("classes", 2), ("began", 1)]
)
def test_the_ordinary_game_is_the_general_one_to_the_bit(tiny, name, devices):
    game, state = started(override(tiny, {**PLAIN, **ORDINARY[name]}))
    assert game.is_ordinary
    root = keys.root(0)

    def played(play):
        return on_devices(
            lambda batch, state: play(game, state, batch, root),
            devices,
            state._replace(step=jnp.int32(2)),
            fused=False,
        )

    one, other = (played(play) for play in (gan.ordinary_step, gan.general_step))
    chex.assert_trees_all_equal(one, other)


@pytest.mark.parametrize(
    "field",
    [
        {"train.disc_update": "in_turn"},
        {"train.disc_update": "concatenated"},
        {"train.disc_updates": "2"},
        {"train.gen_updates": "2"},
        {"train.gen_latents": "fresh"},
    ],
)
def test_other_games_are_not_ordinary(tiny, field):
    changes = {**PLAIN, "disc.dropout_rate": "0", **field}
    assert not started(override(tiny, changes))[0].is_ordinary
