"""Any image data set of TensorFlow Datasets, read as array_record without TensorFlow."""

import difflib
import importlib.util
import io
import json
import os
import re
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from gan_jax.data.dataset import Dataset, Unavailable, dataset
from gan_jax.data.pictures import fit, opened
from gan_jax.data.room import room
from gan_jax.data.source import StoredPictures
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.system import disk
from gan_jax.system.names import absolute, expanded, printable

NETWORK_PATIENCE_SECONDS = 4
FORMATS = ("tfrecord", "riegeli", "parquet")
"""Other file formats that TFDS writes, as its files are named by them."""


@dataclass(frozen=True)
class TFDS(StoredPictures, name="tfds"):
    """An image data set of TensorFlow Datasets.

    name: of the data set, such as `cifar10`.
    data_dir: where prepared data sets are; empty is $TFDS_DATA_DIR, then TFDS's own.
    """

    name: str = ""
    train_split: str = "train"
    test_split: str = "test"
    data_dir: str = ""

    def load(self) -> Dataset:
        return load(self)

    def stamp(self) -> list:
        return stamp(self)

    def check(self) -> None:
        self.check_crop()
        check(self)

    def prepare(self) -> None:
        self.check_crop()
        prepare(self)

    def absolute(self) -> "TFDS":
        return replace(self, data_dir=self.data_dir and absolute(self.data_dir))

    @property
    def where(self) -> str:
        return self.name


def data_dir(config: "TFDS") -> Path:
    """Where prepared data sets are: the configured folder, $TFDS_DATA_DIR, or TFDS's default.

    Raises `Unavailable` for the default of a user without a home folder.
    """
    chosen = config.data_dir or os.environ.get("TFDS_DATA_DIR")
    if chosen:
        return expanded(chosen)
    try:
        return Path("~/tensorflow_datasets").expanduser()
    except RuntimeError as error:
        raise Unavailable(
            f"This user has no home folder to look for the TFDS data set {config.name} in; give "
            "--data_dir."
        ) from error


def _files(config: "TFDS") -> list[Path]:
    name, _, version = config.name.partition(":")
    folder = data_dir(config) / name / version
    found = sorted(disk.files(folder))
    return [path for path in found if "incomplete" not in str(path.relative_to(folder))]


def stamp(config: "TFDS") -> list:
    """Changes whenever the prepared files do."""
    root = data_dir(config)
    stats = ((path, path.stat()) for path in _files(config))
    return [[str(path.relative_to(root)), s.st_size, s.st_mtime_ns] for path, s in stats]


def check(config: "TFDS") -> None:
    """Raises `Unavailable` where the data set is not on disk, and `UserError` where it never will
    be: for a name that TFDS does not know, and for one that is there in another file format."""
    if not config.name:
        raise UserError("The tfds source needs a data set; add --set=data.name=NAME.")
    names = [path.name for path in _files(config)]
    is_prepared = "dataset_info.json" in names
    if is_prepared and any("array_record" in name for name in names):
        return _check_features(config)
    where = printable(data_dir(config))
    if is_prepared:
        kind = next((k for k in FORMATS if any(k in name for name in names)), "another format")
        raise UserError(
            f"The TFDS data set {config.name} in {where} is prepared as {kind}, and gan_jax reads "
            "array_record; give another folder by --data_dir, in which it is prepared anew."
        )
    base = re.split("[/:]", config.name)[0]
    known = _module().list_builders(with_community_datasets=False)
    if base not in known:
        near = difflib.get_close_matches(base, known, n=1)
        meant = f"did you mean {near[0]!r}?" if near else "check --set=data.name."
        raise UserError(f"TFDS has no data set {base!r}, and {where} holds none; {meant}")
    raise Unavailable(f"The TFDS data set {config.name} is not in {where}; give --data_dir.")


def _check_features(config: "TFDS") -> None:
    """Raises `UserError` where the folder names other classes than TFDS's own, whose modules it
    would import."""
    named: list[str] = []

    def noted(pairs: list[tuple[str, Any]]) -> None:
        named.extend(
            str(value) for key, value in pairs if key.replace("_", "").lower() == "pythonclassname"
        )

    for path in _files(config):
        if path.name == "features.json":
            try:
                json.loads(path.read_text(), object_pairs_hook=noted)
            except (OSError, ValueError, RecursionError) as error:
                raise UserError(
                    f"{printable(path)} cannot be read: {_first_line(error)}"
                ) from error
    if others := [name for name in named if not name.startswith("tensorflow_datasets.")]:
        raise UserError(
            f"The TFDS data set {config.name} in {printable(data_dir(config))} names "
            f"{printable(others[0])}, which would be imported; only TFDS's own features are opened."
        )


def prepare(config: "TFDS") -> None:
    """Makes sure that the data set is on disk, downloading it when that is possible.

    Without a network the answer comes in seconds. Raises as `check` does.
    """
    try:
        return check(config)
    except Unavailable as error:
        missing = str(error).partition(";")[0]
    if importlib.util.find_spec("tensorflow") is None:
        raise Unavailable(
            f'{missing}, and preparing it needs TensorFlow: pip install -e ".[prepare]".'
        )
    try:
        builder = _module().builder(
            config.name, data_dir=data_dir(config), file_format="array_record"
        )
    except Exception as error:  # an unknown variant or version, with all that there are
        raise UserError(f"TFDS has no {config.name}: {_first_line(error)}") from error
    try:
        for url in list(builder.url_infos)[:1]:
            _reach(url)
        builder.download_and_prepare()
    except Exception as error:  # TFDS fails in as many ways as there are sites that host data
        raise Unavailable(
            f"{missing}, and it could not be prepared ({_first_line(error)})."
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]


def load(config: "TFDS") -> Dataset:
    """The images of the configured classes, with labels that number those classes."""
    try:
        info = _module().builder(config.name, data_dir=data_dir(config)).info
    except Exception as error:  # such as a version that another TFDS has
        raise UserError(f"TFDS cannot open {config.name}: {_first_line(error)}") from error
    features = dict(info.features.items())
    names = tuple(getattr(features.get("label"), "names", None) or ())
    if "image" not in features:
        raise UserError(f"The TFDS data set {config.name} has no feature 'image'.")
    if unknown := [name for name in config.classes if name not in names]:
        raise UserError(
            f"{config.name} has no class {unknown[0]!r}; data.classes can name {', '.join(names)}."
        )
    train = _read(config, config.train_split, names)
    there_is_one = re.split(r"[\[+]", config.test_split)[0] in info.splits  # it may be test[:50%]
    test = _read(config, config.test_split, names) if there_is_one else None
    kept = config.classes or names
    counts = f"{len(train.x)} training and {len(test.x) if test else 0} test images"
    classes = f" of the classes {', '.join(config.classes)}" if config.classes else ""
    report = (f"Read {counts}{classes} from the TFDS data set {config.name}.",)
    return dataset(train, test, kept, report)


def _read(config: "TFDS", split: str, names: tuple[str, ...]) -> Example:
    tfds = _module()
    try:
        source = tfds.data_source(
            config.name,
            split=split,
            data_dir=data_dir(config),
            download=False,
            decoders={"image": tfds.decode.SkipDecoding()},
        )
    except Exception as error:  # an unknown split, or one without any file
        raise UserError(
            f"The split {split!r} of {config.name} holds no image ({_first_line(error)}); check "
            "--set=data.train_split and --set=data.test_split."
        ) from error
    shape = (config.height, config.width, config.channels)
    wanted = {names.index(name): label for label, name in enumerate(config.classes)}
    less = f"such as data.train_split={config.train_split}[:10%]"
    images, labels = room((len(source), *shape), config.name, less), list[int]()
    for index in tqdm(range(len(source)), desc=f"reading {split}", disable=None, leave=False):
        example = source[index]
        label = int(example.get("label", 0))
        if wanted and label not in wanted:
            continue
        with opened(io.BytesIO(example["image"])) as picture:
            images[len(labels)] = fit(picture, *shape, crop=config.crop)
        labels.append(wanted.get(label, label))
    if not labels:
        of = f" of {', '.join(config.classes)}" if wanted else ""
        raise UserError(f"The split {split!r} of {config.name} holds no image{of}.")
    return Example(images[: len(labels)], np.array(labels, np.int32) if names else None)


def _reach(url: str) -> None:
    """Fails within seconds where TFDS itself would try for minutes."""
    answers: list[str] = []

    def ask() -> None:
        try:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=NETWORK_PATIENCE_SECONDS).close()
            answers.append("")
        except urllib.error.HTTPError:
            answers.append("")  # the host is there; whether it delivers is for the download to say
        except OSError as error:
            answers.append(str(error))

    # The time-out of a connection does not bound the look-up of the name before it.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(NETWORK_PATIENCE_SECONDS)
    if problem := (answers or ["no answer"])[0]:
        raise OSError(f"no network to {url}: {problem}")


def _module():
    # TFDS takes most of a second to import, and a cached data set needs none of it.
    import tensorflow_datasets

    return tensorflow_datasets
