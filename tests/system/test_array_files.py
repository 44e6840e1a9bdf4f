"""Archives of arrays are read whole, or said to be damaged, whatever was done to them."""

import numpy as np
import pytest

from gan_jax.system import array_files

ARRAYS = {"images": np.arange(60, dtype=np.uint8).reshape(3, 4, 5), "names": np.array(["a", "b"])}


@pytest.mark.parametrize("compressed", [False, True])
def test_what_was_written_is_read(tmp_path, compressed):
    content = array_files.content(ARRAYS, compressed)
    (tmp_path / "a.npz").write_bytes(content)
    for found in (array_files.read(content), array_files.read(tmp_path / "a.npz")):
        assert list(found) == list(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array, strict=True)


@pytest.mark.parametrize("compressed", [False, True])
def test_every_flipped_byte_is_said_or_changes_nothing(compressed):
    content, damaged = array_files.content(ARRAYS, compressed), 0
    for place in range(len(content)):
        for mask in (0xFF, 0x01):
            flipped = bytearray(content)
            flipped[place] ^= mask
            try:
                found = array_files.read(bytes(flipped))
            except (ValueError, OSError):
                damaged += 1
                continue
            for name, array in found.items():  # names have no checksum
                expected = ARRAYS.get(name)
                assert expected is None or np.array_equal(array, expected)
    assert damaged > len(content) / 2


def test_every_shorter_file_is_damaged():
    content = array_files.content(ARRAYS)
    for size in range(len(content)):
        with pytest.raises(ValueError):
            array_files.read(content[:size])


def test_pickles_and_single_arrays_are_no_archives(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.array([{}], dtype=object))
    np.save(tmp_path / "b.npy", np.zeros(3))
    for name in ("a.npz", "b.npy"):
        with pytest.raises(ValueError):
            array_files.read(tmp_path / name)


def test_arrays_that_nobody_asks_for_are_not_read(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros(3), other=np.array([{}], dtype=object))
    with array_files.opened(tmp_path / "a.npz") as archive:
        np.testing.assert_array_equal(archive["images"], np.zeros(3))


def test_a_mapped_array_is_read_or_damaged(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, ARRAYS["images"])
    np.testing.assert_array_equal(array_files.mapped(path), ARRAYS["images"], strict=True)
    content = path.read_bytes()
    for size in range(0, len(content), 8):  # none at all as well, as after a power cut
        path.write_bytes(content[:size])
        with pytest.raises(ValueError):
            array_files.mapped(path)
