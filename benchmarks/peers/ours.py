"""gan_jax itself: the compiled loop that training runs; `naive` has flax's own convolutions.

It runs on all devices of the process, and trains `train.num_seeds` seeds.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import MOST_STEPS, Losses, Problem, Step
from gan_jax import keys, methods, ops
from gan_jax.devices import collectives, parallel
from gan_jax.devices.mesh import Placement, place
from gan_jax.devices.parallel import Pool
from gan_jax.errors import UserError
from gan_jax.methods import Batch, adversarial, updates
from gan_jax.methods import game as games
from gan_jax.objectives import penalties
from gan_jax.objectives.auxiliary import Asked
from gan_jax.system import memory


def make(problem: Problem) -> Step:
    """The step of `gan_jax.devices.parallel.many_steps`."""
    memory.keep_freed_memory()
    if problem.variant == "naive":
        ops.Conv, ops.ConvTranspose = _flax_layer(nn.Conv), _flax_layer(nn.ConvTranspose)
    _check_device(problem.device)
    config, method = problem.config, methods.make(problem.config)
    placement = place(config.train.num_seeds)
    parallel.check_divisible(config.train.batch_size, placement)
    if placement.axis is None:
        state = jax.jit(method.init)(keys.root(0))
    else:
        state = jax.jit(jax.vmap(method.init))(jax.vmap(keys.root)(np.arange(placement.num_seeds)))
    eight_bit = np.round((problem.images + 1) * 127.5).astype(np.uint8)
    labels = np.zeros(len(eight_bit), np.int32)
    one = jax.eval_shape(method.init, keys.root(0))
    traced = parallel.trace(method, one, Batch(problem.images, labels), placement)
    sums = parallel.zero_sums(traced.metrics, placement.num_seeds)
    carried, roots = placement.put((jax.device_get(state), sums)), placement.root_keys(0)
    pool = placement.share(Pool(eight_bit, labels))
    program = parallel.many_steps(traced, split_pool=False, placement=placement)
    numbers = _numbers(len(eight_bit), placement)

    def run(count: int) -> None:
        nonlocal carried
        outcome = program(*carried, pool, numbers, roots, np.int32(count))
        carried = jax.block_until_ready((outcome.state, outcome.sums))

    return Step(lambda: _first(problem), run)


def _check_device(device: str) -> None:
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # it asserts where a plugin is not installed
        raise UserError(f"JAX finds no {device.upper()} here.") from error


def _numbers(batch_size: int, placement: Placement) -> np.ndarray:
    """The same batch at each step, as `many_steps` takes it."""
    numbers, devices = np.arange(batch_size, dtype=np.int32), len(placement.devices)
    if placement.axis is None:
        shape = (devices, MOST_STEPS, batch_size // devices)
        return np.broadcast_to(numbers.reshape(devices, 1, -1), shape)
    seeds = placement.num_seeds // devices
    return np.broadcast_to(numbers, (devices, MOST_STEPS, seeds, batch_size))


def _flax_layer(layer):
    def made(features, kernel_size, stride, **fields):
        sizes = {"kernel_size": (kernel_size, kernel_size), "strides": (stride, stride)}
        return layer(features, **sizes, **fields)

    return made


def _first(problem: Problem) -> Losses:
    """The losses by the method's own updates and penalty."""
    game = games.make(problem.config)
    assert game.loss.disc_terms
    real_term, _ = game.loss.disc_terms
    labels = jnp.zeros(len(problem.images), jnp.int32)

    def key_of(purpose: keys.Purpose) -> jax.Array:
        return keys.at_step(keys.root(0), purpose, 0)

    def losses(real: jax.Array, z: jax.Array) -> Losses:
        state = adversarial.init(game, keys.root(0))
        now, asked = updates.Now(state.step, state.control, key_of), Asked(labels, z)
        fake = updates.make_fakes(game, state.gen, asked).images

        def judge(images: jax.Array, player=state.disc) -> updates.Judged:
            purpose = keys.Purpose.PENALTY
            return updates.judge(game, now, player.params, player.stats, images, labels, purpose)

        on_real, penalty, weight = judge(real), 0.0, problem.config.penalty.weight
        disc, metrics, _ = updates.update_disc(game, now, state.disc, real, fake, asked)
        if game.penalty:
            gradients = on_real.gradient, judge(fake).gradient
            numbers = collectives.example_numbers(len(real))
            example_keys = keys.per_example(key_of(keys.Purpose.PENALTY), numbers)
            view = penalties.View(lambda x: judge(x).logits, real, fake, *gradients, example_keys)
            penalty = game.penalty(view, state.step) / weight
        disc_real = real_term(on_real.logits).mean()
        disc_fake = metrics["d/loss"] - disc_real - weight * penalty
        gen = game.loss.gen(on_real.logits, judge(fake, disc).logits).mean()
        return Losses(disc_real, disc_fake, penalty, gen)

    mapped = jax.vmap(losses, axis_name=collectives.AXIS)
    values = jax.jit(mapped)(problem.images[None], problem.latents[None])
    return Losses(*(float(value[0]) for value in values))
