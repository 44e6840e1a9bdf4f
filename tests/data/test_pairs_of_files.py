"""Pairs of pictures: two folders with equal names, or both halves in one file."""

import numpy as np
import pytest
from PIL import Image

from gan_jax.config import override
from gan_jax.data import Pairs
from gan_jax.data.folder import is_held_out
from gan_jax.data.pairs import load, matched
from gan_jax.errors import UserError
from gan_jax.methods import GAN

NAMES = [f"{number}" for number in range(40)]


@pytest.fixture
def folders(tmp_path):
    for number, name in enumerate(NAMES):
        for folder, ending, level in (("b", "png", number), ("a", "bmp", 255 - number)):
            place = tmp_path / folder / "sub"
            place.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (6, 4), (level,) * 3).save(place / f"{name}.{ending}")
    return tmp_path


def config(folders, **fields):
    places = {"path": str(folders / "b"), "sources": str(folders / "a")}
    return Pairs(**{**places, "height": 4, "width": 6, **fields})


def test_equal_names_are_pairs_and_a_share_is_held_out(folders):
    data = load(config(folders, held_out=0.25))
    for part in (data.train, data.test):
        np.testing.assert_array_equal(part.x, 255 - part.source)
    held = {number for number in range(40) if is_held_out(f"sub/{number}", 0.25)}
    assert set(data.test.x[:, 0, 0, 0].tolist()) == held
    assert set(data.train.x[:, 0, 0, 0].tolist()) == set(range(40)) - held
    assert 4 <= len(held) <= 16
    assert data.report[-1] == (
        f"Held out {len(held)} of them for evaluation, by the hash of their names."
    )
    assert load(config(folders, held_out=0)).test.x.shape == (40, 4, 6, 3)


def test_half_of_all_names_is_held_out():
    share = np.mean([is_held_out(f"{number}.png", 0.5) for number in range(4000)])
    assert share == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("half", ["left", "right"])
def test_both_halves_in_one_file(tmp_path, half):
    both = np.zeros((4, 12, 3), np.uint8)
    both[:, :6] = 200
    Image.fromarray(both).save(tmp_path / "one.png")
    asked = Pairs(path=str(tmp_path), halves=half, height=4, width=6, held_out=0)
    data = load(asked)
    levels = int(data.train.source.max()), int(data.train.x.max())
    assert levels == ((200, 0) if half == "left" else (0, 200))


def test_files_without_a_partner_are_named_on_each_side(folders):
    (folders / "a" / "sub" / "3.bmp").unlink()
    Image.new("L", (3, 3)).save(folders / "a" / "new.png")
    with pytest.raises(UserError) as error:
        matched(config(folders))
    assert f"1 of {folders / 'b'} (sub/3) and 1 of {folders / 'a'} (new); add" in str(error.value)
    for number in range(11):
        (folders / "b" / "sub" / f"{number + 10}.png").unlink()
    with pytest.raises(UserError, match=r"12 of .*new, sub/10, .*sub/18, \.\.\.\)"):
        matched(config(folders))


def test_two_files_of_one_name_and_no_sources(folders):
    Image.new("L", (3, 3)).save(folders / "b" / "sub" / "3.gif")
    with pytest.raises(UserError, match=r"3\.png and 3\.gif in .* have one name"):
        matched(config(folders))
    with pytest.raises(UserError, match="needs either a folder of sources"):
        matched(config(folders, sources=""))


def test_a_damaged_file_is_skipped(folders):
    (folders / "a" / "sub" / "5.bmp").write_bytes(b"BM")
    data = load(config(folders, held_out=0))
    assert len(data.train.x) == 39
    assert "Skipped 1 pairs: sub/5: " in data.report[1]


def test_sources_alone_mean_pairs():
    changed = override(GAN(), {"data.sources": "a", "data.path": "b"})
    assert isinstance(changed.data, Pairs)
