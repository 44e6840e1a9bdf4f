"""What a run does that cannot go on: it stops, or goes back and on with fresh keys."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config

from gan_jax import keys, methods, train
from gan_jax.config import override
from gan_jax.errors import Collapsed, Diverged
from gan_jax.evaluation import looks
from gan_jax.metrics.scores import Score
from gan_jax.run import runs
from gan_jax.run.rollbacks import Rollback, Rollbacks

BACK = {"train.num_steps": 8, "train.on_nan": "rollback"}
MAKE = methods.make


@pytest.fixture
def fails(monkeypatch):
    """Lets training produce a NaN at its sixth step: of the seeds whose root key is as it began, or
    of all of them, always."""

    def arrange(seeds=(0,), always=False):
        def make(config):
            method = MAKE(config)

            def step(state, batch, key):
                own = jax.random.key_data(key)
                begun = [(own == jax.random.key_data(keys.root(seed))).all() for seed in seeds]
                bad = (state.step == 5) & (always or jnp.stack(begun).any())
                state, metrics = method.step(state, batch, key)
                value = jnp.where(bad, jnp.nan, metrics["d/loss"])
                return state, {**metrics, "d/loss": value}

            return method._replace(step=step)

        monkeypatch.setattr(methods, "make", make)

    return arrange


def bits(state):
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(jax.device_get(state))]


def rows(workdir):
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [{n: v for n, v in row.items() if n in ("step", "d/loss", "g/loss")} for row in found]


def noted(workdir):
    return json.loads((workdir / "rollbacks.json").read_text())


def test_a_run_goes_back_and_on_and_is_the_same_run_when_it_is_stopped_in_between(
    tmp_path, fails, capsys
):
    fails()
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    state = train.run(override(tiny_config(), BACK), whole)
    said = "At step 6 d/loss is nan: back to step 4 and on with fresh keys, rollback 1 of 3"
    assert said in capsys.readouterr().out
    (one,) = noted(whole)
    assert (one["at"], one["to"], one["seeds"], one["numbers"]) == (6, 4, [0], [0])
    assert [row["step"] for row in rows(whole)] == [2, 4, 6, 8]
    train.run(override(tiny_config(), {**BACK, "train.num_steps": 6}), parts)
    resumed = train.run(override(tiny_config(), BACK), parts)
    assert bits(resumed) == bits(state)
    assert rows(parts) == rows(whole)
    assert noted(parts) == noted(whole)


def test_a_run_that_diverged_goes_on_when_it_is_asked_to(tmp_path, fails):
    fails()
    with pytest.raises(Diverged, match=r"by --set=train.on_nan=rollback") as error:
        train.run(override(tiny_config(), {**BACK, "train.on_nan": "stop"}), tmp_path)
    assert (error.value.step, error.value.seeds) == (6, (0,))
    assert int(train.run(override(tiny_config(), BACK), tmp_path).step) == 8


def test_a_run_goes_back_a_number_of_times_and_stops_then(tmp_path, fails):
    fails(always=True)
    with pytest.raises(Diverged, match="Training stopped at step 6"):
        train.run(override(tiny_config(), {**BACK, "train.most_rollbacks": 2}), tmp_path)
    assert [one["numbers"] for one in noted(tmp_path)] == [[0], [1]]
    assert json.loads((tmp_path / "status.json").read_text())["state"] == "diverged"


@pytest.mark.slow
def test_of_several_seeds_the_others_stay_the_runs_that_they_are(tmp_path, fails):
    two = {**BACK, "train.num_seeds": 2}
    plain = train.run(override(tiny_config(), two), tmp_path / "plain")
    fails(seeds=(1,))
    back = train.run(override(tiny_config(), two), tmp_path / "back")
    assert noted(tmp_path / "back")[0]["seeds"] == [1]
    first, second = (
        [bits(jax.tree.map(lambda leaf, n=number: leaf[n], state)) for state in (plain, back)]
        for number in (0, 1)
    )
    assert first[0] == first[1]
    assert second[0] != second[1]


def test_keys_are_fresh_after_each_rollback():
    root = keys.root(3)
    data = [jax.random.key_data(keys.after_rollback(root, number)).tolist() for number in range(3)]
    assert data[0] == jax.random.key_data(root).tolist()
    assert len({tuple(key) for key in data}) == 3


def test_rollbacks_that_a_later_one_went_back_behind_count_no_more(tmp_path):
    behind = Rollback(700, 500, (0,), (0,), "nan", superseded=True)
    last = Rollback(900, 300, (0,), (1,), "a collapse")
    written = [behind._asdict(), last._asdict(), {"at": "junk"}]
    (tmp_path / "rollbacks.json").write_text(json.dumps(written))
    known = Rollbacks(tmp_path, 1)
    assert [known.numbers(step) for step in (0, 300, 600)] == [[0], [1], [1]]


SCORED = {
    **{"train.num_steps": 8, "evaluate.every_steps": 2, "evaluate.num_samples": 40},
    "checkpoint.keep_last": 1,
}


@pytest.fixture
def scored(monkeypatch):
    """Gives looks at steps these kernel distances, the same ones in each pass."""

    def arrange(distances, later=None):
        passes = {}

        def look(self, state, root_key):
            step = int(state.step)
            passes[step] = passes.get(step, 0) + 1
            known = distances if passes[step] == 1 or not later else later
            score = Score(known[step], 0.1)
            return looks.Look(known[step], {"kd": score})

        monkeypatch.setattr(looks.Looks, "__call__", look)

    return arrange


def test_the_best_checkpoint_is_kept_and_is_the_state_of_its_step(tmp_path, scored):
    scored({2: 5.0, 4: 1.0, 6: 3.0, 8: 2.0})
    train.run(override(tiny_config(), SCORED), tmp_path / "run")
    assert sorted(int(p.name) for p in (tmp_path / "run/checkpoints").iterdir()) == [4, 8]
    best = runs.open_run(tmp_path / "run", "best")
    assert best.step == 4
    short = train.run(override(tiny_config(), {"train.num_steps": 4}), tmp_path / "short")
    assert bits(best.state) == bits(short)
    assert runs.open_run(tmp_path / "run").step == 8


COLLAPSING = {2: 10.0, 4: 1.0, 6: 40.0, 8: 50.0}


def test_a_collapse_is_said_and_stops_a_run_that_is_to_stop(tmp_path, scored, capsys):
    scored(COLLAPSING)
    train.run(override(tiny_config(), SCORED), tmp_path / "warned")
    said = "The generator of seed 0 has collapsed at step 8: the kernel distance is 50, after 1 at"
    assert said in capsys.readouterr().out
    with pytest.raises(Collapsed, match="Training stopped at step 8: the generator of seed 0"):
        train.run(override(tiny_config(), {**SCORED, "evaluate.on_collapse": "stop"}),
                  tmp_path / "stopped")  # fmt: skip


def test_a_collapse_sends_a_run_back_to_its_best_checkpoint(tmp_path, scored):
    scored(COLLAPSING, later={6: 0.9, 8: 0.8})
    back = {**SCORED, "evaluate.on_collapse": "rollback"}
    state = train.run(override(tiny_config(), back), tmp_path)
    (one,) = noted(tmp_path)
    assert (one["at"], one["to"]) == (8, 4)
    assert int(state.step) == 8
    assert runs.open_run(tmp_path, "best").step == 8
    assert [row["step"] for row in rows(tmp_path)] == [2, 4, 6, 8]
