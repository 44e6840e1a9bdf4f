"""The house: a room imports only from lower floors, so that its arrows all point down."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = (
    {"errors", "keys"},
    {"system", "ops", "method"},
    {"config"},
    {"data"},
    {"devices", "metrics"},
    {"networks"},
    {"objectives"},
    {"methods"},
    {"evaluation"},
    {"run"},
    {"cost", "sample", "visualize"},
    {"report"},
    {"train", "evaluate"},
    {"replay"},
    {"studies"},
)
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted((ROOT / "gan_jax").rglob("*.py"))


def room_of(path):
    return path.relative_to(ROOT / "gan_jax").parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "gan_jax":
            names = [f"gan_jax.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            assert package != "experiments", f"{path} imports experiments"
            if package == "gan_jax" and rest:
                yield rest.split(".")[0]


def test_every_room_has_a_floor():
    assert {room_of(path) for path in FILES} - {"__init__"} == set(LEVEL)


def test_few_modules_stand_outside_of_the_rooms():
    assert len(list((ROOT / "gan_jax").glob("*.py"))) <= 8


def test_the_tests_mirror_the_rooms():
    rooms = {path.name for path in (ROOT / "gan_jax").iterdir() if (path / "__init__.py").exists()}
    tested = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert rooms <= tested | {"config"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    room = room_of(path)
    for other in imported_rooms(path):
        if other != room:
            assert LEVEL[other] < LEVEL[room], f"{room} imports {other}, which is not below it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_read_in_five_minutes(path):
    assert len(path.read_text().splitlines()) <= 300


def test_the_core_imports_without_what_it_can_do_without():
    """TFDS, TensorFlow, matplotlib, tensorboardX and scikit-learn load where they are used."""
    late = {"tensorflow_datasets", "tensorflow", "matplotlib", "tensorboardX", "sklearn"}
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & late, path


def test_no_two_files_of_tests_share_a_name():
    """Pytest imports them by their names alone, and leaves out the second."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
