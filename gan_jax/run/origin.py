"""The weights that a run starts from where those are another run's."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from gan_jax.config import digest
from gan_jax.errors import UserError
from gan_jax.methods import Config, Method, State, variation
from gan_jax.methods.average import Average
from gan_jax.methods.network_state import NetworkState
from gan_jax.methods.sections import StartFrom
from gan_jax.run import directory, runs
from gan_jax.run.runs import Run
from gan_jax.system.names import printable

WORDS = {"gen": "G", "disc": "D"}


class Origin(NamedTuple):
    """Weights out of a checkpoint of another run, and what the record says of them."""

    networks: dict[str, Average]  # by their names in the state, on the host
    record: dict[str, Any]

    def placed(self, state: State) -> State:
        """An untrained state with these weights, of one run or of several members; the average of G
        starts as G."""
        for name, weights in self.networks.items():
            network = getattr(state, name)
            new = jax.tree.map(
                lambda old, new: np.broadcast_to(new, old.shape).copy(),
                Average(network.params, network.stats),
                weights,
            )
            state = state._replace(**{name: network._replace(**new._asdict())})
            if name == "gen":
                state = state._replace(ema=jax.tree.map(np.copy, new))
        return state

    def sentence(self) -> str:
        """Where they come from."""
        names = " and ".join(WORDS[name] for name in self.networks)
        step, run = self.record["step"], printable(self.record["run"])
        return f"Starting with {names} of step {step} of {run} ({self.record['weights']} weights)."


def of(config: Config, method: Method, workdir: Path) -> Origin | None:
    """The weights that `config.start_from` names; None where it names none, and for a run in
    `workdir` that has a checkpoint to go on from, which needs the other run no more.

    Raises `UserError` where there are no such weights, or they are of other networks.
    """
    asked = config.start_from
    if not asked.run or directory.is_saved(workdir):
        return None
    try:
        run = runs.open_run(asked.run, asked.step)
    except UserError as error:
        raise UserError(f"start_from.run is not to be had. {error}") from error
    like = jax.eval_shape(method.init, variation.each_root(config)[0])
    networks = {}
    for name in WORDS if asked.networks == "both" else (asked.networks,):
        networks[name] = jax.device_get(_weights(run, name, asked))
        _check_fit(_named(networks[name]), _named(_own(like, name, config)), name, asked)
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


def _weights(run: Run, name: str, asked: StartFrom) -> Average:
    raw = _own(run.state, name, run.config)
    return run.state.ema if name == "gen" and asked.weights == "averaged" else raw


def _own(state: State, name: str, config: Config) -> Average:
    network = getattr(state, name, None)
    if not isinstance(network, NetworkState):
        raise UserError(
            f"start_from is of a game of one G and one D, and method={config.choice} is another; "
            "set start_from.run to nothing, or to a run of method=gan."
        )
    return Average(network.params, network.stats)


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
