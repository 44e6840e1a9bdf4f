"""The training loop, the only one: every effect of a run is called from here."""

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import data, feeding, keys, methods, parallel, rundir, user_cache
from gan_jax.checkpoint import Checkpoints
from gan_jax.config import Config
from gan_jax.data import Dataset
from gan_jax.disk import full_disk_is_an_error
from gan_jax.errors import UserError
from gan_jax.interrupts import stop_requested
from gan_jax.intervals import Pace, is_due
from gan_jax.methods import Method, State
from gan_jax.observer import Observer
from gan_jax.parallel import MetricSums, Outcome


def run(config: Config, workdir: str | Path | None = None) -> State:
    """Trains `config` in `workdir`, from its last checkpoint when it has one.

    Without a workdir the run has a folder of its own under runs/, so that the same config resumes
    and another starts anew. Returns the state after `train.num_steps`, or where a signal stopped
    it, on the first device. Raises `UserError` for what the user must mend.
    """
    user_cache.keep_compiled_programs()
    resolved, why = data.resolve(config.data)
    config = dataclasses.replace(config, data=resolved)
    workdir = Path(workdir) if workdir else rundir.default(config)
    _say(f"Run directory: {workdir}")
    if why:
        print(_stand_in_notice(config, why), file=sys.stderr, flush=True)
    parallel.check_divisible(config.train.batch_size)
    method = methods.make(config)
    with full_disk_is_an_error(workdir), contextlib.ExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        initial = thread.submit(_initial, config, method)  # compiles while the images are read
        dataset = data.load(config.data)
        _say(*dataset.report)
        _check_enough(config, dataset)
        rundir.make(workdir)
        rundir.check_same_run(workdir, config, dataset)
        if jax.process_index() == 0:
            stack.enter_context(rundir.lock(workdir))
            rundir.record(workdir, config, dataset)
        checkpoints = stack.enter_context(Checkpoints(workdir / "checkpoints", config.checkpoint))
        stop_signal = stack.enter_context(stop_requested())
        start = initial.result()
        if steps := checkpoints.steps():
            start = _Start(**checkpoints.restore(steps[-1], **start._asdict()))
            _say(f"Resuming from step {steps[-1]}.")
        step, total = int(start.state.step), config.train.num_steps
        if step >= total:
            _say(f"Step {step} of {total} is done; --set=train.num_steps=N goes on to step N.")
            return jax.device_put(start.state)
        observer = None
        if jax.process_index() == 0:
            observer = Observer(config, workdir, dataset, method, step)
            stack.callback(observer.close)
        return _train(config, start, dataset, method, checkpoints, observer, stop_signal)


class _Start(NamedTuple):
    """What training starts from and what a checkpoint holds, on the host."""

    state: State
    sums: MetricSums  # so that a log row that spans a restart is the same row


def _initial(config: Config, method: Method) -> _Start:
    state = jax.device_get(jax.jit(method.init)(keys.root(config.seed)))
    return _Start(state, parallel.zero_sums(method))


def _train(
    config: Config,
    start: _Start,
    dataset: Dataset,
    method: Method,
    checkpoints: Checkpoints,
    observer: Observer | None,
    stop_signal: Callable[[], str],
) -> State:
    step, total, key = int(start.state.step), config.train.num_steps, keys.root(config.seed)
    state, sums = parallel.replicate(start)
    feed = feeding.feed(config, dataset.train)
    intervals = (getattr(config, part).every_steps for part in ("log", "sample", "checkpoint"))
    pace = Pace(intervals, total, feed.most_steps)
    count, write, signal = pace.count(step), _first_look(observer, state, step), ""
    program = parallel.many_steps(method, feed.split_pool)
    began = time.perf_counter()
    started = program(state, sums, *feed.get(step, count), key, np.int32(0))  # no step: compiles
    state, sums = jax.block_until_ready((started.state, started.sums))
    _say(f"Compiled the training step in {time.perf_counter() - began:.1f} s.")
    if observer:
        observer.start_clock()
    while step < total and not (signal := stop_signal()):
        began = time.perf_counter()
        outcome = program(state, sums, *feed.get(step, count), key, np.int32(count))
        if write:
            write()  # what the step before left to do, while the devices are at work
        following = pace.count(step + count)
        feed.prefetch(step + count, following)
        if not outcome.finite:
            raise _not_finite(outcome, checkpoints)
        pace.note(count, time.perf_counter() - began)
        state, sums, step, count = outcome.state, outcome.sums, step + count, following
        write = observer.look(step, parallel.one_copy(state), outcome) if observer else None
        if config.log.every_steps and step % config.log.every_steps == 0:
            sums = parallel.replicate(parallel.zero_sums(method))
        if is_due(step, config.checkpoint.every_steps, total):
            checkpoints.save(step, **jax.device_get({"state": state, "sums": sums}))
    if write:
        write()
    if signal:
        checkpoints.save(step, **jax.device_get({"state": state, "sums": sums}))
    checkpoints.wait()
    if observer:
        observer.stop_clock()
    how = f"Stopped by {signal} and saved at" if signal else "Finished at"
    resume = "; the same command resumes" if signal else ""
    _say(f"{how} step {step} of {total}{resume}.")
    return parallel.one_copy(state)


def _first_look(observer: Observer | None, state: State, step: int) -> Callable[[], None] | None:
    """What shows the untrained state once the first call, which takes that state, has begun."""
    if observer is None or step:
        return None
    untrained = jax.tree.map(jnp.copy, parallel.one_copy(state))
    return lambda: observer.look(step, untrained)()


def _not_finite(outcome: Outcome, checkpoints: Checkpoints) -> UserError:
    checkpoints.wait()
    step = int(outcome.state.step)
    values = {name: float(value) for name, value in outcome.metrics.items()}
    bad = [f"{name} is {value}" for name, value in values.items() if not np.isfinite(value)]
    steps = checkpoints.steps()
    last = f"the last good checkpoint is of step {steps[-1]}" if steps else "there is no checkpoint"
    return UserError(
        f"Training stopped at step {step}: {', '.join(bad) or 'a parameter is not finite'}; {last} "
        f"in {checkpoints.folder}. Lower the learning rates or choose another seed, in a new run."
    )


def _check_enough(config: Config, dataset: Dataset) -> None:
    count, batch_size = len(dataset.train.images), config.train.batch_size
    if count < batch_size:
        raise UserError(
            f"There are {count} training images, too few for a batch of {batch_size}; "
            f"set train.batch_size={count} or less."
        )


def _stand_in_notice(config: Config, why: str) -> str:
    return (
        f"\n*** {why}\n*** TRAINING ON {config.data.source.upper()} IN PLACE OF "
        f"{config.data.stands_in_for.upper()}.\n*** Results are of the stand-in; "
        "--set=data.fallback=none makes this an error.\n"
    )


def _say(*sentences: str) -> None:
    if jax.process_index() == 0:
        print(*sentences, sep="\n", flush=True)
