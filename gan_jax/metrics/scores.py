"""The metrics that samples are scored by: parts with their settings, chosen by name."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from gan_jax.config import Count, Part
from gan_jax.metrics import classes, frechet, kernel, neighbours, prd, similarity, sliced, support
from gan_jax.metrics.features import Extractor


class Score(NamedTuple):
    """A value, and the standard error of this one evaluation where the metric has one."""

    value: float
    error: float | None = None


Scores = dict[str, Score]
"""By the names of metrics, such as `fd`."""


MOST_COMPARED = 10_000
"""Images of a set that are compared pair by pair, evenly spread."""


class Compared(NamedTuple):
    """What metrics see."""

    extractor: Extractor
    real: np.ndarray  # features [n, d]
    fake: np.ndarray  # features [m, d]
    held_out: np.ndarray | None = None  # features of real images that were not trained on
    real_labels: np.ndarray | None = None  # int [k], of real images, numbers of the head's classes
    requested: np.ndarray | None = None  # int [m], those that the samples were to show
    images: np.ndarray | None = None  # some of the samples, uint8 [k, h, w, c]

    @property
    def few(self) -> tuple[np.ndarray, np.ndarray]:
        """The features [n, d] of at most `MOST_COMPARED` real images, and of as many samples."""
        return evenly(self.real, MOST_COMPARED), evenly(self.fake, MOST_COMPARED)


def evenly(examples: np.ndarray, most: int) -> np.ndarray:
    """At most `most` of some examples [n, ...], evenly spread."""
    count = len(examples)
    return examples if count <= most else examples[np.linspace(0, count - 1, most).astype(int)]


class Metric(Part):
    """One or a few numbers on samples and real images."""

    def applies(self, compared: Compared) -> bool:
        """Whether it makes sense there."""
        return True

    def scores(self, compared: Compared) -> Scores:
        """Its scores. Raises `UserError` for too few samples."""
        raise NotImplementedError


@dataclass(frozen=True)
class Frechet(Metric, name="frechet"):
    """`fd` and, extrapolated to infinitely many samples from `sizes` numbers of them,
    `fd_infinity`, with an error over `permutations`. Lower is better."""

    sizes: Count = 5
    permutations: Count = 4

    def scores(self, compared: Compared) -> Scores:
        real, fake = compared.real, compared.fake
        found = {"fd": Score(frechet.of_features(real, fake))}
        count, dims = fake.shape
        if count > 2 * dims:
            sizes = frechet.sizes_of(count, dims, self.sizes)
            limit = frechet.infinity(real, fake, 0, sizes, self.permutations)
            found["fd_infinity"] = Score(limit.value, limit.error)
        return found


@dataclass(frozen=True)
class Kernel(Metric, name="kernel"):
    """`kd`, 1,000 times the unbiased cubic kernel distance; lower is better, about 0 for equal
    laws. Features are divided by the root mean square of the real ones where the space says so."""

    blocks: Count = 10

    def scores(self, compared: Compared) -> Scores:
        real, fake = compared.few
        if compared.extractor.is_scaled:
            real, fake = kernel.scaled(real, fake)
        found = kernel.with_error(real, fake, self.blocks)
        return {"kd": Score(1e3 * found.value, 1e3 * found.error)}


@dataclass(frozen=True)
class Neighbours(Metric, name="neighbours"):
    """`precision` and `recall` in balls up to the `k_closed`-th neighbour, `density` and `coverage`
    up to the `k_open`-th; higher is better. Precision says little without the others, and none
    compares between spaces."""

    k_closed: Count = 3
    k_open: Count = 5

    def scores(self, compared: Compared) -> Scores:
        found = support.overlap(*compared.few, self.k_closed, self.k_open)
        return {name: Score(value) for name, value in found._asdict().items()}


@dataclass(frozen=True)
class TwoSample(Metric, name="two_sample"):
    """`one_nn`, the leave-one-out accuracy of the nearest neighbour: 0.5 for equal laws, 1 for
    samples that are told from real images, near 0 for copies."""

    def scores(self, compared: Compared) -> Scores:
        count = min(MOST_COMPARED, len(compared.real), len(compared.fake))
        found = neighbours.two_sample(evenly(compared.real, count), evenly(compared.fake, count))
        return {"one_nn": Score(found.total)}


@dataclass(frozen=True)
class Copying(Metric, name="copying"):
    """`authenticity`, the share of samples that are farther from their nearest training image than
    it is from its own nearest: 0 for copies, and for new images what it is for test images, which
    in many dimensions is above 0.5. With images that were held out also `copying`: far below 0
    where samples are nearer to the training images than those are, as copies and blurred images."""

    def scores(self, compared: Compared) -> Scores:
        real, fake = compared.few
        found = {"authenticity": Score(neighbours.authenticity(real, fake))}
        if compared.held_out is not None:
            z = neighbours.copying(real, evenly(compared.held_out, MOST_COMPARED), fake)
            found["copying"] = Score(z)
        return found


@dataclass(frozen=True)
class Classes(Metric, name="classes"):
    """What the classifier of the space sees: `class_score` (as the inception score; higher is
    better), `agreement`, how often it sees the class that was asked for, and where the data have
    all of its classes `modes` and `kl`, those that are hit and the divergence of their shares from
    the data's, in nats."""

    def applies(self, compared: Compared) -> bool:
        return compared.extractor.head is not None

    def scores(self, compared: Compared) -> Scores:
        head = compared.extractor.head
        assert head is not None
        logits = head.logits(compared.fake)
        seen, value = logits.argmax(axis=1), classes.score(logits)
        found = {"class_score": Score(value.mean)}
        if compared.real_labels is not None:
            data = np.bincount(compared.real_labels, minlength=logits.shape[1])
            if data.all():
                modes = classes.modes(seen, data)
                found |= {"modes": Score(float(modes.hit)), "kl": Score(modes.corrected)}
        if compared.requested is not None:
            found["agreement"] = Score(float((seen == compared.requested).mean()))
        return found


@dataclass(frozen=True)
class Curve(Metric, name="prd"):
    """`f8` and `f1/8` of the precision-recall curve of distributions: recall and precision."""

    clusters: Count = 20
    runs: Count = 3

    def scores(self, compared: Compared) -> Scores:
        found = prd.of_features(*compared.few, self.clusters, self.runs)
        return {"prd_recall": Score(found.f8), "prd_precision": Score(found.f1_8)}


@dataclass(frozen=True)
class Sliced(Metric, name="sliced"):
    """`mind`: 3 d times the squared sliced Wasserstein distance. Lower is better."""

    directions: Count = 500

    def scores(self, compared: Compared) -> Scores:
        along = sliced.directions(self.directions, compared.real.shape[1], seed=0)
        return {"mind": Score(sliced.mind(*compared.few, along))}


@dataclass(frozen=True)
class Diversity(Metric, name="diversity"):
    """`ms_ssim`, the mean similarity of pairs of samples, lower for more varied ones, comparable
    within one class or one kind of image alone; `vendi`, as how many distinct images they count."""

    pairs: Count = 500
    fewest: ClassVar[int] = 16
    """Pixels of a side that say something."""

    def scores(self, compared: Compared) -> Scores:
        found = {"vendi": Score(similarity.vendi(compared.fake))}
        images = compared.images
        if images is not None and images.ndim == 4 and min(images.shape[1:3]) >= self.fewest:
            found["ms_ssim"] = Score(similarity.diversity(images, self.pairs, seed=0))
        return found


def measure(names: tuple[str, ...], compared: Compared) -> Scores:
    """The scores of the metrics with these names that apply, in this order."""
    found: Scores = {}
    for name in names:
        metric = Metric.chosen(name, "evaluate.metrics")()
        if metric.applies(compared):
            found |= metric.scores(compared)
    return found
