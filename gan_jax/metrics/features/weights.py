"""Weight files of PyTorch, read without PyTorch and without running anything in them."""

import hashlib
import io
import os
import struct
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.errors import UserError
from gan_jax.metrics.features import pickles
from gan_jax.metrics.features.pickles import Storage, Tensor
from gan_jax.system import disk
from gan_jax.system.names import expanded, printable

MOST_BYTES = 1 << 30
"""Of a file of weights."""
_ZIP = b"PK\x03\x04"
_STREAM = (0x1950A86A20F9469CFC6C, 1001)  # how the format before zip begins
_DAMAGED = (
    *(ValueError, TypeError, LookupError, struct.error, OverflowError),
    *(zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError),  # of `zipfile`
)


def read_pth(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a state dict by name, each [...], read-only and of the dtype that is stored.

    Both of PyTorch's formats are read, the zip of today and the stream before it. Raises
    `UserError` for a file with anything else in it, for a damaged one, and for one that cannot be
    read.
    """
    content = _content(path)
    try:
        return _from_zip(content) if content.startswith(_ZIP) else _from_stream(content)
    except _DAMAGED as error:
        raise UserError(
            f"{printable(path)} is no state dict of PyTorch, or damaged "
            f"({printable(str(error))[:200]}); nothing in it was run. Get the file again."
        ) from error


def sha256(path: str | Path) -> str:
    """The digest of a file, 64 hex digits. Raises `UserError` where it cannot be read."""
    return hashlib.sha256(_content(path)).hexdigest()


def _content(path: str | Path) -> bytes:
    try:  # the user names the file, so a link to it is followed
        return disk.read(Path(os.path.realpath(expanded(path))), MOST_BYTES)
    except (OSError, ValueError) as error:
        raise UserError(
            f"The weights {printable(path)} cannot be read "
            f"({getattr(error, 'strerror', None) or error}); give the path of the file."
        ) from error


def _from_zip(content: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {member.filename: member for member in archive.infolist()}

        def member(name: str) -> bytes:
            if name not in members:
                raise ValueError(f"{name} is missing")
            if members[name].compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{name} is compressed")
            return archive.read(name)

        pickled = [name for name in members if name.endswith("/data.pkl")]
        if len(pickled) != 1:
            raise ValueError("it is a zip file of something else")
        folder = pickled[0].removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in members and member(order) != b"little":
            raise ValueError("its numbers are big-endian")
        tensors = _tensors(pickles.read(io.BytesIO(member(pickled[0]))))
        storages = _storages(tensors, len(content))
        return _arrays(tensors, storages, {key: member(f"{folder}data/{key}") for key in storages})


def _from_stream(content: bytes) -> dict[str, np.ndarray]:
    stream = io.BytesIO(content)
    if (pickles.read(stream), pickles.read(stream)) != _STREAM:
        raise ValueError("it begins as no file of PyTorch does")
    if pickles.read(stream)["little_endian"] is not True:
        raise ValueError("its numbers are big-endian")
    tensors, keys = _tensors(pickles.read(stream)), pickles.read(stream)
    storages, buffers = _storages(tensors, len(content)), {}
    for key in keys:
        if type(key) is not str or key not in storages:
            raise ValueError("it has numbers of no tensor")
        (count,) = struct.unpack("<q", stream.read(8))
        if count != storages[key].size:
            raise ValueError("it has not as many numbers as it says")
        buffers[key] = stream.read(count * storages[key].dtype.itemsize)
    return _arrays(tensors, storages, buffers)


def _tensors(state: Any) -> dict[str, Tensor]:
    if type(state) is not dict or any(type(value) is not Tensor for value in state.values()):
        raise ValueError("it holds more than tensors by name")
    return state


def _storages(tensors: Mapping[str, Tensor], most_bytes: int) -> dict[str, Storage]:
    """What the tensors view, by key. Raises `ValueError` for more bytes than the file has."""
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    if any(tensor.storage != storages[tensor.storage.key] for tensor in tensors.values()):
        raise ValueError("its tensors disagree on what they share")
    if sum(storage.size * storage.dtype.itemsize for storage in storages.values()) > most_bytes:
        raise ValueError("it has not as many numbers as it says")
    return storages


def _arrays(
    tensors: Mapping[str, Tensor], storages: Mapping[str, Storage], buffers: Mapping[str, bytes]
) -> dict[str, np.ndarray]:
    flat = {}
    for key, storage in storages.items():
        if len(buffers.get(key, b"")) != storage.size * storage.dtype.itemsize:
            raise ValueError("it has not as many numbers as it says")
        flat[key] = np.frombuffer(buffers[key], storage.dtype)
    return {name: _view(tensor, flat[tensor.storage.key]) for name, tensor in tensors.items()}


def _view(tensor: Tensor, flat: np.ndarray) -> np.ndarray:
    _, offset, shape, strides = tensor
    steps = [(size - 1) * stride for size, stride in zip(shape, strides, strict=True)]
    # strides of 0 would make of one number any number of them
    if prod(shape) > len(flat) or (prod(shape) > 0 and offset + sum(steps) >= len(flat)):
        raise ValueError("a tensor reaches outside of its numbers")
    return np.lib.stride_tricks.as_strided(
        flat[offset:], shape, [stride * flat.itemsize for stride in strides], writeable=False
    )
