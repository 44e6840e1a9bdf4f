"""Files of weights hold the tensors that they say, or are refused in one sentence."""

import contextlib
import io
import os
import zipfile

import numpy as np
import pytest
from pth_files import (
    DICT,
    FORMATS,
    GOOD,
    PARAMETER,
    TENSOR,
    VALUES,
    VERSION,
    in_stream,
    in_zip,
    integer,
    refused,
    several,
    state,
    storage,
    tensor,
    text,
    write,
)

from gan_jax.errors import UserError
from gan_jax.metrics.features import weights


@pytest.mark.parametrize("form", FORMATS)
def test_tensors_are_read_by_name_with_their_strides_and_offsets(tmp_path, form):
    content = state(
        whole=tensor(),
        turned=tensor((4, 3), (1, 4)),
        part=tensor((2, 2), (4, 1), 5),
        one=tensor((), (), 7),
        none=tensor((0, 4), (4, 1), 12),
        learnt=PARAMETER + several(tensor((2,), (1,), 10), b"\x88", DICT) + b"R",
    )
    found = weights.read_pth(write(tmp_path, FORMATS[form](content)))
    grid = VALUES.reshape(3, 4)
    expected = {
        "whole": grid,
        "turned": grid.T,
        "part": grid[1:, 1:3],
        "one": grid[1, 3],
        "none": grid[:0],
        "learnt": grid[2, 2:],
    }
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == np.float32 and not found[name].flags.writeable
        np.testing.assert_array_equal(found[name], array, strict=True)


@pytest.mark.parametrize(
    ("kind", "dtype"), [("Double", "f8"), ("Float", "f4"), ("Half", "f2"), ("Long", "i8")]
)
def test_numbers_keep_their_type(tmp_path, kind, dtype):
    values = np.array([-1.5, 2.25, 100], dtype)
    content = state(x=tensor((3,), (1,), at=storage(count=3, kind=kind)))
    found = weights.read_pth(write(tmp_path, in_zip(content, values.tobytes())))["x"]
    np.testing.assert_array_equal(found, values, strict=True)


def test_what_pytorch_writes_besides_is_passed_over(tmp_path):
    """Memoised values, attributes of the dict, and that a storage is no view of another one."""
    x = text("x") + b"q\x01" + tensor(at=storage(view=b"N")) + b"r\x02\x00\x00\x00"
    attributes = b"}" + text("_metadata") + DICT + b"sb"
    content = b"\x80\x02" + DICT + b"q\x00(" + x + text("y") + b"h\x02u" + attributes + b"."
    found = weights.read_pth(write(tmp_path, in_stream(content)))
    assert list(found) == ["x", "y"]
    np.testing.assert_array_equal(found["y"], VALUES.reshape(3, 4))


OUTSIDE = "a tensor reaches outside of its numbers"
NO_TENSOR = "it calls something for what is no tensor"
COUNT = "it has not as many numbers as it says"
LIES = [
    (tensor(offset=1), OUTSIDE),
    (tensor(strides=(5, 1)), OUTSIDE),
    (tensor((12,), (2,)), OUTSIDE),
    (tensor((), (), offset=12), OUTSIDE),
    (tensor((13,), (0,)), OUTSIDE),
    (tensor((1 << 62, 4), (0, 0)), OUTSIDE),  # no numbers at all, counted in 64 bits
    (tensor((1 << 100,), (1,)), OUTSIDE),
    (tensor((1, 2), (1, 1 << 100)), OUTSIDE),
    (tensor(offset=-1), NO_TENSOR),
    (tensor(strides=(-4, 1)), NO_TENSOR),
    (tensor((-3, -4)), NO_TENSOR),
    (tensor((3, 4, 1)), NO_TENSOR),
    (TENSOR + several(storage(), b"\x88", b")", b")", b"\x89", DICT) + b"R", NO_TENSOR),
    (TENSOR + several(storage(), b"N", b")", b")", b"\x89", DICT) + b"R", NO_TENSOR),
    (TENSOR + several(tensor()) + b"R", NO_TENSOR),
    (tensor() + b")R", NO_TENSOR),
    (tensor((2, 4), at=storage(count=11)), COUNT),
    (tensor(at=storage(count=13)), COUNT),
    (tensor(at=storage(count=1 << 100)), COUNT),
    (tensor(at=storage(kind="Double")), COUNT),
    (tensor(at=storage(count=-1)), "a storage of an unknown kind"),
    (tensor(at=storage(view=several(text("0"), integer(0), integer(12)))), "an unknown kind"),
    (integer(1), "it holds more than tensors by name"),
    (storage(), "it holds more than tensors by name"),
    (DICT, "it holds more than tensors by name"),
]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("lie", "reason"), LIES, ids=range(len(LIES)))
def test_a_tensor_that_is_not_in_the_file_is_refused(tmp_path, form, lie, reason):
    assert reason in refused(tmp_path, FORMATS[form](state(x=lie)))


def test_tensors_must_agree_on_what_they_share(tmp_path):
    content = state(x=tensor(), y=tensor(at=storage(kind="Long")))
    assert "its tensors disagree on what they share" in refused(tmp_path, in_zip(content))


def test_a_zip_file_of_something_else_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model/data.txt", b"")
    assert "it is a zip file of something else" in refused(tmp_path, file.getvalue())
    two = in_zip(GOOD, **{"code/data.pkl": GOOD})
    assert "it is a zip file of something else" in refused(tmp_path, two)
    lost = in_zip(state(x=tensor(at=storage("1"))))
    assert "model/data/1 is missing" in refused(tmp_path, lost)
    up = in_zip(state(x=tensor(at=storage("../../etc/passwd"))))
    assert "model/data/../../etc/passwd is missing" in refused(tmp_path, up)


def test_compressed_numbers_are_refused(tmp_path):
    """Which could be more than memory holds."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data.pkl", GOOD)
        archive.writestr("model/data/0", VALUES.tobytes())
    assert "model/data.pkl is compressed" in refused(tmp_path, file.getvalue())


def test_numbers_of_another_byte_order_are_refused(tmp_path):
    assert weights.read_pth(write(tmp_path, in_zip(GOOD, byteorder=b"little")))
    assert "its numbers are big-endian" in refused(tmp_path, in_zip(GOOD, byteorder=b"big"))
    big = in_stream(GOOD).replace(b"little_endian\x88", b"little_endian\x89")
    assert "its numbers are big-endian" in refused(tmp_path, big)


def test_other_streams_are_refused(tmp_path):
    assert "it begins as no file" in refused(tmp_path, in_stream(GOOD).replace(VERSION, b"N."))
    assert COUNT in refused(tmp_path, in_stream(GOOD, count=11))
    assert COUNT in refused(tmp_path, in_stream(GOOD, count=-1))
    assert COUNT in refused(tmp_path, in_stream(GOOD, numbers=VALUES.tobytes()[:-1], count=12))
    keys = in_stream(GOOD).replace(text("0") + b"e.", text("1") + b"e.")
    assert "it has numbers of no tensor" in refused(tmp_path, keys)
    none = in_stream(GOOD).replace(b"](" + text("0") + b"e.", b"].")
    assert COUNT in refused(tmp_path, none)


@pytest.mark.parametrize("form", FORMATS)
def test_a_truncated_file_is_refused(tmp_path, form):
    content = FORMATS[form](GOOD)
    for length in range(0, len(content), 3):
        refused(tmp_path, content[:length])


@pytest.mark.parametrize("form", FORMATS)
def test_a_changed_byte_is_refused_or_harmless(tmp_path, form):
    content = FORMATS[form](GOOD)
    read = 0
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        with contextlib.suppress(UserError):
            found = weights.read_pth(write(tmp_path, bytes(changed)))
            assert all(array.size <= 12 for array in found.values())
            read += 1
    assert 0 < read < len(content)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for function in (weights.read_pth, weights.sha256):
        with pytest.raises(UserError, match=r"none cannot be read \(No such file or directory\); "):
            function(tmp_path / "none")
        with pytest.raises(UserError, match=r"cannot be read \(.*\); give the path of the file\.$"):
            function(tmp_path)
        os.mkfifo(pipe := tmp_path / f"pipe{function.__name__}")
        with pytest.raises(UserError, match=r"cannot be read \(It is no regular file\)"):
            function(pipe)


def test_a_link_that_the_user_names_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(write(tmp_path, in_zip(GOOD)))
    assert list(weights.read_pth(tmp_path / "link")) == ["x"]


def test_the_digest_is_of_the_whole_file(tmp_path):
    assert weights.sha256(write(tmp_path, b"abc")) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize("form", FORMATS)
def test_what_pytorch_writes_is_read(tmp_path, form):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    layer = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 2), torch.nn.BatchNorm2d(4))
    kinds = (torch.float64, torch.float16, torch.int64)
    others = {str(kind): torch.arange(6).reshape(2, 3).to(kind) for kind in kinds}
    turned = {"turned": layer[0].weight.permute(2, 3, 1, 0), "part": layer[0].weight[1:, :, 1]}
    written = {**layer.state_dict(), **others, **turned, "learnt": layer[0].bias}
    for number, tensors in enumerate((written, layer.state_dict())):
        path = tmp_path / str(number)
        torch.save(tensors, path, _use_new_zipfile_serialization=form == "zip")
        found = weights.read_pth(path)
        assert list(found) == list(tensors)
        for name, array in found.items():
            np.testing.assert_array_equal(array, tensors[name].detach().numpy(), strict=True)
