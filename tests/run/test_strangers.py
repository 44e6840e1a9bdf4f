"""A run directory that a stranger prepared leads nothing that is written out of it."""

import pytest
from conftest import tiny_config

from gan_jax import report, sample, train, visualize
from gan_jax.config import override
from gan_jax.errors import UserError

FILES = (
    *("config.json", "environment.json", "metrics.jsonl", "status.json", "memorisation.json"),
    *("reals.png", "losses.png", "report.html"),
)
"""That a run writes whole, in place of whatever has the name."""
REFUSED = (".lock", "checkpoints", "samples", "samples_raw", "generated", "pictures")
"""That it writes through: a link there is refused."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("strangers") / "run"
    train.run(tiny_config(), workdir)
    return workdir


def everything(workdir, num_steps):
    train.run(override(tiny_config(), {"train.num_steps": num_steps}), workdir)
    sample.run(workdir, 2, 0)
    visualize.run(workdir, ("samples",), visualize.Options(num_samples=4))
    report.run(workdir)


def test_a_link_in_place_of_a_file_is_replaced(trained, tmp_path):
    mine = {}
    for name in FILES:
        target = tmp_path / f"mine_{name}"
        place = trained / name
        target.write_bytes(place.read_bytes() if place.exists() else b"{}")
        place.unlink(missing_ok=True)
        if name not in ("config.json", "environment.json", "metrics.jsonl"):  # which are read
            place.symlink_to(target)
        else:
            place.write_bytes(target.read_bytes())
        (trained / f".{name}.partial").symlink_to(target)
        mine[target] = target.read_bytes()
    everything(trained, 6)
    assert {path: path.read_bytes() for path in mine} == mine
    left = {path.name for path in trained.iterdir() if path.is_symlink()}
    assert left == {"reals.png"}  # which is written at step 0 alone


@pytest.mark.parametrize("name", REFUSED)
def test_a_link_in_place_of_a_folder_is_refused(trained, tmp_path, name):
    place, away = trained / name, tmp_path / "away"
    if place.exists():
        place.rename(tmp_path / "kept")
    away.mkdir()
    place.symlink_to(away)
    try:
        with pytest.raises((UserError, OSError), match="link"):
            everything(trained, 20)
        assert list(away.iterdir()) == []
    finally:
        place.unlink()
        if (tmp_path / "kept").exists():
            (tmp_path / "kept").rename(place)
