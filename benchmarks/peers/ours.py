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
from gan_jax.errors import UserError
from gan_jax.method import Example, Inputs
from gan_jax.methods import game as games
from gan_jax.methods import gan, passes, turns
from gan_jax.objectives import penalties
from gan_jax.objectives.losses import Separable
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
    kind = config.data.kind
    x = np.asarray(kind.from_model(problem.images.reshape(-1, *kind.shape)))
    labels = np.zeros(len(x), np.int32)
    one = jax.eval_shape(method.init, keys.root(0))
    traced = parallel.trace(method, one, Example(kind.to_model(x), labels), placement)
    sums = parallel.zero_sums(traced.metrics, placement.num_seeds)
    carried, roots = placement.put((jax.device_get(state), sums)), placement.root_keys(0)
    pool = placement.share(Example(x, labels))
    program = parallel.many_steps(traced, kind, split_pool=False, placement=placement)
    numbers = _numbers(len(x), placement)

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
    assert isinstance(game.loss, Separable)
    real_term = game.loss.disc_real
    x = problem.images.reshape(-1, *game.shape)
    condition = game.condition(Example(x, jnp.zeros(len(x), jnp.int32)))

    def key_of(purpose: keys.Purpose) -> jax.Array:
        return keys.at_step(keys.root(0), purpose, 0)

    def losses(real: jax.Array, z: jax.Array) -> Losses:
        state = gan.init(game, keys.root(0))
        now, inputs = passes.StepContext(state.step, state.scalars, key_of), Inputs(z, condition)
        fake = passes.make_fakes(game, state.gen, inputs).images

        def judge(images: jax.Array, player=state.disc) -> passes.DiscPass:
            purpose = keys.Purpose.PENALTY
            given = player.params, player.stats, images, condition, purpose
            return passes.disc_pass(game, now, *given)

        on_real, penalty = judge(real), 0.0
        weight = getattr(problem.config.penalty, "weight", 0.0)
        disc, metrics, _ = turns.update_disc(game, now, state.disc, real, fake, inputs)
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
    values = jax.jit(mapped)(x[None], problem.latents[None])
    return Losses(*(float(value[0]) for value in values))
