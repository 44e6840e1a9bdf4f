"""Latents that are sought for pictures and for strokes, where the answer is known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from PIL import Image
from test_visualize import by_hand, draw

from gan_jax import methods
from gan_jax.errors import UserError
from gan_jax.method import Inputs
from gan_jax.metrics import pairs
from gan_jax.networks import Normal, Uniform
from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.visualize import NotForThisRun, Options, inverse, subject
from gan_jax.visualize.edit import edited, strokes
from gan_jax.visualize.inverse import Found, Goal
from gan_jax.visualize.project import answer

CODED = Uniform(2, categories=(3,), continuous=1)


def with_sample(run: Run, made) -> Run:
    """The run with an image of 8x8 pixels, each `made` of latents [n, d]: [n] or [n, 8, 8, 1]."""

    def sample(state, inputs, averaged):
        pixels = made(inputs.latents)
        whole = pixels.reshape(len(pixels), *pixels.shape[1:] or (1, 1, 1))
        return {"image": jnp.broadcast_to(whole, (len(pixels), 8, 8, 1))}

    return run._replace(method=run.method._replace(sample=sample))


def goal(z, target, mask=1.0, anchor=0.0, pull=0.0) -> Goal:
    z = np.asarray(z, np.float32)
    shape = (len(z), 8, 8, 1)
    return Goal(
        Inputs(z),
        np.broadcast_to(np.asarray(target, np.uint8), shape),
        np.broadcast_to(np.asarray(mask, np.float32), shape),
        np.full_like(z, anchor),
        np.full(len(z), pull, np.float32),
    )


@pytest.mark.parametrize("pull", [0.0, 1.0, 10.0])
def test_the_error_and_the_way_from_the_anchor_are_weighed_as_they_say(tmp_path, pull):
    """The least of (x - t)^2 + pull ((x - a)^2 + (y - a)^2) / 2 over latents x and y."""
    run = with_sample(by_hand(tmp_path, latents=Normal(2)), lambda z: z[:, 0])
    half = np.zeros((8, 8, 1))
    half[2:5, 1:6] = 0.25  # of any opacity, since it is divided by the mask's sum
    target = np.where(half, 204, 7)  # 0.6, and what does not count
    found = inverse.search(run, goal([[-1.0, -0.5], [2.0, -0.5]], target, half, -0.5, pull), "")
    expected = (0.6 - 0.25 * pull) / (1 + pull / 2)
    np.testing.assert_allclose(found.latents, [[expected, -0.5]] * 2, atol=2e-3)
    least = (expected - 0.6) ** 2 + pull * (expected + 0.5) ** 2 / 2
    np.testing.assert_allclose(found.loss, least, atol=1e-4)


def test_latents_stay_where_their_prior_has_them(tmp_path):
    """Toward white, which is out of reach: noise and codes to their ends, the class not at all."""
    run = with_sample(by_hand(tmp_path, latents=CODED), lambda z: z[:, :2].sum(1) + z[:, 5] - 9)
    start = np.array([[0.1, -0.2, 0, 1, 0, 0.3], [-0.9, 0.9, 1, 0, 0, -0.8]])
    found = inverse.search(run, goal(start, 255), "").latents
    assert (np.abs(found[:, [0, 1, 5]]) <= 1).all()
    assert (found[:, [0, 1, 5]] > 0.95).all()
    np.testing.assert_array_equal(found[:, 2:5], start[:, 2:5])


def test_the_best_on_the_way_is_kept(tmp_path):
    """A wave whose highest peak is narrower than Adam's first step, which leads to a lower one."""
    run = by_hand(tmp_path, latents=Normal(1))
    run = with_sample(run, lambda z: jnp.sin(40 * z[:, 0]) / (1 + 50 * z[:, 0] ** 2))
    found = inverse.search(run, goal([[0.038]], 255), "")
    np.testing.assert_allclose(found.latents, 0.038, atol=1e-3)


def test_of_the_starts_of_each_picture_the_best_is_taken():
    found = Found(None, np.array([3.0, 1.0, 2.0, 5.0, 6.0, 4.0]))
    assert inverse.best(found, 3).tolist() == [1, 5]
    assert inverse.best(found, 2).tolist() == [1, 2, 5]


@pytest.fixture(scope="module")
def untrained(tmp_path_factory) -> Run:
    """A convolutional G as it begins, whose latents are uniform."""
    config = dataclasses.replace(tiny_config(), latents=Uniform(6))
    method = methods.make(config)
    state = jax.jit(method.init)(jax.random.key(3))
    louder = jax.tree.map(lambda leaf: 5 * leaf, state.ema)  # so that it has contrast
    return Run(tmp_path_factory.mktemp("run"), config, method, 0, state._replace(ema=louder))


def test_what_g_made_itself_comes_back(untrained):
    made = subject.images(untrained, subject.numbered(untrained, Options(seed=5), range(6)))
    assert made.std(axis=0).mean() > 10  # they differ
    known = subject.dataset(untrained, "")
    examples = known.test._replace(x=made, label=np.zeros(6, np.int32))
    found = answer(untrained, known, examples, Options())
    assert (found.psnr > 38).all()
    assert (found.nearest_psnr < 25).all()
    np.testing.assert_allclose(found.psnr, pairs.psnr(found.made, made))


def test_strokes_of_the_samples_own_colours_leave_it_as_it_is(untrained):
    first = subject.numbered(untrained, Options(), [0])
    before = subject.images(untrained, first)[0]
    mask = np.zeros((8, 8, 1), np.float32)
    mask[3:6, 2:7] = 1
    after = edited(untrained, first, before, mask, 0)
    assert np.abs(after.astype(int) - before).max() <= 1


@pytest.mark.parametrize(("operands", "number"), [("", 0), ("1", 1)])
def test_strokes_are_met_as_far_as_the_way_from_the_sample_is_worth(
    tmp_path, monkeypatch, operands, number
):
    """The least of (4 z - 1)^2 + 5 (z - z0)^2 is at (4 + 5 z0) / 21."""
    sheets = []
    monkeypatch.setattr(
        "gan_jax.visualize.panels.sheet", lambda *all_of_it: sheets.append(all_of_it)
    )
    monkeypatch.setattr(pictures, "write_png", lambda path, sheet: None)
    run = with_sample(by_hand(tmp_path, latents=Normal(1)), lambda z: 4 * z[:, 0])
    (z,) = np.asarray(subject.numbered(run, Options(seed=2), [number]).latents[0])
    file = png(tmp_path / "a.png", colour=(255, 255, 255, 255))
    written = draw("edit", run, tmp_path, strokes=file, seed=2, operands=operands)
    assert [path.name for path in written] == ["edit.png"]
    (([panel], _, note),) = sheets
    assert f"Sample {number} of seed 2." in note
    before, _, after = panel.images[0]
    np.testing.assert_allclose(before, np.clip((4 * z + 1) * 127.5, 0, 255), atol=1)
    level = (4 * (4 + 5 * z) / 21 + 1) * 127.5
    assert 20 < level < 235  # and not at an end, where any answer would do
    np.testing.assert_allclose(after, level, atol=1)


def png(path, mode="RGBA", size=(8, 8), colour=(200, 100, 0, 255), drawn=True):
    picture = Image.new(mode, size, 0 if mode == "RGBA" else "white")
    if drawn:
        picture.putpixel((2, 5), colour[: len(mode)])
    picture.save(path)
    return str(path)


def test_strokes_are_the_opaque_pixels_in_the_colours_of_the_run(tmp_path):
    colours, mask = strokes(png(tmp_path / "a.png", colour=(200, 100, 0, 51)), (8, 8, 3))
    assert colours[5, 2].tolist() == [200, 100, 0]
    np.testing.assert_allclose(mask[5, 2], 0.2)
    assert mask.sum() == mask[5, 2]
    gray, _ = strokes(png(tmp_path / "a.png"), (8, 8, 1))
    assert gray[5, 2].tolist() == [118]  # 0.299 * 200 + 0.587 * 100
    assert strokes(png(tmp_path / "a.png"), (8, 8, 4))[0][5, 2].tolist() == [200, 100, 0, 255]


def test_files_without_strokes_are_refused_in_a_sentence(tmp_path):
    shape = (8, 8, 3)
    with pytest.raises(UserError, match=r"a.png has 9x8 pixels, and this run's pictures 8x8"):
        strokes(png(tmp_path / "a.png", size=(9, 8)), shape)
    with pytest.raises(UserError, match=r"a.png has no transparency, so that all of it would be"):
        strokes(png(tmp_path / "a.png", mode="RGB"), shape)
    with pytest.raises(UserError, match=r"a.png is transparent everywhere; draw a stroke"):
        strokes(png(tmp_path / "a.png", drawn=False), shape)
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(UserError, match=r"b.png cannot be read as a picture .* check --strokes"):
        strokes(str(tmp_path / "b.png"), shape)
    with pytest.raises(UserError, match=r"c.png cannot be read as a picture \(.*No such file"):
        strokes(str(tmp_path / "c.png"), shape)
    with pytest.raises(NotForThisRun, match="edit needs strokes; add --strokes=FILE"):
        draw("edit", by_hand(tmp_path), tmp_path)
    with pytest.raises(NotForThisRun, match=r"one sample by its number, .*--operands=5, not 1-2"):
        draw("edit", by_hand(tmp_path), tmp_path, strokes=str(tmp_path / "a.png"), operands="1-2")
