"""gan_jax itself: the compiled loop that training runs; `naive` has flax's own convolutions."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import Problem, Step
from gan_jax import keys, methods, ops, parallel
from gan_jax.methods import adversarial, updates
from gan_jax.methods import game as games
from gan_jax.parallel import Pool
from gan_jax.placement import place

MOST_STEPS = 64


def make(problem: Problem) -> Step:
    """The step of `gan_jax.parallel.many_steps` on one device."""
    if problem.variant == "naive":
        ops.Conv, ops.ConvTranspose = _flax_layer(nn.Conv), _flax_layer(nn.ConvTranspose)
    method = methods.make(problem.config)
    state = _state(problem)
    sums = parallel.zero_sums(method)
    carried = place(1).share((state, sums))
    eight_bit = np.round((problem.images + 1) * 127.5).astype(np.uint8)
    batch_size = len(eight_bit)
    pool = place(1).share(Pool(eight_bit, np.zeros(batch_size, np.int32)))
    places = np.broadcast_to(np.arange(batch_size, dtype=np.int32), (1, MOST_STEPS, batch_size))
    program, key = parallel.many_steps(method, split_pool=False), keys.root(1)

    def run(count: int) -> None:
        nonlocal carried
        outcome = program(*carried, pool, places, key, np.int32(count))
        carried = jax.block_until_ready((outcome.state, outcome.sums))

    return Step(lambda: _first(problem), run)


def _flax_layer(layer):
    def made(features, kernel_size, stride, **fields):
        sizes = {"kernel_size": (kernel_size, kernel_size), "strides": (stride, stride)}
        return layer(features, **sizes, **fields)

    return made


def _state(problem: Problem) -> adversarial.AdversarialState:
    game = games.make(problem.config)
    return jax.jit(lambda key: adversarial.init(game, key))(keys.root(0))


def _first(problem: Problem) -> tuple[float, float, float]:
    """The three losses by the method's own updates."""
    game, state = games.make(problem.config), _state(problem)
    assert game.loss.disc_terms
    real_term, _ = game.loss.disc_terms
    labels = jnp.zeros(len(problem.images), jnp.int32)

    def key_of(purpose):
        return keys.at_step(keys.root(1), purpose, 0)

    def forward(network, player, x):
        variables = {"params": player.params, "batch_stats": player.stats}
        return network.apply(variables, x, labels, train=True, mutable=["batch_stats"])[0]

    def three(images, z):
        fake = forward(game.gen, state.gen, z)
        on_real = forward(game.disc, state.disc, images)
        disc, metrics = updates.update_disc(game, state.disc, images, fake, labels, key_of)
        real = real_term(on_real).mean()
        gen = game.loss.gen(forward(game.disc, disc, fake)).mean()
        return jnp.stack([real, metrics["disc_loss"] - real, gen])

    mapped = jax.vmap(three, axis_name="devices")
    values = jax.jit(mapped)(problem.images[None], problem.latents[None])[0]
    return tuple(float(value) for value in values)
