"""CycleGAN: one backward pass is that of the sum of all terms, and steps are the authors'."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import keys, methods
from gan_jax.config import override
from gan_jax.data import Digits
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.method import Example, Inputs, LabelledSource
from gan_jax.methods import GAN, SGD, CycleGAN, GameTrain, cycle_gan
from gan_jax.methods import cycle as cycles
from gan_jax.methods.passes import StepContext
from gan_jax.methods.sampling import Requests
from gan_jax.networks import MLPDisc, Normal, SRCNNGen
from gan_jax.objectives import LeastSquares

RATE = 0.1
CONFIG = CycleGAN(
    data=Digits(height=6, width=6, channels=1, num_classes=2, draw="by_class"),
    latents=Normal(dimension=0),
    gen=SRCNNGen(features=(3,), kernel_stddev=0.1),
    gen_optimizer=SGD(learning_rate=RATE, momentum=0),
    disc=MLPDisc(features=(4,), norm="none"),
    disc_optimizer=SGD(learning_rate=RATE, momentum=0),
    loss=LeastSquares(gen_weight=2.0),
    train=GameTrain(batch_size=4, pool_size=5),
)
KEY = keys.root(0)
X = jax.random.uniform(jax.random.key(4), (4, 6, 6, 1), minval=-1, maxval=1)
REAL = X[::2], X[1::2]


@pytest.fixture(scope="module")
def joined():
    return cycle_gan.parts(CONFIG)


@pytest.fixture(scope="module")
def state(joined):
    return jax.jit(lambda key: cycle_gan.init(joined, key))(KEY)


def stepped(joined, state, devices):
    shards = Example(X.reshape(devices, -1, *X.shape[1:]), jnp.tile(jnp.arange(2), (devices, 1)))

    def one(batch):
        return cycle_gan.step(joined, state, batch, KEY)

    return jax.jit(jax.vmap(one, out_axes=None, axis_name=collectives.AXIS))(shards)


class Port:
    """The step of the authors' PyTorch program, by hand: all terms of both G's in one sum, plain
    gradients of it and of each D's loss, and G's first."""

    def __init__(self, joined, state):
        self.gen, self.disc = joined.game.gen, joined.game.disc
        self.state = state

    def g(self, params, x):
        return self.gen.apply({"params": params}, jnp.zeros((len(x), 0)), x, train=True)

    def d(self, params, x):
        return self.disc.apply({"params": params}, x, None, train=True).logits

    def fakes(self, params):
        return self.g(params[0], REAL[1]), self.g(params[1], REAL[0])

    def total(self, params, discs):
        fake = self.fakes(params)
        again = self.g(params[0], fake[1]), self.g(params[1], fake[0])
        same = self.g(params[0], REAL[0]), self.g(params[1], REAL[1])
        value = 0
        for k in (0, 1):
            value += ((self.d(discs[k], fake[k]) - 1) ** 2).mean()
            value += 10 * jnp.abs(again[k] - REAL[k]).mean()
            value += 5 * jnp.abs(same[k] - REAL[k]).mean()
        return value

    def of_disc(self, params, k, fake):
        real, fake = self.d(params, REAL[k]), self.d(params, fake[k])
        return 0.5 * (((real - 1) ** 2).mean() + (fake**2).mean())

    def updated(self, grads, params):
        return jax.tree.map(lambda leaf, grad: leaf - RATE * grad, params, grads)

    def __call__(self):
        """The weights of both D's after a step, and of both G's by what is first."""
        gens, discs = self.state.gen.params, tuple(disc.params for disc in self.state.discs)
        fake = self.fakes(gens)
        new = tuple(
            self.updated(jax.grad(self.of_disc)(disc, k, fake), disc)
            for k, disc in enumerate(discs)
        )
        slope = jax.grad(self.total)
        judges = {"gen": discs, "disc": new}
        return new, {first: self.updated(slope(gens, by), gens) for first, by in judges.items()}


@pytest.fixture(scope="module")
def port(joined, state):
    return Port(joined, state)


@pytest.fixture(scope="module")
def by_hand(port):
    return jax.jit(port)()


@pytest.fixture(scope="module")
def after(joined, state):
    bare = joined._replace(game=joined.game._replace(pool_size=0), gen_first=False)
    return {
        "gen": stepped(joined, state, 1),
        "disc": stepped(bare, state._replace(pools=()), 2),
    }


@pytest.mark.parametrize("first", ["gen", "disc"])
def test_a_step_is_the_authors_whichever_network_is_first(after, by_hand, first):
    """By plain gradients of the sum of all terms; on one device with a pool, and on two without
    where D is first."""
    (discs, gens), found = by_hand, after[first][0]
    chex.assert_trees_all_close(found.gen.params, gens[first], rtol=1e-4, atol=1e-5)
    found_discs = tuple(disc.params for disc in found.discs)
    chex.assert_trees_all_close(found_discs, discs, rtol=1e-4, atol=1e-5)
    assert int(found.step) == 1


def test_each_pool_has_the_fakes_of_its_class(after, state, port):
    held = tuple(pool.held[:2] for pool in after["gen"][0].pools)
    chex.assert_trees_all_close(held, port.fakes(state.gen.params), atol=1e-5)


def test_the_order_changes_what_judges_g_and_nothing_of_d(after):
    gen, disc = after["gen"][0], after["disc"][0]
    chex.assert_trees_all_close(gen.discs, disc.discs, rtol=1e-4, atol=1e-5)
    with pytest.raises(AssertionError):
        chex.assert_trees_all_close(gen.gen.params, disc.gen.params, rtol=1e-3, atol=1e-4)


def test_an_update_of_the_ds_leaves_both_gs_as_they_are(joined, state):
    contexts = [StepContext(state.step, own, lambda purpose: KEY) for own in state.scalars]

    def update():
        return cycle_gan.update_discs(joined.game, contexts, state, REAL, REAL[::-1])[0]

    found = jax.jit(collectives.alone(update))()
    chex.assert_trees_all_equal((found.gen, found.ema), (state.gen, state.ema))
    for new, old in zip(found.discs, state.discs, strict=True):
        changes = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), new.params, old.params)
        assert min(jax.tree.leaves(changes)) > 0


def test_what_is_measured_is_of_each_class_and_the_mean(after):
    _, found = after["gen"]
    own = {"d/loss", "d/grad_norm", "d/logit_real", "d/logit_fake"}
    own |= {"g/adversarial", "g/cycle", "g/identity"}
    names = {f"class{k}/{name}" for k in (0, 1) for name in own} | own
    assert set(found) == names | {"g/loss", "g/grad_norm"}
    terms = (found["g/adversarial"], 10 * found["g/cycle"], 5 * found["g/identity"])
    np.testing.assert_allclose(found["g/loss"], 2 * sum(terms), rtol=1e-5)


def test_the_weight_of_the_cycle_changes_where_the_schedule_says(state):
    """In one step, as DiscoGAN's does after 10,000."""
    changes = {"cycle": 0.5, "final_cycle": 4.0, "train.schedule": "linear",
               "train.schedule_after_images": 40, "train.schedule_images": 4}  # fmt: skip
    joined = cycle_gan.parts(override(CONFIG, changes))

    def value(step):
        contexts = [StepContext(step, own, lambda purpose: KEY) for own in state.scalars]
        made, _ = cycles.joint(joined, contexts, REAL, state.gen.stats, state.gen.params)
        return cycles.gens_value(joined, contexts, REAL, state.discs, made)

    loss = jax.jit(collectives.alone(value))
    for step, weight in ((0, 0.5), (10, 0.5), (11, 4.0), (30, 4.0)):
        total, found = loss(jnp.int32(step))
        terms = found["g/adversarial"], weight * found["g/cycle"], 5 * found["g/identity"]
        np.testing.assert_allclose(total, 2 * sum(terms), rtol=1e-5)
    with pytest.raises(UserError, match=r"final_cycle=4.0 is the end of a schedule; set"):
        cycle_gan.parts(override(CONFIG, {"final_cycle": 4}))


def test_a_sample_is_of_the_wanted_class_and_scored_by_its_d(joined, state, port):
    labels = jnp.array([1, 0, 1, 1])
    given = Inputs(jnp.zeros((4, 0)), LabelledSource(X, labels))
    made = jax.jit(lambda: cycle_gan.sample(joined, state, given, True))()["image"]
    each = [port.g(params, X) for params in state.gen.params]
    np.testing.assert_allclose(made, [each[k][i] for i, k in enumerate(labels)], atol=1e-5)
    scores = cycle_gan.score(joined, state, X, given.condition)
    logits = [port.d(disc.params, X) for disc in state.discs]
    np.testing.assert_allclose(scores, [logits[k][i] for i, k in enumerate(labels)], atol=1e-5)
    found = cycle_gan.evaluate(joined, state, Example(X, labels), given)
    back = [port.g(params, made) for params in state.gen.params]
    again = np.stack([back[1 - k][i] for i, k in enumerate(labels)])
    np.testing.assert_allclose(found["g/cycle"], np.abs(again - X).mean(axis=(1, 2, 3)), rtol=1e-4)


STORED = Example(np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1), np.arange(20) % 3 // 2)


def test_a_sample_is_made_from_a_test_picture_of_the_other_class():
    """Both ways in turn, each picture before any comes again, however many are asked for."""
    requests = Requests(CONFIG, pictures=STORED)
    shown = requests(range(40))
    np.testing.assert_array_equal(shown.label, np.arange(40) % 2)
    source = shown.source.reshape(-1)
    np.testing.assert_array_equal(STORED.label[source], 1 - shown.label)
    assert shown.x is None
    assert not requests.has_targets
    assert len(set(source[0:12:2])) == 6  # pictures of class 1, to make class 0 from
    assert len(set(source[1:28:2])) == 14
    np.testing.assert_array_equal(requests([7]).source, shown.source[7:8])
    alone = Requests(CONFIG, (1,), STORED)(range(14))
    np.testing.assert_array_equal(alone.source, shown.source[1:28:2])


def test_where_pairs_are_known_a_sample_has_its_target():
    pairs = STORED._replace(source=100 + STORED.x)
    requests = Requests(CONFIG, pictures=pairs)
    shown = requests(range(12))
    assert requests.has_targets
    np.testing.assert_array_equal(shown.label, np.arange(12) % 2)
    np.testing.assert_array_equal(STORED.label[shown.x.reshape(-1)], shown.label)
    np.testing.assert_array_equal(shown.source, 100 + shown.x)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"data.num_classes": 0}, "set data.num_classes=2 and data.draw=by_class"),
        ({"data.draw": "any"}, "set data.num_classes=2 and data.draw=by_class"),
        ({"condition.name": "edges"}, "set condition.name=other_class"),
        ({"latents.dimension": 3}, "set gen.name=translator or the like"),
        ({"gen.name": "dcgan"}, "makes pictures from pictures|set gen.name=translator"),
        ({"disc.conditioning": "projection"}, "set disc.conditioning=none"),
        ({"content.l1": 1}, "set cycle and identity"),
        ({"train.disc_updates": 2}, "leave train.disc_updates"),
    ],
)
def test_what_cannot_be_is_refused(change, says):
    with pytest.raises(UserError, match=says):
        methods.make(override(CONFIG, change))


def test_a_game_of_pairs_is_refused_pictures_of_another_class():
    config = override(GAN(), {"condition.name": "other_class", "gen.name": "unet"})
    with pytest.raises(UserError, match="set method=cycle_gan or"):
        methods.make(config)
