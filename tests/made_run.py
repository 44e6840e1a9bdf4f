"""A run directory with made-up contents, as training leaves one, and its report taken apart."""

import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from gan_jax.data import kinds
from gan_jax.evaluation import records
from gan_jax.evaluation.protocol import Protocol
from gan_jax.evaluation.records import Record
from gan_jax.metrics.scores import Score
from gan_jax.run.writers import Writers

PROTOCOL = Protocol(
    features="patches-0a1b2c3d",
    dims=512,
    data="digits",
    fingerprint="0123456789abcdef",
    images="8x8x1",
    real="train, odd half",
    num_real=500,
    num_fake=400,
    latents="the run's own",
    classes="no classes",
    weights="averaged",
    metrics="[]",
)
VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """The tags of a page in order, and its text; every tag must be closed."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text, self._open = [], "", []
        self.feed(path.read_text())
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1:] not in (["script"], ["style"]):
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def page_data(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text()).group(1))


def decoded(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


def write_run(folder, config, steps=(0, 10, 20, 30)):
    """A run directory as training leaves it, with made-up rows and grids."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(config.seed)
    writers = Writers(folder, 0, kinds.Picture(8, 8, 1))
    for step in steps:
        images = rng.integers(0, 256, (4, 8, 8, 1), np.uint8)
        writers.grids(step, {"samples": images, "samples_raw": 255 - images})
        if step:
            losses = {"d/loss": 1 / step, "g/loss": 2.0, "eval/d/loss": 0.5}
            writers.scalars(step, {**losses, "images_per_second": 1000.0})
    writers.reals(rng.integers(0, 256, (4, 8, 8, 1), np.uint8))
    writers.close()


def write_scores(folder, kds, protocol=PROTOCOL, choices=None, floor=None, **facts):
    """Scores of a run: by step a `kd` with its error, and at the hundredth of the step `fd`,
    `precision` and `recall`; `choices` are the numbers that chose while it trained."""
    if floor is not None:
        records.append(folder, Record(protocol, "floor", 0, {"kd": Score(floor, 0.5)}, facts))
    for step, kd in kds.items():
        others = {name: Score(step / 100) for name in ("fd", "precision", "recall")}
        chosen = {"choice": choices[step]} if choices else {}
        scores = {"kd": Score(*kd), **others}
        records.append(folder, Record(protocol, records.SAMPLES, step, scores, {**facts, **chosen}))
