"""The training loop, the only one: every effect of a run is called from here."""

import contextlib
import dataclasses
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import data, methods, report
from gan_jax.config import check
from gan_jax.data import Dataset, schedule
from gan_jax.data.schedule import ByClass
from gan_jax.devices import feeding, hosts, parallel
from gan_jax.devices.feeding import Feed
from gan_jax.devices.mesh import Placement, place
from gan_jax.devices.parallel import MetricSums, Traced
from gan_jax.errors import Diverged, UserError
from gan_jax.evaluation import looks
from gan_jax.evaluation.looks import Plan
from gan_jax.method import Example, num_examples
from gan_jax.methods import Config, Method, State, variation
from gan_jax.run import directory, divergence, environment, origin, status
from gan_jax.run.background import Background
from gan_jax.run.checkpoint import Checkpoints
from gan_jax.run.hooks import Hooks, Saving, make_hooks
from gan_jax.run.interrupts import Interrupts
from gan_jax.run.intervals import Pace
from gan_jax.run.rollbacks import Rollbacks
from gan_jax.system import disk, layout, memory, user_cache
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
    check(config)
    variation.check(config)
    memory.keep_freed_memory()
    user_cache.keep_compiled_programs()
    parallel.check_settings()
    resolved, why = data.resolve(config.data.absolute())
    start_from = config.start_from.absolute()
    config = dataclasses.replace(config, data=resolved, start_from=start_from)
    workdir = directory.given(workdir) if workdir else directory.default(config)
    _say(f"Run directory: {printable(workdir)}")
    if why:
        print(_stand_in_notice(config, why), file=sys.stderr, flush=True)
    placement = place(config.train.num_seeds, config.seed, len(config.varied.settings))
    parallel.check_divisible(config.train.batch_size, placement, directory.is_begun(workdir))
    method = variation.make(config)
    begins = origin.of(config, method, workdir)
    with disk.explained(workdir, "--workdir"), contextlib.ExitStack() as stack:
        interrupts = interrupts or stack.enter_context(Interrupts())
        thread = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        # which compiles and traces while the images are read
        initial = thread.submit(_initial, config, method, placement)
        dataset = data.load(config.data)
        _say(*dataset.report)
        _check_enough(config, dataset)
        drawn = _by_class(config, dataset, placement)
        data.check_classes(config.data.num_classes, dataset)
        if config.data.num_classes:
            _say(*data.classes_report(dataset))
        changes: list[str] = []
        is_first = jax.process_index() == 0
        if is_first:
            directory.make(workdir)
            stack.enter_context(directory.lock(workdir))
            directory.check_same_run(workdir, config, dataset)
            changes = environment.changes_since(workdir)
            directory.record(workdir, config, dataset, begins and begins.record)
        hosts.agree_on(
            environment.facts(config, dataset) | {"start_from": begins and begins.record}
        )
        hosts.share(workdir)
        folder = workdir / layout.CHECKPOINTS
        checkpoints = stack.enter_context(Checkpoints(folder, config.checkpoint))
        traced, start = initial.result()
        if newest := checkpoints.restore_newest(**start._asdict()):
            interrupts.last_saved, start = newest[0], _Start(**newest[1])
            _say(f"Resuming from step {newest[0]}.", *changes)
        elif begins:
            start = start._replace(state=begins.placed(start.state))
            _say(begins.sentence())
        step, total = start.step, config.train.num_steps
        if step >= total:
            _say(f"Step {step} of {total} is done; --set=train.num_steps=N goes on to step N.")
            if is_first and status.read(workdir).get("state") != status.FINISHED:
                status.write(workdir, status.FINISHED, step)  # killed when all was done but this
                report.try_run(workdir)
            return jax.device_put(start.state)
        background = stack.enter_context(Background())
        plan = looks.plan(config, method, dataset, start.one, traced.flop)
        _say(*plan.said)
        examples = _used(config, dataset.train)
        size = config.train.examples_per_step
        feed = feeding.feed(config.data.feed, examples, config.seed, size, placement, drawn)
        program = parallel.many_steps(traced, config.data.kind, feed.split_pool, placement)
        saving = Saving(config, plan, checkpoints, placement, background, interrupts)
        rollbacks = Rollbacks(workdir, config.num_members)
        parts = _Parts(config, placement, feed, program, plan, saving, background, interrupts)
        hooks = Hooks()
        noted = status.noted(workdir, lambda: hooks.step, interrupts)
        with noted if is_first else contextlib.nullcontext():
            state = None
            while state is None:
                made = config, workdir, dataset, method, start.step, placement, plan, background
                numbers = rollbacks.numbers(start.step)
                try:
                    with make_hooks(*made) as hooks:
                        state = _train(parts, start, numbers, hooks)
                except Diverged as error:
                    found, said = rollbacks.back(config, error, numbers, checkpoints, start)
                    start = _Start(**found)
                    _say(said)
        if is_first:
            report.try_run(workdir)
        return state


class _Start(NamedTuple):
    """What training starts from and what a checkpoint holds, on the host."""

    state: State
    sums: MetricSums  # so that a log row that spans a restart is the same row

    @property
    def step(self) -> int:
        return int(np.max(self.state.step))

    @property
    def one(self) -> State:
        """The state of one run, of the first where there are several."""
        several = np.ndim(self.state.step) > 0
        return jax.tree.map(lambda leaf: leaf[0], self.state) if several else self.state


class _Parts(NamedTuple):
    """What a stretch of training needs beside what it starts from."""

    config: Config
    placement: Placement
    feed: Feed
    program: Any
    plan: Plan
    saving: Saving
    background: Background
    interrupts: Interrupts


def _initial(config: Config, method: Method, placement: Placement) -> tuple[Traced, _Start]:
    """The step, traced, and what an untrained run starts from."""
    init, roots = jax.jit(method.init), variation.each_root(config)
    with variation.explained(config):
        states = [jax.device_get(init(root)) for root in roots]
        traced = parallel.trace(method, states[0], methods.batch(config), placement, roots[0])
    one = len(states) == 1
    state = states[0] if one else jax.tree.map(lambda *same: np.stack(same), *states)
    return traced, _Start(state, parallel.zero_sums(traced.metrics, len(states)))


def _used(config: Config, examples: Example) -> Example:
    """The examples with those fields alone that the networks see."""
    return examples if config.data.num_classes else examples._replace(label=None)


def _train(parts: _Parts, start: _Start, rollbacks: Sequence[int], hooks: Hooks) -> State:
    """Trains from `start`; raises `Diverged` where the run cannot go on from a step."""
    config, placement, feed, program, plan, saving, background, interrupts = parts
    step, total = start.step, config.train.num_steps
    state, sums = placement.put(start)
    root_keys = placement.root_keys(config.seed, rollbacks)
    root = variation.roots(config, root_keys, placement.put)
    zero = jax.tree.map(np.zeros_like, start.sums)
    intervals = [getattr(config, part).every_steps for part in ("log", "sample", "checkpoint")]
    pace = Pace([*intervals, plan.every_steps], total, feed.most_steps)
    count, reason = pace.count(step), ""
    began = time.perf_counter()
    started = program(state, sums, *feed.get(step, count), root, np.int32(0))  # no step: compiles
    state, sums = jax.block_until_ready((started.state, started.sums))
    memory.give_freed_memory_back()
    untrained = jax.tree.map(jnp.copy, started) if step == 0 else None
    hosts.wait()
    _say(f"Compiled the training step in {time.perf_counter() - began:.1f} s.")
    hooks.start_clock()
    with interrupts.saving():
        while step < total and not (reason := hosts.agree(interrupts.caught, background.failure)):
            began = time.perf_counter()
            if (batches := background.call(feed.get, step, count)) is None:
                continue
            outcome = program(state, sums, *batches, root, np.int32(count))
            if untrained:  # while the devices are at work, as its programs must be compiled
                background.call(hooks, 0, untrained)
                untrained = None
            following = pace.count(step + count)
            background.call(feed.prefetch, step + count, following)
            if not np.all(outcome.finite):
                raise divergence.not_finite(config, outcome, saving.checkpoints)
            pace.note(count, hosts.gather(time.perf_counter() - began)[0])
            state, sums, step, count = outcome.state, outcome.sums, step + count, following
            values = background.call(hooks, step, outcome)
            if config.log.every_steps and step % config.log.every_steps == 0:
                sums = placement.put(zero)
            if saving.is_due(step):
                saving(step, state, sums, values)
            if config.evaluate.on_collapse != "warn" and plan.is_due(step, total):
                divergence.check_collapse(config, step, values)
        background.wait()
        if reason:
            saving(step, state, sums)
        saving.checkpoints.wait()
    hooks.stop_clock()
    _say(*hooks.summary())
    if background.failure:
        raise background.failure
    interrupts.stopped_by = reason
    how = f"Stopped by {reason} and saved at" if reason else "Finished at"
    resume = "; the same command resumes" if reason else ""
    _say(f"{how} step {step} of {total}{resume}.")
    runs = placement.runs(state)
    return runs[0] if len(runs) == 1 else jax.tree.map(lambda *same: jnp.stack(same), *runs)


def _by_class(config: Config, dataset: Dataset, placement: Placement) -> ByClass | None:
    """Batches with equal parts of each class, where the config asks for them."""
    if config.data.draw == "any":
        return None
    train, shares = config.train, jax.device_count() if placement.axis is None else 1
    updates = train.examples_per_step // train.batch_size
    return schedule.by_class(dataset, train.batch_size, updates, shares)


def _check_enough(config: Config, dataset: Dataset) -> None:
    count, batch_size = num_examples(dataset.train), config.train.batch_size
    if count < batch_size:
        raise UserError(
            f"There are {count} training images, too few for a batch of {batch_size}; "
            f"set train.batch_size={count} or less."
        )


def _stand_in_notice(config: Config, why: str) -> str:
    return (
        f"\n*** {why}\n*** TRAINING ON {config.data.choice.upper()} IN PLACE OF "
        f"{config.data.stands_in_for.upper()}.\n*** Results are of the stand-in; "
        "--set=data.fallback=none makes this an error.\n"
    )


def _say(*sentences: str) -> None:
    if jax.process_index() == 0 and sentences:
        print(*sentences, sep="\n", flush=True)
