"""Sets of images that no run of ours made: a folder of pictures, an .npz, or a data set by name."""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gan_jax import data
from gan_jax.data import TFDS, Dataset, Folder, PictureSource, Source, folder
from gan_jax.data.pictures import opened
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.system import array_files
from gan_jax.system.names import expanded, printable

Shape = tuple[int, int, int]


class Images(NamedTuple):
    """A set of images, as a data set to train on would be."""

    name: str
    source: Source
    data: Dataset


def of_archive(path: Path) -> Images:
    """The array `images` of an .npz, or its only one: uint8 [n, h, w, c] or gray [n, h, w].

    Its `labels`, int [n], and `class_names` count where they are there. Raises `UserError` for
    anything else. Nothing in the file is unpickled.
    """
    try:
        with array_files.opened(path) as archive:
            name = "images" if "images" in archive.files else archive.files[0]
            if name != "images" and len(archive.files) > 1:
                raise UserError(
                    f"{printable(path)} has {', '.join(map(printable, archive.files))}; name the "
                    "array of the images `images`."
                )
            images = archive[name]
            labels = archive["labels"] if "labels" in archive.files else None
            names = archive["class_names"] if "class_names" in archive.files else ()
    except (OSError, ValueError) as error:
        raise UserError(
            f"{printable(path)} cannot be read as an .npz of numbers ({printable(str(error))}); "
            "np.savez(path, images=...) writes one."
        ) from error
    images = _checked(images, path)
    example = Example(images)
    if labels is not None and labels.shape == images.shape[:1] and labels.dtype.kind in "iu":
        example = Example(images, labels.astype(np.int32))
    known = tuple(map(str, names)) if example.label is not None else ()
    source = PictureSource(**_sizes(images.shape[1:]))
    return Images(path.name, source, data.dataset(example, None, known, ()))


def _sizes(shape: Shape) -> dict[str, Any]:
    """A shape as fields of a source of pictures."""
    return dict(zip(("height", "width", "channels"), shape, strict=True))


def _checked(images: np.ndarray, path: Path) -> np.ndarray:
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[3] not in (1, 3, 4) or not len(images):
        raise UserError(
            f"{printable(path)} has an array of shape {list(images.shape)}; images are [n, height, "
            "width, 1, 3 or 4]."
        )
    if images.dtype != np.uint8:
        low, high = (float(value) for value in (np.min(images), np.max(images)))
        raise UserError(
            f"The images in {printable(path)} are {images.dtype} from {low:.4g} to {high:.4g}; "
            "store them as uint8 from 0 to 255."
        )
    return images


def of_folder(path: Path, shape: Shape | None = None) -> Images:
    """The pictures in a folder and below it; brought to a shape, or as they are where none is
    given. Raises `UserError` where there are none, and for several sizes without a shape."""
    source = Folder(path=str(path), **_sizes(shape or _own_shape(path)))
    return Images(printable(path.name), source, data.load(source.absolute()))


def _own_shape(path: Path) -> Shape:
    """The shape that all pictures in a folder have."""
    shapes: dict[Shape, Path] = {}
    for file in folder.files(Folder(path=str(path))):
        with (
            contextlib.suppress(Exception),
            opened(file) as picture,
        ):  # reading it names what is none
            gray = picture.mode in ("1", "L", "I", "F") or picture.mode.startswith("I;16")
            shapes.setdefault((picture.height, picture.width, 1 if gray else 3), file)
    sizes = {shape[:2]: file for shape, file in shapes.items()}
    if len(sizes) > 1:
        few = [f"{w}x{h} ({printable(file.name)})" for (h, w), file in list(sizes.items())[:3]]
        raise UserError(
            f"The pictures in {printable(path)} have {len(sizes)} sizes, such as "
            f"{' and '.join(few)}; samples to be scored are of one size."
        )
    if not sizes:
        raise UserError(f"There are no pictures in {printable(path)}.")
    (height, width), channels = next(iter(sizes)), max(shape[2] for shape in shapes)
    return height, width, channels


def of_dataset(name: str, shape: Shape, data_dir: str = "") -> Images:
    """A data set of TFDS, such as `cifar10` or some of its classes, `cifar10/automobile,truck`,
    brought to a shape."""
    known, _, classes = name.partition("/")
    chosen = tuple(filter(None, classes.split(",")))
    source = TFDS(name=known, classes=chosen, data_dir=data_dir, **_sizes(shape)).absolute()
    return Images(name, source, data.load(source))


def fakes(place: str) -> Images:
    """Images to be scored, from a folder or an .npz. Raises `UserError` for anything else."""
    path = expanded(place)
    if path.is_dir():
        return of_folder(path)
    if path.suffix == ".npz" and path.exists():
        return of_archive(path)
    raise UserError(f"There is no folder and no .npz {printable(place)}; check --fake.")


def reals(place: str, shape: Shape, data_dir: str = "") -> Images:
    """Images to compare with, of a shape, from a folder, an .npz or a data set by name.

    Raises `UserError` where there are none, and for arrays of another shape.
    """
    path = expanded(place)
    if path.is_dir():
        return of_folder(path, shape)
    if path.suffix == ".npz":
        found = of_archive(path)
        if found.data.train.x.shape[1:] != shape:
            sizes = ["x".join(map(str, s)) for s in (found.data.train.x.shape[1:], shape)]
            raise UserError(
                f"The images in {printable(path)} are {sizes[0]}, and those to be scored "
                f"{sizes[1]}; bring them to the same size in the same way."
            )
        return found
    return of_dataset(place, shape, data_dir)
