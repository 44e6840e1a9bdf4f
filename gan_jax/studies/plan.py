"""The runs of a study: a config for each setting of an arm, whose digest is the run's name."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax import config as config_lib
from gan_jax.config import override
from gan_jax.errors import UserError
from gan_jax.methods import Config
from gan_jax.studies import axes
from gan_jax.studies.axes import Setting
from gan_jax.studies.rows import FINAL, SEARCH
from gan_jax.studies.spec import Arm, Study
from gan_jax.system import layout

Recipes = Callable[[str], Config]
"""The config of an experiment by name."""


class Job(NamedTuple):
    """A run of the study: a setting of an arm, with one seed or several in one program; or a part
    of `pack`, a run of several settings."""

    arm: str
    setting: str  # an id, unique in its arm
    values: Setting  # of the fields that are searched
    stage: str
    config: Config
    pack: Config | None = None

    @property
    def trained(self) -> Config:
        """The config of its run."""
        return self.pack or self.config

    @property
    def folder(self) -> Path:
        """Where its run directory is, below that of the study."""
        return self._folder(self.trained)

    @property
    def own(self) -> Path:
        """Where that is without a pack."""
        return self._folder(self.config)

    def _folder(self, config: Config) -> Path:
        name = f"{self.stage}-seed{config.seed}-{config_lib.digest(config)}"
        return Path(layout.TRIALS, self.arm, name)

    @property
    def seeds(self) -> range:
        return range(self.config.seed, self.config.seed + self.config.train.num_seeds)


def search(
    study: Study, recipes: Recipes, seconds_of: Mapping[str, float] | None = None
) -> list[Job]:
    """The runs of every setting; the default one of each arm comes first.

    `seconds_of` is how long a step of each arm takes, for a budget in seconds. Raises `UserError`
    for a recipe, a field or a value that does not exist.
    """
    jobs = []
    for arm in study.arms:
        base = _base(study, arm, recipes)
        found = axes.settings(arm.axes, arm.pairs, study.settings, f"{study.question}/{arm.name}")
        searched = dict.fromkeys(name for values in found for name in values)
        for values in found:
            changed = _changed(arm, base, values)
            flat = config_lib.flatten(changed)
            all_values = {name: flat[name] for name in searched if name in flat} | values
            made = _seeded(_budgeted(study, arm, changed, seconds_of or {}), 0, study.seeds.search)
            jobs.append(Job(arm.name, _id(values), all_values, SEARCH, made))
    return _apart(study, jobs)


def final(study: Study, best: Sequence[Job]) -> list[Job]:
    """The runs of the best setting of each arm with seeds that the search has not had."""
    first, count = study.seeds.search, study.seeds.final
    jobs = [
        job._replace(stage=FINAL, config=_seeded(job.config, first, count), pack=None)
        for job in best
        if count
    ]
    return _apart(study, jobs)


def alone(job: Job) -> list[Job]:
    """The same seeds in a run each, for where one of several ends all."""
    return [job._replace(config=_seeded(job.config, seed, 1)) for seed in job.seeds]


def _apart(study: Study, jobs: list[Job]) -> list[Job]:
    if study.seeds.together:
        return jobs
    return [part for job in jobs for part in alone(job)]


def _base(study: Study, arm: Arm, recipes: Recipes) -> Config:
    score = study.score
    changes: Setting = {"evaluate.every_steps": 0} if not score.looks else {}
    if score.features:
        changes["evaluate.features.name"] = score.features
    if score.num_samples:
        changes["evaluate.num_samples"] = score.num_samples
    if score.metrics:
        changes["evaluate.metrics"] = score.metrics
    try:
        return override(recipes(arm.recipe), changes | dict(study.set) | arm.set)
    except UserError as error:
        raise UserError(f"The arm {arm.name}: {error}") from error


def _changed(arm: Arm, base: Config, values: Setting) -> Config:
    try:
        return override(base, values)
    except UserError as error:
        raise UserError(f"An axis of the arm {arm.name}: {error}") from error


def _budgeted(study: Study, arm: Arm, config: Config, seconds_of: Mapping[str, float]) -> Config:
    """The config with as many steps as the budget has, and looks evenly over them."""
    own = any(dataclasses.asdict(arm.budget).values())
    budget, train = arm.budget if own else study.budget, config.train
    steps = train.num_steps
    if budget.steps:
        steps = budget.steps
    elif budget.disc_steps:
        steps = budget.disc_steps // getattr(train, "disc_updates", 1)
    elif budget.images:
        steps = budget.images // train.examples_per_step
    elif budget.seconds:
        steps = int(budget.seconds / seconds_of[arm.name]) if arm.name in seconds_of else 1
    if steps < 1:
        raise UserError(f"The budget has no step of the arm {arm.name}; make it larger.")
    changes: Setting = {"train.num_steps": steps}
    if study.score.looks:
        every = max(steps // study.score.looks, 1)
        changes |= {"evaluate.every_steps": every, "checkpoint.every_steps": every}
    return override(config, changes)


def _seeded(config: Config, seed: int, count: int) -> Config:
    train = dataclasses.replace(config.train, num_seeds=count)
    return dataclasses.replace(config, seed=seed, train=train)


def _id(values: Setting) -> str:
    """Of a setting: what it changes, in short; `default` where that is nothing."""
    by_short: dict[str, Setting] = {}
    for name, value in values.items():
        by_short.setdefault(name.rpartition(".")[2], {})[name] = value
    named: Setting = {}
    for short, fields in by_short.items():
        first, *others = fields.values()
        named |= {short: first} if all(other == first for other in others) else fields
    return ", ".join(f"{name}={value}" for name, value in named.items()) or "default"


def to_dict(job: Job) -> dict[str, Any]:
    """A job as plain values."""
    pack = job.pack and config_lib.to_dict(job.pack)
    return {**job._asdict(), "config": config_lib.to_dict(job.config), "pack": pack}


def from_dict(values: Mapping[str, Any]) -> Job:
    """The inverse of `to_dict`."""
    config, pack = (
        each and config_lib.from_dict(Config, each)
        for each in (values["config"], values.get("pack"))
    )
    return Job(**{**values, "config": config, "pack": pack})
