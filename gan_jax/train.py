"""The training loop, the only one: every effect of a run is called from here."""

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import data, keys, methods, report
from gan_jax.config import Config
from gan_jax.data import Dataset
from gan_jax.devices import feeding, hosts, parallel
from gan_jax.devices.mesh import Placement, place
from gan_jax.devices.parallel import MetricSums, Outcome
from gan_jax.errors import Diverged, UserError
from gan_jax.methods import Method, State
from gan_jax.run import directory, environment, status
from gan_jax.run.checkpoint import Checkpoints
from gan_jax.run.interrupts import Interrupts
from gan_jax.run.intervals import Pace, is_due
from gan_jax.run.watch import Watch
from gan_jax.system import disk, memory, user_cache
from gan_jax.system.names import printable


def run(
    config: Config, workdir: str | Path | None = None, interrupts: Interrupts | None = None
) -> State:
    """Trains `config` in `workdir`, from its last checkpoint when it has one.

    Without a workdir the run has a folder of its own under runs/, so that the same config resumes
    and another starts anew. Returns the state after `train.num_steps`, or where a signal stopped
    it, on the first device; `interrupts.stopped_by` then names the signal. Raises `UserError` for
    what the user must mend.
    """
    memory.keep_freed_memory()
    user_cache.keep_compiled_programs()
    parallel.check_settings()
    resolved, why = data.resolve(data.absolute(config.data))
    config = dataclasses.replace(config, data=resolved)
    workdir = directory.given(workdir) if workdir else directory.default(config)
    _say(f"Run directory: {printable(workdir)}")
    if why:
        print(_stand_in_notice(config, why), file=sys.stderr, flush=True)
    placement = place(config.train.num_seeds, config.seed)
    parallel.check_divisible(config.train.batch_size, placement, directory.is_begun(workdir))
    method = methods.make(config)
    with disk.explained(workdir, "--workdir"), contextlib.ExitStack() as stack:
        interrupts = interrupts or stack.enter_context(Interrupts())
        thread = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        initial = thread.submit(_initial, config, method)  # compiles while the images are read
        dataset = data.load(config.data)
        _say(*dataset.report)
        _check_enough(config, dataset)
        data.check_classes(config.data.num_classes, dataset)
        if config.data.num_classes:
            _say(*data.classes_report(dataset))
        changes = []
        if jax.process_index() == 0:
            directory.make(workdir)
            stack.enter_context(directory.lock(workdir))
            directory.check_same_run(workdir, config, dataset)
            changes = environment.changes_since(workdir)
            directory.record(workdir, config, dataset)
        hosts.agree_on(environment.facts(config, dataset))
        hosts.share(workdir)
        checkpoints = stack.enter_context(Checkpoints(workdir / "checkpoints", config.checkpoint))
        start = initial.result()
        if newest := checkpoints.restore_newest(**start._asdict()):
            interrupts.last_saved, start = newest[0], _Start(**newest[1])
            _say(f"Resuming from step {newest[0]}.", *changes)
        step, total = int(np.max(start.state.step)), config.train.num_steps
        if step >= total:
            _say(f"Step {step} of {total} is done; --set=train.num_steps=N goes on to step N.")
            return jax.device_put(start.state)
        watch = None
        if jax.process_index() == 0:
            watch = Watch(config, workdir, dataset, method, step, placement)
            stack.callback(watch.close)
        with _noted(workdir, step, watch, interrupts):
            parts = config, start, dataset, method, placement, checkpoints
            state = _train(*parts, watch, interrupts)
        if watch:
            report.try_run(workdir)
        return state


@contextlib.contextmanager
def _noted(workdir: Path, step: int, watch: Watch | None, interrupts: Interrupts) -> Iterator[None]:
    """Notes in the run directory how training begins and how it ends; the first process does."""
    if watch is None:
        yield
        return
    status.write(workdir, "running", step)
    try:
        yield
    except Diverged as error:
        status.write(workdir, "diverged", error.step)
        raise
    except Exception as error:
        hosts.suspect()
        with contextlib.suppress(OSError):  # a full disk, for one, is why it fails
            why = (str(error).splitlines() or [""])[0][:200]
            status.write(workdir, "failed", watch.step, why)
        raise
    stopped = "stopped" if interrupts.stopped_by else "finished"
    status.write(workdir, stopped, watch.step, interrupts.stopped_by)


class _Start(NamedTuple):
    """What training starts from and what a checkpoint holds, on the host."""

    state: State
    sums: MetricSums  # so that a log row that spans a restart is the same row


def _initial(config: Config, method: Method) -> _Start:
    init, count = jax.jit(method.init), config.train.num_seeds
    states = [jax.device_get(init(keys.root(config.seed + number))) for number in range(count)]
    state = states[0] if count == 1 else jax.tree.map(lambda *same: np.stack(same), *states)
    return _Start(state, parallel.zero_sums(method, count))


def _train(
    config: Config,
    start: _Start,
    dataset: Dataset,
    method: Method,
    placement: Placement,
    checkpoints: Checkpoints,
    watch: Watch | None,
    interrupts: Interrupts,
) -> State:
    step, total = int(np.max(start.state.step)), config.train.num_steps
    state, sums = placement.put(start)
    key = placement.root_keys(config.seed)
    feed = feeding.feed(config, dataset.train, placement)
    intervals = (getattr(config, part).every_steps for part in ("log", "sample", "checkpoint"))
    pace = Pace(intervals, total, feed.most_steps)
    count, reason = pace.count(step), ""
    write = watch.first_look(state) if watch and step == 0 else None
    program = parallel.many_steps(method, feed.split_pool, placement)
    began = time.perf_counter()
    started = program(state, sums, *feed.get(step, count), key, np.int32(0))  # no step: compiles
    state, sums = jax.block_until_ready((started.state, started.sums))
    hosts.wait()
    _say(f"Compiled the training step in {time.perf_counter() - began:.1f} s.")
    if watch:
        watch.start_clock()

    def save() -> None:
        checkpoints.save(step, **placement.fetch({"state": state, "sums": sums}))
        interrupts.last_saved = step

    beside = _Beside()
    with interrupts.saving():
        while step < total and not (reason := hosts.agree(interrupts.caught, beside.failure)):
            began = time.perf_counter()
            if (batches := beside(feed.get, step, count)) is None:
                continue
            outcome = program(state, sums, *batches, key, np.int32(count))
            beside(write)  # what the step before left to do, while the devices are at work
            following = pace.count(step + count)
            beside(feed.prefetch, step + count, following)
            if not np.all(outcome.finite):
                raise _not_finite(config, outcome, checkpoints)
            pace.note(count, hosts.gather(time.perf_counter() - began)[0])
            state, sums, step, count = outcome.state, outcome.sums, step + count, following
            write = beside(watch.look, step, outcome) if watch else None
            if config.log.every_steps and step % config.log.every_steps == 0:
                sums = placement.put(parallel.zero_sums(method, placement.num_seeds))
            if is_due(step, config.checkpoint.every_steps, total):
                beside(write)  # first, as a run that resumes here never comes back to it
                write = None
                save()
        beside(write)
        if reason:
            save()
        checkpoints.wait()
    if watch:
        watch.stop_clock()
    if beside.failure:
        raise beside.failure
    interrupts.stopped_by = reason
    how = f"Stopped by {reason} and saved at" if reason else "Finished at"
    resume = "; the same command resumes" if reason else ""
    _say(f"{how} step {step} of {total}{resume}.")
    runs = placement.runs(state)
    return runs[0] if len(runs) == 1 else jax.tree.map(lambda *same: jnp.stack(same), *runs)


class _Beside:
    """Calls what a run does beside its training, and keeps the first failure: what fails there
    leaves the state whole, which is saved before the run ends by it."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    def __call__(self, function: Callable[..., Any] | None, *arguments: Any) -> Any:
        if function is None or self.failure:
            return None
        try:
            return function(*arguments)
        except Exception as error:
            self.failure = error
            return None


def _not_finite(config: Config, outcome: Outcome, checkpoints: Checkpoints) -> Diverged:
    checkpoints.wait()
    ill = int(np.argmin(np.ravel(outcome.finite)))  # the first such seed of a study
    step = int(np.ravel(outcome.state.step)[ill])
    values = {name: np.ravel(value)[ill] for name, value in outcome.metrics.items()}
    bad = [f"{name} is {value}" for name, value in values.items() if not np.isfinite(value)]
    what = ", ".join(bad) or "a parameter is not finite"
    where = f" in seed {config.seed + ill}" if config.train.num_seeds > 1 else ""
    steps = checkpoints.steps()
    last = f"the last good checkpoint is of step {steps[-1]}" if steps else "there is no checkpoint"
    return Diverged(
        step,
        f"Training stopped at step {step}{where}: {what}; {last} "
        f"in {printable(checkpoints.folder)}. Lower the learning rates or choose another seed, in "
        "a new run.",
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
