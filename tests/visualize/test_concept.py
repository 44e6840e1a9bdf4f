"""What a concept is, and with which label it is decoded."""

import numpy as np
import pytest
import test_visualize
from PIL import Image
from test_visualize import by_hand, corners, draw

from gan_jax.networks.latents import Normal
from gan_jax.visualize import NotForThisRun, subject

shown = test_visualize.shown


def test_a_concept_is_the_difference_of_mean_codes(tmp_path, shown):
    run = by_hand(tmp_path, latents=Normal(2), encode=corners)
    draw("arithmetic", run, tmp_path, concept="7,1")
    test = subject.dataset(run, "").test
    codes = test.x[:, 2:4, 4, 0] / 127.5 - 1
    sevens, ones = codes[test.label == 7], codes[test.label == 1]
    direction = sevens.mean(0) - ones.mean(0)
    z = shown[-1][0]
    for place, share in enumerate([-0.5, 0, 0.5, 1]):
        np.testing.assert_allclose(z[:, place], ones[:8] + share * direction, atol=1e-5)


def test_a_concept_is_decoded_with_the_label_of_what_it_is_added_to(tmp_path, shown):
    run = by_hand(tmp_path, classes=10, latents=Normal(2), encode=corners)
    draw("arithmetic", run, tmp_path, concept="7,3")
    assert (shown[-1][1] == 3).all()
    for name in ("light", "dark"):
        (tmp_path / name).mkdir()
    with pytest.raises(NotForThisRun, match="G is class-conditional; choose"):
        draw("arithmetic", run, tmp_path, concept=f"{tmp_path / 'light'},{tmp_path / 'dark'}")


def test_a_concept_may_be_two_folders(tmp_path, shown):
    for name, value in (("light", 255), ("dark", 0)):
        (tmp_path / name).mkdir()
        Image.new("L", (9, 9), value).save(tmp_path / name / "a.png")
    run = by_hand(tmp_path, latents=Normal(2), encode=corners)
    folders = f"{tmp_path / 'light'},{tmp_path / 'dark'}"
    draw("arithmetic", run, tmp_path, concept=folders)
    np.testing.assert_allclose(shown[-1][0][0, :, 0], [-2, -1, 0, 1], atol=1e-6)
