"""gan_jax itself: the compiled loop that training runs.

`naive` has flax's own convolutions in place of `ops.Conv` and `ops.ConvTranspose`; `by_step` asks
the program for one step a call. It runs on all devices of the process, and trains
`train.num_seeds` seeds.
"""

import flax.linen as nn
import jax
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
        ops.Conv, ops.ConvTranspose = _flax_layer(nn.Conv, 1), _flax_layer(nn.ConvTranspose, 2)
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
    # each update of D takes every k-th example of a step
    x, labels = (np.repeat(part, config.train.disc_updates, 0) for part in (x, problem.labels))
    one = jax.eval_shape(method.init, keys.root(0))
    traced = parallel.trace(method, one, Example(kind.to_model(x), labels), placement)
    sums = parallel.zero_sums(traced.metrics, placement.num_seeds)
    carried, roots = placement.put((jax.device_get(state), sums)), placement.root_keys(0)
    pool = placement.share(Example(x, labels))
    program = parallel.many_steps(traced, kind, split_pool=False, placement=placement)
    numbers, compiled = _numbers(len(x), placement), False

    def call(count: int) -> None:
        nonlocal carried
        outcome = program(*carried, pool, numbers, roots, np.int32(count))
        carried = outcome.state, outcome.sums

    def run(count: int) -> None:
        nonlocal compiled
        if not compiled:  # as training begins
            call(0)
            jax.block_until_ready(carried)
            memory.give_freed_memory_back()
            compiled = True
        by_step = problem.variant == "by_step"
        for _ in range(count if by_step else 1):
            call(1 if by_step else count)
        jax.block_until_ready(carried)

    return Step(lambda: _first(problem), run, device_mib)


def device_mib() -> float | None:
    """The peak of the memory of any device, with what compiling took; None for a CPU."""
    found = [device.memory_stats() or {} for device in jax.local_devices()]
    peaks = [stats["peak_bytes_in_use"] / 2**20 for stats in found if "peak_bytes_in_use" in stats]
    return max(peaks, default=None)


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


def _flax_layer(layer, usual_stride: int):
    def made(features, kernel_size, stride=usual_stride, **fields):
        sizes = {"kernel_size": (kernel_size, kernel_size), "strides": (stride, stride)}
        return layer(features, **sizes, **fields)

    return made


def _first(problem: Problem) -> Losses:
    """The losses by the method's own updates and penalty, at full precision."""
    game = games.make(problem.config)
    x = problem.images.reshape(-1, *game.shape)

    def key_of(purpose: keys.Purpose) -> jax.Array:
        return keys.at_step(keys.root(0), purpose, 0)

    def losses(real: jax.Array, labels: jax.Array, z: jax.Array, weights: dict) -> Losses:
        condition = game.condition(Example(real, labels))
        state = gan.init(game, keys.root(0))
        gen, start = (
            network._replace(params=weights[name])
            for name, network in (("gen", state.gen), ("disc", state.disc))
        )
        now, inputs = passes.StepContext(state.step, state.scalars, key_of), Inputs(z, condition)
        fakes = passes.make_fakes(game, now, gen, inputs)

        def judge(images: jax.Array, stats=start.stats) -> passes.DiscPass:
            given = start.params, stats, images, condition, keys.Purpose.PENALTY
            return passes.disc_pass(game, now, *given)

        on_real, penalty, weighted = judge(real), 0.0, 0.0
        if game.penalty:
            gradients = on_real.gradient, judge(fakes.images, on_real.stats).gradient
            example_keys = now.example_keys(keys.Purpose.PENALTY, len(real))
            view = penalties.View(
                lambda x: judge(x).logits, real, fakes.images, *gradients, example_keys
            )
            weighted = game.penalty(view, state.step)
            penalty = weighted / problem.config.penalty.weight
        disc, of_disc, _ = turns.update_disc(game, now, start, real, fakes.images, inputs)
        for _ in range(1, game.disc_updates):
            disc, *_ = turns.update_disc(game, now, disc, real, fakes.images, inputs)
        _, of_gen = turns.update_gen(game, now, gen, disc, real, fakes, inputs)
        disc_loss, disc_real = of_disc["d/loss"] - weighted, of_disc["d/loss"] - weighted
        if isinstance(game.loss, Separable):
            disc_real = game.loss.disc_real(on_real.logits).mean()
        return Losses(disc_real, disc_loss - disc_real, penalty, of_gen["g/loss"])

    # weights that were constants would have XLA compute what depends on them alone, for minutes
    mapped = jax.vmap(losses, (0, 0, 0, None), axis_name=collectives.AXIS)
    with jax.default_matmul_precision("highest"):  # on a GPU the default is less
        given = (part[None] for part in (x, problem.labels, problem.latents))
        values = jax.jit(mapped)(*given, problem.weights)
    return Losses(*(float(value[0]) for value in values))
