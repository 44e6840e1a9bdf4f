"""The weights that a run starts from where those are another run's."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from gan_jax.config import digest
from gan_jax.errors import UserError
from gan_jax.methods import Config, Method, State, variation
from gan_jax.methods.average import Average, Weights
from gan_jax.methods.sections import StartFrom
from gan_jax.run import directory, runs
from gan_jax.system.names import printable

WORDS = {"gen": "G", "disc": "D", "encoder": "the encoder"}


class Origin(NamedTuple):
    """Weights out of a checkpoint of another run, and what the record says of them."""

    networks: dict[str, Average]  # by their names in the settings, on the host
    record: dict[str, Any]

    def placed(self, state: State) -> State:
        """An untrained state with these weights, of one run or of several members; averages start
        as what they are of."""
        leaves, structure = jax.tree.flatten(state)
        places = jax.tree.unflatten(structure, range(len(leaves))).networks
        for name, weights in self.networks.items():
            for kind in (kind for kind in places[name] if kind is not None):
                for place, new in zip(*map(jax.tree.leaves, (kind, weights)), strict=True):
                    leaves[place] = np.broadcast_to(new, leaves[place].shape).copy()
        return jax.tree.unflatten(structure, leaves)

    def sentence(self) -> str:
        """Where they come from."""
        names = " and ".join(WORDS[name] for name in self.networks)
        step, run = self.record["step"], printable(self.record["run"])
        return f"Starting with {names} of step {step} of {run} ({self.record['weights']} weights)."


def of(config: Config, method: Method, workdir: Path) -> Origin | None:
    """`read`; None for a run in `workdir` that has a checkpoint, which no longer needs the other
    run."""
    return None if directory.is_saved(workdir) else read(config, method)


def read(config: Config, method: Method) -> Origin | None:
    """The weights that `config.start_from` names; None where it names none.

    Raises `UserError` where there are no such weights, or they are of other networks.
    """
    asked = config.start_from
    if not asked.run:
        return None
    try:
        run = runs.open_run(asked.run, asked.step)
    except UserError as error:
        raise UserError(f"start_from.run is not to be had. {error}") from error
    like = jax.eval_shape(method.init, variation.each_root(config)[0])
    networks = {}
    for name in like.networks if asked.networks == "both" else (asked.networks,):
        here = _found(like, name, f"method={config.choice}")
        there = _found(run.state, name, printable(asked.run))
        averaged = asked.weights == "averaged" and there.averaged is not None
        networks[name] = jax.device_get(there.averaged if averaged else there.raw)
        _check_fit(_named(networks[name]), _named(here.raw), name, asked)
    return Origin(
        networks,
        {
            "run": asked.run,
            "experiment": run.config.experiment,
            "config_digest": digest(run.config),
            "seed": run.config.seed,
            "step": run.step,
            "networks": list(networks),
            "weights": asked.weights,
            "digest": _digest(networks),
        },
    )


def _found(state: State, name: str, owner: str) -> Weights:
    """A network of a state. Raises `UserError` where its owner has none of this name."""
    known = state.networks
    if name not in known:
        raise UserError(
            f"start_from.networks asks for {WORDS[name]}, which {owner} does not have; set it to "
            f"one of {', '.join(known)} that both runs have."
        )
    return known[name]


def _named(weights: Average) -> dict[str, Any]:
    """Arrays [...] by the names that lead to them, parameters first."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf
        for tree in weights
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def _check_fit(there: dict[str, Any], here: dict[str, Any], name: str, asked: StartFrom) -> None:
    """Raises `UserError` with the first parameter that differs."""
    for path in {**here, **there}:
        shapes = [
            "missing" if path not in of else f"[{', '.join(map(str, of[path].shape))}]"
            for of in (there, here)
        ]
        if shapes[0] != shapes[1]:
            raise UserError(
                f"{WORDS[name]} of {printable(asked.run)} is another network: {path} is "
                f"{shapes[0]} there and {shapes[1]} here; set the fields of {name} alike, or "
                "start_from.networks to the other one."
            )


def _digest(networks: dict[str, Average]) -> str:
    content = hashlib.sha256()
    for name, weights in networks.items():
        for path, leaf in _named(weights).items():
            content.update(f"{name}/{path}".encode())
            content.update(np.ascontiguousarray(leaf).tobytes())
    return content.hexdigest()[:16]
