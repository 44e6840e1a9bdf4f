"""Any image data set of TensorFlow Datasets, read as array_record without TensorFlow."""

import importlib.util
import io
import math
import os
import re
import shutil
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from gan_jax import user_cache
from gan_jax.config import Data
from gan_jax.data.dataset import Dataset, Split, Unavailable, dataset
from gan_jax.data.pictures import fit
from gan_jax.errors import UserError

NETWORK_PATIENCE_SECONDS = 4
MEMORY_BYTES = 1 << 30
"""The most images that are decoded in memory; more are decoded to the disk, and streamed."""


def data_dir(config: Data) -> Path:
    """Where prepared data sets are: the configured folder, $TFDS_DATA_DIR, or TFDS's default."""
    chosen = config.data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(chosen).expanduser()


def _files(config: Data) -> list[Path]:
    name, _, version = config.name.partition(":")
    folder = data_dir(config) / name / version
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if "incomplete" not in str(path.relative_to(folder))]


def stamp(config: Data) -> list:
    """Changes whenever the prepared files do."""
    root = data_dir(config)
    stats = ((path, path.stat()) for path in _files(config))
    return [[str(path.relative_to(root)), s.st_size, s.st_mtime_ns] for path, s in stats]


def prepare(config: Data) -> None:
    """Makes sure that the data set is on disk, downloading it when that is possible.

    Without a network the answer comes in seconds. Raises `Unavailable` with the reason.
    """
    if not config.name:
        raise UserError("The tfds source needs a data set; add --set=data.name=NAME.")
    names = [path.name for path in _files(config)]
    if "dataset_info.json" in names and any("array_record" in name for name in names):
        return
    missing = f"The TFDS data set {config.name} is not in {data_dir(config)}"
    if importlib.util.find_spec("tensorflow") is None:
        raise Unavailable(
            f'{missing}, and preparing it needs TensorFlow: pip install -e ".[prepare]".'
        )
    try:
        builder = _module().builder(
            config.name, data_dir=data_dir(config), file_format="array_record"
        )
        for url in list(builder.url_infos)[:1]:
            _reach(url)
        builder.download_and_prepare()
    except Exception as error:  # TFDS fails in as many ways as there are sites that host data
        raise Unavailable(f"{missing}, and it could not be prepared ({error}).") from error


def load(config: Data) -> Dataset:
    """The images of the configured classes, with labels that number those classes."""
    info = _module().builder(config.name, data_dir=data_dir(config)).info
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
    counts = f"{len(train.images)} training and {len(test.images) if test else 0} test images"
    classes = f" of the classes {', '.join(config.classes)}" if config.classes else ""
    report = (f"Read {counts}{classes} from the TFDS data set {config.name}.",)
    return dataset(train, test, kept, report)


def _read(config: Data, split: str, names: tuple[str, ...]) -> Split:
    tfds = _module()
    try:
        source = tfds.data_source(
            config.name,
            split=split,
            data_dir=data_dir(config),
            download=False,
            decoders={"image": tfds.decode.SkipDecoding()},
        )
    except ValueError as error:
        raise UserError(f"The split {split!r} of {config.name} cannot be read: {error}") from error
    shape = (config.height, config.width, config.channels)
    wanted = {names.index(name): label for label, name in enumerate(config.classes)}
    images, labels = _room(config, (len(source), *shape)), list[int]()
    for index in tqdm(range(len(source)), desc=f"reading {split}", disable=None, leave=False):
        example = source[index]
        label = int(example.get("label", 0))
        if wanted and label not in wanted:
            continue
        with Image.open(io.BytesIO(example["image"])) as picture:
            images[len(labels)] = fit(picture, *shape, crop=config.crop)
        labels.append(wanted.get(label, label))
    if not labels:
        raise UserError(f"The split {split!r} of {config.name} holds no image of {config.classes}.")
    return Split(images[: len(labels)], np.array(labels, np.int32))


def _room(config: Data, shape: tuple[int, ...]) -> np.ndarray:
    """Room for uint8 images, in memory, or where they are many in a file that has no name."""
    size = math.prod(shape)
    if size <= MEMORY_BYTES:
        return np.empty(shape, np.uint8)
    folder = user_cache.folder("data")
    needed, free = 2 * size / 1e9, shutil.disk_usage(folder).free / 1e9  # the cache keeps a copy
    if needed > free:
        raise UserError(
            f"To decode {config.name} takes {needed:.0f} GB in {folder}, which has {free:.0f} GB; "
            "set GAN_JAX_CACHE_DIR to a folder with more, or take a part of the data, such as "
            "data.train_split=train[:10%]."
        )
    return np.memmap(tempfile.TemporaryFile(dir=folder), np.uint8, shape=shape)


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
