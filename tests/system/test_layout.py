"""One module knows the names in a run directory."""

import ast
from pathlib import Path

import pytest

from gan_jax.system import layout

ROOT = Path(__file__).parents[2]
FILES = [path for path in (ROOT / "gan_jax").rglob("*.py") if path.name != "layout.py"]
NAMES = {value for name, value in vars(layout).items() if name.isupper()} | {layout.member("")}
OTHERS = {
    ("__init__.py", layout.SAMPLES),  # a picture of --mode=visualize
    ("neighbours.py", layout.SAMPLES),  # a word in a legend
    ("permutation.py", layout.SAMPLES),  # SciPy's name of a permutation
}


@pytest.mark.parametrize(
    "path", [*FILES, ROOT / "launch.py"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_other_module_spells_a_name(path):
    spelled = {
        (path.name, node.value)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in NAMES
    }
    assert spelled <= OTHERS


def test_what_lies_in_a_folder_by_steps_is_found_in_order(tmp_path):
    for step in (20, 3, 123_456_789_012):
        (tmp_path / f"{layout.at_step(step)}.png").touch()
    for name in ("step_x.png", "step_00000004.gif", "other.png"):
        (tmp_path / name).touch()
    found = layout.by_step(tmp_path, ".png")
    assert list(found) == [3, 20, 123_456_789_012]
    assert found[3].name == "step_00000003.png"
    assert layout.by_step(tmp_path / "nowhere") == {}
