"""The pictures in report.html: whole while they fit, reduced or linked where they do not."""

import numpy as np
import pytest
from made_run import Page, decoded, page_data
from PIL import Image

from gan_jax import report
from gan_jax.report import curves, embed, pictures, timeline


def noise(path, side, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_a_long_run_stays_light(tmp_path):
    for step in range(60):
        noise(tmp_path / "samples" / f"step_{step:08d}.png", 200, step)
    for number, part in enumerate(("a", "b", "c")):
        noise(tmp_path / "pictures" / "step_00000059" / f"{part}.png", 950, number)
    with (tmp_path / "metrics.jsonl").open("w") as lines:
        lines.writelines(f'{{"step": {i}, "loss": {i / 7}}}\n' for i in range(1, 30_001))
    path = report.run(tmp_path)
    assert path.stat().st_size < 15e6
    found = page_data(path)
    steps = [shot["step"] for shot in found["snapshots"]]
    assert steps[0] == 0 and steps[-1] == 59 and 10 < len(steps) <= 40
    assert max(np.diff(steps)) - min(np.diff(steps)) <= 1
    points = found["panels"][0]["series"][0]["points"]
    assert len(points) == curves.MOST_POINTS and points[-1][0] == 30_000
    links = [link["href"] for link in Page(path).all("a") if link["href"].startswith("pictures/")]
    assert links == []
    assert "a a.pngb b.png, reducedc c.png, reduced" in Page(path).text


@pytest.mark.parametrize(
    ("most_bytes", "side", "steps"),
    [(300_000, 48, list(range(12))), (100_000, 16, list(range(12))), (2_000, 16, [0, 11])],
)
def test_large_grids_are_reduced_so_that_their_training_can_be_seen(
    tmp_path, monkeypatch, most_bytes, side, steps
):
    """A pair of these grids takes 18,800 bytes whole and some 700 reduced to 16x16."""
    monkeypatch.setattr(timeline, "MOST_BYTES", most_bytes)
    monkeypatch.setattr(timeline, "SIDE", 16)
    (tmp_path / "metrics.jsonl").touch()
    for step in range(12):
        for folder in ("samples", "samples_raw"):
            noise(tmp_path / folder / f"step_{step:08d}.png", 48, step)
    noise(tmp_path / "reals.png", 48)
    path = report.run(tmp_path)
    shots = page_data(path)["snapshots"]
    assert [shot["step"] for shot in shots] == steps
    assert all(set(shot) == {"step", "averaged", "raw"} for shot in shots)
    assert {decoded(shot[name]).shape for shot in shots for name in ("averaged", "raw")} == {
        (side, side, 3)
    }
    assert ("Grids are compressed, to at most 16 pixels" in Page(path).text) == (side == 16)
    assert len(Page(path).all("img")) == 3


def test_no_bytes_are_spent_on_half_a_snapshot(tmp_path):
    for name, side in (("small", 20), ("large", 90)):
        noise(tmp_path / f"{name}.png", side)
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    album = embed.Album(10_000)
    assert album.together([small, large]) == []
    assert album.together([small, tmp_path / "none.png"]) == []
    assert len(album.together([small] * 5)) == 5


def test_pictures_that_move_come_after_all_that_do_not(tmp_path, monkeypatch):
    (tmp_path / "metrics.jsonl").touch()
    for step in (1, 2):
        noise(tmp_path / "pictures" / f"step_{step:08d}" / "sweep.png", 40, step)
        noise(tmp_path / "pictures" / f"step_{step:08d}" / "sweep.gif", 60, step)
    monkeypatch.setattr(pictures, "MOST_BYTES", 18_000)
    path = report.run(tmp_path)
    kinds = [image["src"][11:14] for image in Page(path).all("img")]
    links = [link["href"] for link in Page(path).all("a") if link["href"].startswith("pictures/")]
    assert kinds == ["png", "png"]
    assert links == [f"pictures/step_0000000{step}/sweep.gif" for step in (2, 1)]


def test_blocks_of_equal_pixels_are_found():
    image = np.random.default_rng(0).integers(0, 256, (10, 14, 3), np.uint8)
    enlarged = image.repeat(6, 0).repeat(6, 1)
    assert embed.enlargement(image) == 1
    assert embed.enlargement(enlarged) == 6
    assert embed.enlargement(enlarged[:, :82]) == 2  # ends inside a block
    enlarged[7, 7] += 1
    assert embed.enlargement(enlarged) == 1


@pytest.mark.parametrize(("count", "most"), [(1, 2), (5, 5), (41, 40), (100, 7)])
def test_a_spread_has_both_ends(count, most):
    chosen = embed.spread(list(range(count)), most)
    assert chosen[0] == 0 and chosen[-1] == count - 1
    assert len(chosen) == min(count, most) == len(set(chosen))


def test_a_grid_within_the_side_is_compressed_as_it_is(tmp_path):
    noise(tmp_path / "grid.png", 90)
    whole, packed = (embed.read(tmp_path / "grid.png", side) for side in (0, 90))
    assert len(packed.uri) < len(whole.uri) / 2
    assert packed.reduced and not whole.reduced
    assert packed[1:4] == whole[1:4] == (90, 90, 90)
