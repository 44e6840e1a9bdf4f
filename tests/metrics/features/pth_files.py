"""Files of PyTorch, written byte by byte: a pickle of a state dict, and the numbers beside it."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gan_jax.errors import UserError
from gan_jax.metrics.features import weights

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
VERSION = b"\x80\x02M\xe9\x03."
DICT = b"ccollections\nOrderedDict\n)R"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
PARAMETER = b"ctorch._utils\n_rebuild_parameter\n"
VALUES = np.arange(12, dtype="<f4") / 4


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def integer(value: int) -> bytes:
    raw = value.to_bytes(16, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def several(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def storage(key="0", count=12, kind="Float", view=b"") -> bytes:
    name = f"ctorch\n{kind}Storage\n".encode()
    return several(text("storage"), name, text(key), text("cpu"), integer(count), view) + b"Q"


def tensor(shape=(3, 4), strides=(4, 1), offset=0, at=None) -> bytes:
    sizes = (several(*map(integer, numbers)) for numbers in (shape, strides))
    at = storage() if at is None else at
    return TENSOR + several(at, integer(offset), *sizes, b"\x89", DICT) + b"R"


def state(**values: bytes) -> bytes:
    pairs = (text(name) + value for name, value in values.items())
    return b"\x80\x02" + DICT + b"(" + b"".join(pairs) + b"u."


def in_zip(pickled: bytes, numbers: bytes = VALUES.tobytes(), **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model/data.pkl", pickled)
        archive.writestr("model/data/0", numbers)
        for name, content in members.items():
            archive.writestr(f"model/{name}", content)
    return file.getvalue()


def in_stream(pickled: bytes, numbers: bytes = VALUES.tobytes(), count: int | None = None) -> bytes:
    system = b"\x80\x02}" + text("little_endian") + b"\x88s."
    keys = b"\x80\x02](" + text("0") + b"e."
    count = len(numbers) // 4 if count is None else count
    return MAGIC + VERSION + system + pickled + keys + struct.pack("<q", count) + numbers


FORMATS = {"zip": in_zip, "stream": in_stream}

GOOD = state(x=tensor())


def write(folder: Path, content: bytes) -> Path:
    path = folder / "file.pth"
    path.write_bytes(content)
    return path


def refused(folder: Path, content: bytes) -> str:
    """The sentence in which a file of this content is refused."""
    with pytest.raises(UserError) as error:
        weights.read_pth(write(folder, content))
    sentence = str(error.value)
    assert sentence.startswith(f"{folder / 'file.pth'} is no state dict of PyTorch, or damaged (")
    assert sentence.endswith("); nothing in it was run. Get the file again.")
    assert "\n" not in sentence
    return sentence
