"""A finished run of an earlier version stays readable.

`tests/fixtures/run_0.1.0` is a run of 4 steps that version 0.1.0 made by

    python tests/make_earlier_run.py tests/fixtures/run_0.1.0

It is never made again: what a later version adds takes its default.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gan_jax import report, sample, train
from gan_jax.config import override
from gan_jax.run import runs

FIXTURE = Path(__file__).parent.parent / "fixtures" / "run_0.1.0"


@pytest.fixture
def earlier(tmp_path):
    return Path(shutil.copytree(FIXTURE, tmp_path / "run"))


def test_it_opens_with_the_settings_that_it_had(earlier):
    run = runs.open_run(earlier)
    assert (run.step, int(run.state.step)) == (4, 4)
    config = run.config
    assert (config.choice, config.data.choice, config.data.num_classes) == ("gan", "digits", 10)
    assert (config.disc.choice, config.disc.conditioning) == ("dcgan", "projection")
    assert (config.loss.choice, config.augment.choice) == ("hinge", "adaptive")
    assert config.gen_optimizer.learning_rate == 1e-3


def test_it_draws_the_samples_that_it_drew(earlier):
    folder = sample.run(earlier, num_samples=10, seed=3)
    with np.load(folder / "samples.npz") as now, np.load(FIXTURE / "expected.npz") as then:
        np.testing.assert_allclose(now["latents"], then["latents"], atol=1e-6)
        np.testing.assert_array_equal(now["labels"], then["labels"])
        images = [each["images"].astype(int) for each in (now, then)]
    assert np.abs(images[0] - images[1]).max() <= 2  # another processor rounds in other places
    assert images[1].std() > 20  # of 255


def test_it_has_its_report(earlier):
    page = Path(report.run(earlier)).read_text()
    for said in ("tiny", "hinge", "d/loss", "step 4"):
        assert said in page


def test_it_goes_on_from_where_it_was(earlier):
    config = override(runs.open_run(earlier).config, {"train.num_steps": 6})
    state = train.run(config, earlier)
    assert int(state.step) == 6
    rows = [json.loads(line) for line in (earlier / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 6]
    names = [set(row) for row in rows]
    assert names[2] >= names[0]
