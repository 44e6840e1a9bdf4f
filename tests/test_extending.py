"""The package of docs/extending.md, as it stands there, by the commands that it names."""

import json
import re
import sys

import jax
import numpy as np
import pytest
from conftest import ROOT

import experiments
from gan_jax import config, keys, methods
from gan_jax.data import Source
from gan_jax.errors import UserError
from gan_jax.metrics import measures
from gan_jax.metrics.scores import Metric
from gan_jax.networks import DiscSettings, GenSettings
from gan_jax.objectives import Loss, Penalty
from gan_jax.run import runs

DOCUMENT = (ROOT / "docs" / "extending.md").read_text()
MODULES = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", DOCUMENT, re.DOTALL)
PLUGIN = "--plugin=my_lab.parts"
SHORT = (
    "--experiment=recipes/signals.py",
    "--workdir=w",
    "--set=train.num_steps=2",
    "--set=train.batch_size=8",
    "--set=log.every_steps=1",
    "--set=sample.every_steps=1",
)


@pytest.fixture
def lab(monkeypatch, tmp_path):
    """The package and the recipe, in the current directory."""
    assert DOCUMENT.count("```python") == len(MODULES)
    for place, code in MODULES:
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def process(monkeypatch, lab):
    """Starts what a new process would see: no part of the package, which is on Python's path."""
    families = Loss, Penalty, Source, DiscSettings, GenSettings, Metric
    ours = {family: dict(family.choices) for family in families}
    measured = list(measures.MEASURES)

    def forget():
        for family in families:
            monkeypatch.setattr(family, "choices", dict(ours[family]))
        monkeypatch.setattr(measures, "MEASURES", list(measured))
        monkeypatch.setattr(sys, "path", [str(lab), *sys.path])
        for name in [name for name in sys.modules if name.startswith("my_lab")]:
            del sys.modules[name]

    forget()
    yield forget
    forget()


def test_the_package_makes_a_run(run, process, lab):
    code, out, err = run(*SHORT, PLUGIN)
    assert code == 0, err
    assert "Drew 512 waves." in out
    assert "Finished at step 2 of 2" in out
    rows = [json.loads(line) for line in (lab / "w" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2]
    assert all(row["d/loss"] > 0 and row["signals/roughness"] > 0 for row in rows)
    values = json.loads((lab / "w" / "config.json").read_text())
    assert values["plugins"] == ["my_lab.parts"]
    assert (values["loss"]["name"], values["loss"]["temperature"]) == ("exponential", 2.0)
    page = (lab / "w" / "report.html").read_text()
    assert "--num_samples=64 --plugin=my_lab.parts<" in page

    averaged = runs.open_run("w").state.ema
    assert averaged.params["ToLinen_0"]["hidden"]["kernel"].shape == (8 + 1, 64)
    assert np.abs(averaged.stats["ToLinen_0"]["norm"]["mean"]).max() > 1e-3

    process()
    sample = ("--mode=sample", "--workdir=w", "--num_samples=3")
    code, _, err = run(*sample)
    assert (code, err) == (
        1,
        "gan_jax: This run has parts of modules that were not imported; add "
        "--plugin=my_lab.parts.\n",
    )
    assert "my_lab" not in sys.modules
    assert not (lab / "w" / "generated").exists()

    code, _, err = run(*sample, PLUGIN)
    assert code == 0, err
    folder = lab / "w" / "generated" / "step_00000002_seed_0"
    made = np.load(folder / "samples.npz")
    assert made["images"].shape == (3, 32, 1)
    assert made["labels"].tolist() == [0, 1, 2]
    assert np.array_equal(np.load(folder / "00001.npy"), made["images"][1])
    code, _, err = run(*sample, PLUGIN, "--classes=4", "--output=fours")
    assert code == 0, err
    fours = np.load(lab / "fours" / "samples.npz")
    assert np.array_equal(fours["latents"], made["latents"])
    assert np.array_equal(fours["images"][2], made["images"][2])
    assert not np.allclose(fours["images"][0], made["images"][0], atol=1e-4)
    code, out, err = run("--mode=evaluate", "--workdir=w", "--num_samples=50", PLUGIN)
    assert code == 0, err
    assert "| mean_shift |" in out


def test_the_parts_are_choices_like_ours(run, process, lab):
    code, out, err = run(*SHORT, PLUGIN, "--set=loss.temperature=3", "--print_config")
    assert code == 0, err
    assert json.loads(out)["loss"] == {"name": "exponential", "gen_weight": 1.0, "temperature": 3.0}
    code, _, err = run(*SHORT, PLUGIN, "--set=loss.temperature=0")
    assert "loss.temperature=0.0 is too small; it must be more than 0" in err
    code, _, err = run("--experiment=gan_mnist", PLUGIN, "--set=loss.name=exponentia")
    assert "choose one of" in err
    assert ", exponential." in err

    made = experiments.load("recipes/signals.py")
    named = config.override(made, {"plugins": ("my_lab.parts",)})
    assert config.digest(named) == config.digest(made)
    assert config.differences(named, made) == []
    shapes = jax.eval_shape(methods.make(made).init, keys.root(0))
    assert shapes.disc.params["body"]["Conv_0"]["kernel"].shape == (5, 1 + 1, 16)


def test_a_run_never_makes_the_program_import_code(process):
    named = config.to_dict(methods.GAN()) | {"plugins": ["my_lab.parts", "my_lab.\n"]}
    assert config.from_dict(methods.Config, named).plugins == ("my_lab.parts", "my_lab.\n")
    flags = r"add --plugin=my_lab\.parts --plugin=my_lab\.\\n\."
    with pytest.raises(UserError, match=flags):
        config.from_dict(methods.Config, named | {"loss": {"name": "exponential"}})
    assert "my_lab" not in sys.modules
    for plugins in (3, "my_lab.parts", [{}], None):
        with pytest.raises(UserError, match="another version of gan_jax"):
            config.from_dict(methods.Config, named | {"plugins": plugins})
