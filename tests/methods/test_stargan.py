"""StarGAN's step beside one that is written by hand, and its targets."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import keys, methods
from gan_jax.config import override
from gan_jax.data import ProceduralCars
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.method import Example, LabelledSource
from gan_jax.methods import SGD, GameTrain, StarGAN, stargan
from gan_jax.methods import game as games
from gan_jax.methods.network_state import infer
from gan_jax.methods.passes import StepContext
from gan_jax.networks import Normal, StarGANDisc, StarGANGen
from gan_jax.objectives import Classifier, Wasserstein

N = 6
SGD_1 = SGD(learning_rate=1.0, momentum=0.0)
CONFIG = StarGAN(
    data=ProceduralCars(height=8, width=8, labels="paint", num_classes=3),
    latents=Normal(dimension=0),
    gen=StarGANGen(features=(3,), blocks=1),
    gen_optimizer=SGD_1,
    disc=StarGANDisc(features=(4,)),
    disc_optimizer=SGD_1,
    loss=Wasserstein(),
    auxiliary=Classifier(weight=0.7, learns_from="real"),
    cycle=3.0,
    train=GameTrain(batch_size=N, ema_half_life_images=0),
)
KEY = keys.root(3)
X = jax.random.uniform(jax.random.key(1), (N, 8, 8, 3), minval=-1.0, maxval=1.0)
LABELS = jnp.array([0, 1, 2, 0, 1, 1], jnp.int32)


def wanted(game, shares):
    """The classes that G is to make of the batch, on so many devices."""
    context = StepContext(jnp.int32(5), None, lambda purpose: keys.at_step(KEY, purpose, 5))
    batch = Example(X.reshape(shares, -1, *X.shape[1:]), LABELS.reshape(shares, -1))
    begun = jax.vmap(partial(stargan.begun, game, context), axis_name=collectives.AXIS)
    return jax.jit(begun)(batch)[2].condition.label.reshape(-1)


def test_targets_are_the_labels_permuted_alike_on_any_number_of_devices():
    game = games.make(CONFIG)
    one, three = wanted(game, 1), wanted(game, 3)
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(np.sort(one), np.sort(LABELS))
    assert (one != LABELS).any()


def test_a_step_is_that_of_the_sum_of_all_terms():
    """D's by its old weights, with classes of real pictures alone; G's through the new D."""
    game, method = games.make(CONFIG), methods.make(CONFIG)
    state = jax.jit(method.init)(KEY)._replace(step=jnp.int32(5))
    step = jax.vmap(method.step, (None, 0, None), out_axes=None, axis_name=collectives.AXIS)
    after, measured = jax.jit(step)(state, Example(X[None], LABELS[None]), KEY)
    targets = wanted(game, 1)

    def made(params, x, labels):
        weights = state.gen._replace(params=params)
        return infer(game.gen, weights, jnp.zeros((N, 0)), LabelledSource(x, labels))

    def named(output, labels):
        each = optax.softmax_cross_entropy_with_integer_labels(output.classes, labels)
        return 0.7 * each.mean()

    def disc_loss(params):
        run = partial(infer, game.disc, state.disc._replace(params=params), condition=None)
        real, fake = run(X), run(made(state.gen.params, X, targets))
        return fake.logits.mean() - real.logits.mean() + named(real, LABELS)

    def gen_loss(params):
        fake = made(params, X, targets)
        output = infer(game.disc, after.disc, fake, None)
        distance = jnp.abs(made(params, fake, LABELS) - X).mean()
        return -output.logits.mean() + named(output, targets) + 3 * distance, distance

    @jax.jit
    def by_hand():
        (_, distance), of_gen = jax.value_and_grad(gen_loss, has_aux=True)(state.gen.params)
        return jax.grad(disc_loss)(state.disc.params), of_gen, distance

    of_disc, of_gen, distance = by_hand()
    for network, grads, now in ((state.disc, of_disc, after.disc), (state.gen, of_gen, after.gen)):
        expected = jax.tree.map(jnp.subtract, network.params, grads)
        jax.tree.map(partial(np.testing.assert_allclose, atol=2e-5), now.params, expected)
    assert float(measured["g/cycle"]) == pytest.approx(float(distance), rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data.num_classes": "0"}, "takes pictures to other classes; set data.num_classes"),
        ({"condition.name": "gray"}, "set condition.name=other_class"),
        ({"content.l1": "1"}, "no pictures to compare fakes with; leave content out"),
        ({"loss.name": "relativistic_pairing"}, "such as loss.name=wasserstein"),
        ({"train.gen_updates": "2"}, "leave train.gen_updates"),
    ],
)
def test_parts_that_do_not_fit(changes, said):
    with pytest.raises(UserError, match=said):
        methods.make(override(CONFIG, changes))


def test_g_makes_pictures_of_another_size():
    method = methods.at_size(CONFIG, 16, 8)
    shown = Example(None, jnp.zeros(1, jnp.int32), jnp.zeros((1, 16, 8, 3)))
    inputs = jax.eval_shape(method.inputs, jax.random.split(KEY, 1), shown)
    state = jax.eval_shape(methods.make(CONFIG).init, KEY)
    assert jax.eval_shape(method.sample, state, inputs, True)["image"].shape == (1, 16, 8, 3)
