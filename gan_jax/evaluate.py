"""Scores of the checkpoints of runs, or of any images: `python launch.py --mode=evaluate`."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gan_jax import config as config_lib
from gan_jax import keys, report
from gan_jax.config import override
from gan_jax.data import Dataset, describe
from gan_jax.data.kinds import Picture
from gan_jax.errors import UserError
from gan_jax.evaluation import comparison, extraction, images, pairs, records, tables
from gan_jax.evaluation.comparison import Comparison
from gan_jax.evaluation.extraction import Fakes, Sampler
from gan_jax.evaluation.protocol import Protocol
from gan_jax.evaluation.records import FLOOR, SAMPLES, TEST, Record
from gan_jax.keys import Purpose
from gan_jax.methods import Config, sampling
from gan_jax.methods.sampling import Requests
from gan_jax.metrics import label_maps
from gan_jax.metrics.features.classifier import is_shipped
from gan_jax.run import directory, pictures, runs
from gan_jax.run.runs import Places, Run
from gan_jax.system import disk, layout, user_cache
from gan_jax.system.names import expanded, printable

WEIGHTS = ("averaged", "raw")
SHOWN = 100
"""Samples in the picture of them by realism."""
MOST_SAMPLES = 10_000
"""By default; of few real images ten times as many."""


@dataclass(frozen=True)
class Options:
    """How samples are evaluated.

    step: of the checkpoint, `best`, or None for all of them.
    features: names of spaces; none are those that the data have by default.
    num_samples: None is a number by the data.
    settings: fields of the section `evaluate`, by dotted name.
    """

    step: int | str | None = None
    features: tuple[str, ...] = ()
    num_samples: int | None = None
    seed: int = 0
    weights: tuple[str, ...] = ("averaged",)
    settings: tuple[tuple[str, Any], ...] = ()
    places: Places = Places()


def run(workdir: str | Path, options: Options, output: str | Path | None = None) -> list[Path]:
    """Scores the checkpoints of a run, of each seed of one, or of all runs in a folder.

    Each writes scores.jsonl, scores.md and, of several steps, scores.png to a folder for each
    protocol in `evaluation/`, in the run directory or below `output`; what is there already is not
    evaluated again. Of several runs a table over the seeds of each recipe is printed. Returns the
    folders. Raises `UserError` where there is no run or nothing can be scored.
    """
    user_cache.keep_compiled_programs()
    workdir = directory.given(workdir)
    folders = directory.find_some(workdir)
    written, found = [], []
    for folder in folders:
        place = expanded(output) / folder.relative_to(workdir) if output else folder
        try:
            with disk.explained(place, "--output"):
                evaluated = _evaluate(folder, disk.folder(place), options)
        except UserError as error:
            if len(folders) == 1:
                raise
            print(f"{printable(folder)} is left out: {error}", file=sys.stderr)
            continue
        written += [tables.write(place, each) for each in evaluated]
        if not output:
            report.try_run(folder)
        found += [(folder, each) for each in evaluated]
    if not found:
        raise UserError(f"No run in {printable(workdir)} can be scored.")
    if len(folders) > 1:
        _print_over_seeds(found)
    else:
        for _, each in found:
            _print(each)
    return written


def of_images(fake: str, real: str, options: Options, output: str | Path) -> list[Path]:
    """Scores images that other programs made: `fake` is a folder or an .npz, and `real` either of
    these or a data set of TFDS by name."""
    user_cache.keep_compiled_programs()
    samples = images.fakes(fake)
    x = samples.data.train.x
    count = min(len(x), options.num_samples or len(x))
    reals = images.reals(real, x.shape[1:], options.places.data_dir)
    settings = override(Config(), dict(options.settings)).evaluate
    written = []
    for space in comparison.spaces(options.features or ("patches",), settings.features):
        compared = Comparison(space, reals.data, reals.source, reals.name)
        protocol = compared.protocol(count, "files", "as they are", "files")
        taken = x[:count]
        features = extraction.of_examples(compared.extractor, taken, "features of samples")
        fakes = Fakes(features, taken[: extraction.IMAGES])
        facts = {"of": samples.name, **compared.facts(), **_machine()}
        rows = _beside(compared, protocol, facts)
        rows.append(Record(protocol, SAMPLES, 0, compared.scores(fakes), facts))
        place = expanded(output)
        with disk.explained(place, "--output"):
            for record in rows:
                records.append(place, record)
            written.append(tables.write(place, rows))
        _print(rows)
    return written


def _evaluate(folder: Path, place: Path, options: Options) -> list[list[Record]]:
    """The records of a run by protocol; those that are missing are made and stored one by one."""
    opened = runs.open_run(folder, options.step, options.places)
    data, source = runs.dataset(opened), opened.config.data
    settings = override(opened.config, dict(options.settings)).evaluate
    names = options.features or _default_spaces(opened.config, data)
    count = options.num_samples or min(MOST_SAMPLES, 10 * len(data.train.x))
    latents, classes = f"seed {options.seed}", sampling.described(opened.config)
    requests = sampling.Requests(opened.config, pictures=data.test)
    if sampling.takes_pictures(opened.config):
        _pairs(opened, data, requests, place, options.seed)
    evaluated = []
    for space in comparison.spaces(names, settings.features):
        compared = Comparison(space, data, source, describe(source))
        sampler = Sampler(opened.method, compared.extractor, requests)
        for weights in options.weights:
            protocol = compared.protocol(count, latents, classes, weights)
            _complete(opened, place, options, compared, sampler, protocol)
            evaluated.append(records.read(place)[protocol])
            if isinstance(source.kind, Picture):
                few = _samples(opened, sampler, protocol, options.seed, SHOWN)
                sheet = source.kind.sheet(compared.by_realism(few))
                path = place / layout.EVALUATION / protocol.folder / layout.REALISM
                pictures.write_png(path, sheet, source.kind.scale)
    return evaluated


def _pairs(opened: Run, data: Dataset, requests: Requests, place: Path, seed: int) -> None:
    """Scores a state by pairs, beside what is made without learning, and prints the table; of a G
    that takes pictures to classes also by those that it takes to their own, which are to stay."""
    assert requests.pictures is not None
    count, said = min(pairs.MOST, len(requests.pictures.x)), f"step {opened.step:,}"
    asked = {said: requests} if requests.has_targets else {}
    if sampling.given(opened.config).of_other_class:
        own = requests.pictures._replace(source=requests.pictures.x)
        asked[f"{said}, own class"] = sampling.Requests(opened.config, pictures=own)
    rows, read = {}, label_maps.reader(data)
    for name, each in asked.items():
        draw = sampling.sampler(opened.config, opened.method, each)
        made = draw(opened.state, keys.stream(keys.root(seed), Purpose.SCORE), count)
        rows[name] = pairs.of(each, count, read)(made)
    if requests.has_targets:
        rows |= pairs.beside(requests, count, read)
    print(f"\n{pairs.write(place, count, rows)}", flush=True)


def _complete(
    opened: Run,
    place: Path,
    options: Options,
    compared: Comparison,
    sampler: Sampler,
    protocol: Protocol,
) -> None:
    """Makes and stores the records of a protocol that are missing, of the checkpoints asked for."""
    known = {(record.of, record.step) for record in records.read(place).get(protocol, [])}
    facts = {**compared.facts(), **_machine()}
    if (FLOOR, 0) not in known:
        for record in _beside(compared, protocol, facts):
            records.append(place, record)
    scored = frozenset(step for of, step in known if of == SAMPLES)
    states = [opened] if options.step is not None else runs.checkpoints(opened, scored)
    for at in states:
        if at.step in scored:
            continue
        began = time.perf_counter()
        fakes = _samples(at, sampler, protocol, options.seed)
        scores = compared.scores(fakes, _requested(at, protocol.num_fake))
        seconds = round(time.perf_counter() - began, 2)
        timed = {**facts, "run_seed": opened.config.seed, "seconds": seconds}
        records.append(place, Record(protocol, SAMPLES, at.step, scores, timed))


def _samples(
    run: Run, sampler: Sampler, protocol: Protocol, seed: int, count: int | None = None
) -> Fakes:
    """Samples of a state, all of a protocol's or the first ones."""
    key, averaged = keys.stream(keys.root(seed), Purpose.SCORE), protocol.weights == "averaged"
    said = f"samples of step {run.step}, {protocol.weights} weights"
    return sampler(run.state, key, range(count or protocol.num_fake), averaged, said)


def _requested(run: Run, count: int) -> np.ndarray | None:
    """The classes that the first samples were to show, int [count]; None of an unconditional G."""
    if not run.config.data.num_classes:
        return None
    return sampling.Requests(run.config).labels(np.arange(count))


def _beside(compared: Comparison, protocol: Protocol, facts: dict[str, Any]) -> list[Record]:
    """The records of real images: the floor, and the test images where there are some."""
    rows = [Record(protocol, FLOOR, 0, compared.floor(), facts)]
    if (scores := compared.of_test()) is not None:
        rows.append(Record(protocol, TEST, 0, scores, facts))
    return rows


def _default_spaces(config: Config, data: Dataset) -> tuple[str, ...]:
    """The space of the run's own scores and, of several classes whose classifier is in the
    repository, that."""
    shipped = is_shipped(config.data) and len(data.class_names) > 1
    return (config.evaluate.features.choice, *(("classifier",) if shipped else ()))


def _machine() -> dict[str, Any]:
    return {"device": jax.devices()[0].device_kind, "jax": jax.__version__}


def _print(rows: Sequence[Record]) -> None:
    head, lines = tables.table(rows)
    print(f"\n{rows[0].protocol.line()}\n\n{tables.markdown(head, lines)}", flush=True)
    for note in tables.notes_of(rows[0]):
        print(note)


def _print_over_seeds(found: Sequence[tuple[Path, Sequence[Record]]]) -> None:
    """One table for each protocol, with the runs of a recipe in a row."""
    by_protocol: dict[Protocol, list[tuple[str, Sequence[Record]]]] = {}
    for folder, rows in found:
        config = directory.read_config(folder)
        name = f"{config.experiment} {config_lib.digest(config)}"
        by_protocol.setdefault(rows[0].protocol, []).append((name, rows))
    for protocol, named in by_protocol.items():
        print(f"\n{protocol.line()}\n\n{tables.markdown(*tables.over_seeds(named))}", flush=True)
