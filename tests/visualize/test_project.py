"""What project says of pictures, their nearest training pictures and classes never learnt."""

import dataclasses
import json

import numpy as np
import pytest
import test_visualize
from PIL import Image
from test_visualize import by_hand, draw

from gan_jax import data
from gan_jax.data import Points, dataset
from gan_jax.data.conditions import Gray
from gan_jax.data.source import StoredPictures
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.metrics import pairs
from gan_jax.networks import Normal
from gan_jax.visualize import NotForThisRun, Options, inverse, subject, targets
from gan_jax.visualize.project import Answer, answer, auroc

shown = test_visualize.shown


@pytest.fixture
def starts(monkeypatch):
    """The goals that were searched for; what is found is their start, the third being the best."""
    goals = []

    def search(run, goal, said):
        goals.append(goal)
        loss = np.ones(len(goal.target), np.float32)
        loss[2::4] = 0
        return inverse.Found(np.asarray(goal.start.latents), loss)

    monkeypatch.setattr("gan_jax.visualize.inverse.search", search)
    return goals


def test_the_figures_are_those_of_the_pictures(tmp_path, starts, shown):
    run = by_hand(tmp_path)
    written = draw("project", run, tmp_path, num_samples=6, seed=4)
    assert [path.name for path in written] == ["project.png", "project.json"]
    report, known = json.loads(written[1].read_text()), subject.dataset(run, "")
    train = known.train.x.reshape(len(known.train.x), -1).astype(float)
    made = test_visualize.subject.images(run, shown[0])
    for at, row in enumerate(report["images"]):
        picture = known.test.x[int(row["name"].removeprefix("test "))]
        apart = ((train - picture.ravel()) ** 2).mean(axis=1)
        assert row["nearest"] == apart.argmin()
        np.testing.assert_allclose(row["nearest_psnr"], 10 * np.log10(255**2 / apart.min()))
        np.testing.assert_allclose(row["psnr"], pairs.psnr(made[at : at + 1], picture[None])[0])
        error = ((made[at].astype(float) - picture) ** 2).mean()
        np.testing.assert_allclose(row["anomaly"], error)
    means = report["means"]
    psnr, nearest = (
        np.array([row[name] for row in report["images"]]) for name in ("psnr", "nearest_psnr")
    )
    np.testing.assert_allclose(
        [means["psnr"], means["nearest_psnr"]], [psnr.mean(), nearest.mean()]
    )
    assert means["made_is_nearer"] == (psnr > nearest).mean()
    assert len({row["name"] for row in report["images"]}) == len(report["images"]) == 6


def test_each_picture_has_starts_of_its_own_and_the_best_is_taken(tmp_path, starts, shown):
    run = by_hand(tmp_path, latents=Normal(3))
    draw("project", run, tmp_path, num_samples=2)
    (goal,) = starts
    z = np.asarray(goal.start.latents)
    assert z.shape == (8, 3)
    assert len(np.unique(z[:, 0])) == 8
    np.testing.assert_array_equal(shown[0].latents, z[[2, 6]])
    for first in (0, 4):
        assert (goal.target[first : first + 4] == goal.target[first]).all()
    assert (goal.mask == 1).all()
    assert (goal.anchor == 0).all()
    np.testing.assert_allclose(goal.pull, 0.001 * 3 / 64)  # of the mean squares; of sums 0.001
    again = starts.copy()
    draw("project", run, tmp_path, num_samples=2)
    np.testing.assert_array_equal(starts[1].start.latents, again[0].start.latents)


def test_a_known_class_is_the_condition_and_of_others_each_is_tried(tmp_path, starts, shown):
    run = by_hand(tmp_path, classes=10)
    draw("project", run, tmp_path, num_samples=3, classes=("7", "2"))
    labels = np.asarray(starts[0].start.condition).reshape(3, 4)
    assert (labels == labels[:, :1]).all()
    assert set(labels[:, 0]) <= {2, 7}
    folder = tmp_path / "mine"
    folder.mkdir()
    Image.new("RGB", (20, 20), "white").save(folder / "a.png")
    (folder / "b.png").write_text("no picture")
    draw("project", run, tmp_path, inputs=str(folder))
    assert np.asarray(starts[1].start.condition).tolist() == list(range(10))
    draw("project", run, tmp_path, inputs=str(folder), classes=("7", "2"))
    assert np.asarray(starts[2].start.condition).tolist() == [7, 2, 7, 2]
    many = dataclasses.replace(run.config.data, num_classes=17)
    with pytest.raises(UserError, match=r"G has 17 classes, .* name up to 16 by --classes"):
        of_many = run._replace(config=dataclasses.replace(run.config, data=many))
        answer(of_many, subject.dataset(run, ""), Example(np.zeros((1, 8, 8, 1))), Options())


def test_pictures_of_a_folder_keep_their_names(tmp_path, starts, capsys):
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    Image.new("RGB", (16, 8), (10, 10, 10)).save(tmp_path / "mine" / "deep" / "a.png")
    Image.new("L", (8, 8), 200).save(tmp_path / "mine" / "b.jpg", quality=100)
    (tmp_path / "mine" / "c.png").write_text("no picture")
    found = targets.own(by_hand(tmp_path), str(tmp_path / "mine"))
    assert found.names == ["b.jpg", "deep/a.png"]
    assert found.examples.x.shape == (2, 8, 8, 1)
    assert (found.examples.x[1] == 10).all()
    assert found.examples.label is None
    assert "c.png is left out: " in capsys.readouterr().err
    with pytest.raises(UserError, match="There is no folder none; check --inputs"):
        targets.own(by_hand(tmp_path), "none")
    (tmp_path / "mine" / "b.jpg").unlink()
    (tmp_path / "mine" / "deep" / "a.png").unlink()
    with pytest.raises(UserError, match=r"None of the files in .*mine could be read as a picture"):
        targets.own(by_hand(tmp_path), str(tmp_path / "mine"))


@dataclasses.dataclass(frozen=True)
class Squares(StoredPictures, name="squares_for_project"):
    """Gray levels of classes: dim ones, bright ones, and black ones."""

    def load(self):
        names = ("dim", "bright", "black")
        keep = [names.index(name) for name in self.classes or names]
        rng = np.random.default_rng(0)
        label = np.tile(np.arange(3), 20)
        levels = np.array([60, 180, 0])[label] + rng.integers(0, 20, 60)
        x = np.broadcast_to(levels[:, None, None, None], (60, 8, 8, 1)).astype(np.uint8)
        kept = np.isin(label, keep)
        named = np.array([keep.index(one) for one in label[kept]], np.int32)
        both = Example(x[kept], named)
        return dataset(both, Example(x[kept] + 1, named), tuple(self.classes or names), ())

    def stamp(self):
        return [0]

    def check(self):
        pass


def test_classes_that_were_left_out_are_told_apart_by_their_errors(tmp_path, starts, monkeypatch):
    run, section = (
        by_hand(tmp_path),
        Squares(height=8, width=8, channels=1, classes=("dim", "bright")),
    )
    run = run._replace(config=dataclasses.replace(run.config, data=section))
    others = targets.left_out(run, 5, 0)
    assert others.x.shape == (5, 8, 8, 1)
    assert (others.x <= 20).all()
    (figures,) = (path for path in draw("project", run, tmp_path) if path.suffix == ".json")
    areas = json.loads(figures.read_text())["auroc"]
    assert areas["nearest"] == 1  # black is far from all that was learnt
    found = [
        Answer(*2 * [np.zeros(count)], np.array(a), np.array(b))
        for count, a, b in ((3, [9.0, 8, 7], [5.0, 5, 5]), (2, [8.5, 1], [5.0, 5]))
    ]
    assert auroc(*found) == pytest.approx({"made": 4 / 6, "nearest": 0.5})
    whole = run._replace(
        config=dataclasses.replace(run.config, data=Squares(height=8, width=8, channels=1))
    )
    assert targets.left_out(whole, 5, 0) is None


def test_runs_that_cannot_be_inverted_say_why(tmp_path):
    run = by_hand(tmp_path)
    flat = run._replace(config=dataclasses.replace(run.config, data=Points(name="ring")))
    pictured = run._replace(config=dataclasses.replace(run.config, condition=Gray()))
    for name in ("project", "edit"):
        with pytest.raises(NotForThisRun, match=f"{name} is of pictures, .* points of the plane"):
            draw(name, flat, tmp_path)
        with pytest.raises(NotForThisRun, match=f"{name} looks for lat.* pictures from pictures"):
            draw(name, pictured, tmp_path)
    for name in ("sweep", "interpolate", "arithmetic"):
        with pytest.raises(NotForThisRun, match=f"{name} moves latents, .* G takes none; choose t"):
            draw(name, by_hand(tmp_path, latents=Normal(0)), tmp_path)
    known = data.load(run.config.data)
    with pytest.raises(NotForThisRun, match=r"hold none out; add --inputs=FOLDER"):
        targets.held_out(run, known._replace(test=known.train), Options())
