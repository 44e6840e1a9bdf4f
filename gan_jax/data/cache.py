"""Decoded data sets on disk, memory-mapped, so that a second start reads no picture again."""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.data.dataset import Dataset
from gan_jax.method import Example
from gan_jax.system import array_files, user_cache

FORMAT = 2
"""Raise it when what is stored, or how examples become arrays, changes."""


def cached(place: Any, key: Any, make: Callable[[], Dataset]) -> Dataset:
    """The data set stored under `key` (anything JSON), made and stored when there is none.

    Of each `place` (anything JSON) the newest is kept. A cache that cannot be written is no
    failure: it is said once, and the data set stays in memory.
    """
    start, end = _digest(place)[:8], _digest(key)[:16]
    with contextlib.suppress(OSError):
        for folder in user_cache.folder("data").glob(f"*-{end}"):  # from whatever place
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                return _load(folder)
    made = make()
    try:
        folder = user_cache.folder("data") / f"{start}-{end}"
        _store(made, folder)
        for older in folder.parent.glob(f"{start}-*"):
            if older != folder:
                shutil.rmtree(older, ignore_errors=True)
    except OSError as error:
        print(f"The decoded data could not be cached ({error}).", file=sys.stderr)
        return made
    size, whole = user_cache.megabytes(folder), user_cache.megabytes(user_cache.folder())
    print(
        f"Cached the decoded data, {size:,} MB of {whole:,} MB in {user_cache.folder()}; "
        "GAN_JAX_CACHE_DIR moves that folder, which may be deleted.",
        file=sys.stderr,
    )
    return made


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps([FORMAT, value]).encode()).hexdigest()


def _load(folder: Path) -> Dataset:
    about = json.loads((folder / "about.json").read_text())
    splits = {
        split: Example(
            **{name: array_files.mapped(folder / f"{split}_{name}.npy") for name in fields}
        )
        for split, fields in about["splits"].items()
    }
    return Dataset(
        train=splits["train"],
        test=splits.get("test", splits["train"]),
        class_names=tuple(about["class_names"]),
        report=tuple(about["report"]),
        fingerprint=about["fingerprint"],
    )


def _store(data: Dataset, folder: Path) -> None:
    # A folder that bears the final name is whole: it is filled under another one and renamed.
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        splits = {"train": _fields(data.train)}
        if data.test is not data.train:
            splits["test"] = _fields(data.test)
        for split, fields in splits.items():
            for name, array in fields.items():
                np.save(partial / f"{split}_{name}.npy", array)
        about = {
            "splits": {split: list(fields) for split, fields in splits.items()},
            "class_names": data.class_names,
            "report": data.report,
            "fingerprint": data.fingerprint,
        }
        (partial / "about.json").write_text(json.dumps(about))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fields(examples: Example) -> dict[str, np.ndarray]:
    """The fields that the examples have, by name."""
    return {name: array for name, array in examples._asdict().items() if array is not None}
