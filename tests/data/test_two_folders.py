"""Two folders of pictures as two classes."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gan_jax.data import TwoFolders
from gan_jax.errors import UserError

SIZE = {"height": 4, "width": 4, "channels": 1}


@pytest.fixture
def folders(tmp_path):
    for name, level, count in (("horses", 50, 12), ("zebras", 200, 7)):
        (tmp_path / name / "deeper").mkdir(parents=True)
        for number in range(count):
            place = tmp_path / name / ("deeper" if number % 2 else ".")
            Image.new("L", (5, 5), level + number).save(place / f"{number}.png")
    return tmp_path / "horses", tmp_path / "zebras"


def source(folders, **fields):
    path, other = map(str, folders)
    return TwoFolders(path=path, other=other, **SIZE | fields)


def test_each_folder_is_a_class_under_its_name(folders):
    data = source(folders, held_out=0.0).load()
    assert data.class_names == ("horses", "zebras")
    np.testing.assert_array_equal(data.train.label, [0] * 12 + [1] * 7)
    np.testing.assert_array_equal(data.train.x.mean(axis=(1, 2, 3)) > 100, data.train.label)
    assert data.test is data.train
    assert sum("no test images" in line for line in data.report) == 1


def test_a_share_of_each_is_held_out(folders):
    data = source(folders, held_out=0.4).load()
    assert len(data.train.x) + len(data.test.x) == 19
    assert set(data.test.label) == set(data.train.label) == {0, 1}
    assert not set(data.test.x[:, 0, 0, 0]) & set(data.train.x[:, 0, 0, 0])
    with pytest.raises(UserError, match="would be held out"):
        source(folders, held_out=0.1).load()  # one of horses alone


def test_folders_of_one_name_go_by_their_paths(folders):
    data = source((folders[0] / "deeper", folders[1] / "deeper"), held_out=0.0).load()
    assert [name.split("/")[-2:] for name in data.class_names] == [
        ["horses", "deeper"],
        ["zebras", "deeper"],
    ]


def test_a_change_in_either_changes_the_stamp(folders):
    stamp = source(folders).stamp()
    Image.new("L", (5, 5), 9).save(folders[1] / "new.png")
    assert source(folders).stamp() != stamp


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"other": ""}, "add --set=data.other=FOLDER"),
        ({"classes": ("a", "b")}, "leave them out for two"),
        ({"pattern": "7.png"}, "no files that match '7.png' in .*zebras"),
    ],
)
def test_what_is_not_two_folders_of_pictures_is_refused(folders, change, says):
    with pytest.raises(UserError, match=says):
        replace(source(folders), **change).check()
