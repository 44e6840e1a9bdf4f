"""The Inception network of FID, with weights by formula, as the networks of PyTorch compute it."""

from functools import cache, partial
from unittest.mock import patch

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from gan_jax.metrics.features import inception

NORM = ("weight", "bias", "running_mean", "running_var")


@cache
def shapes() -> dict[str, tuple[int, ...]]:
    """Of the state dict, by name: 94 convolutions with BatchNorms, and the last layer."""
    blank = jax.ShapeDtypeStruct((1, 299, 299, 3), jnp.float32)
    layers = jax.eval_shape(inception.Inception().init, jax.random.key(0), blank)["params"]
    found = {"fc.weight": (1008, 2048), "fc.bias": (1008,)}
    for path, leaf in flatten_dict(layers).items():
        layer = ".".join(path[:-1])
        if path[-1] == "kernel" and layer != "fc":
            *taps, inputs, outputs = leaf.shape
            found[f"{layer}.conv.weight"] = (outputs, inputs, *taps)
            found |= {f"{layer}.bn.{part}": (outputs,) for part in NORM}
            found[f"{layer}.bn.num_batches_tracked"] = ()
    return found


def uniform(first: int, count: int) -> np.ndarray:
    """Numbers in [0, 1) by a hash of their index, the same on any machine."""
    x = np.arange(first, first + count, dtype=np.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    return ((x ^ (x >> np.uint32(16))) / 2**32).astype(np.float32)


def formula_state() -> dict[str, np.ndarray]:
    """Weights that keep the activations of order one through the depth."""
    state, first = {}, 0
    for name, shape in sorted(shapes().items()):
        values = uniform(first, int(np.prod(shape))).reshape(shape)
        first += values.size
        if name.endswith("num_batches_tracked"):
            values = np.int64(0).reshape(())
        elif len(shape) > 1:
            values = (values - 0.5) * np.float32(np.sqrt(24 / np.prod(shape[1:])))
        elif name.endswith(("running_var", "bn.weight")):
            values = values + np.float32(0.5)
        else:
            values = (values - 0.5) * np.float32(0.3)
        state[name] = values
    return state


def pictures() -> np.ndarray:
    """Noise, bright and dark."""
    noise = uniform(0, 2 * 32 * 32 * 3).reshape(2, 32, 32, 3)
    return np.floor(256 * noise * np.float32([1, 0.25]).reshape(2, 1, 1, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def state():
    return formula_state()


@pytest.fixture(scope="module")
def variables(state):
    return inception.variables_of(state)


@pytest.fixture(scope="module")
def features(variables):
    found = jax.jit(inception.features)(variables, pictures())
    return {name: np.asarray(values, np.float64) for name, values in found.items()}


def test_the_weights_are_23_885_486_numbers():
    assert len(shapes()) == 566
    assert sum(int(np.prod(shape)) for shape in shapes().values()) == 23_885_486


NORMS = {
    "64": (3.94464444, 7.53032406),
    "192": (12.1757803, 13.7164945),
    "768": (79.2684421, 95.5544435),
    "2048": (212.238515, 252.279440),
    "logits_unbiased": (211.010584, 250.464372),
}


def test_the_features_of_two_pictures_are_those_of_torch_fidelity(features):
    """Norms that its version 0.4.0 gave in float64."""
    assert {name: values.shape for name, values in features.items()} == {
        name: (2, dims) for name, dims in inception.TAPS.items()
    }
    for name, values in features.items():
        np.testing.assert_allclose(np.linalg.norm(values, axis=1), NORMS[name], rtol=1e-5)


def test_the_zeros_around_a_map_do_not_count_in_an_average_nor_in_a_maximum():
    x = -jnp.arange(1.0, 10).reshape(1, 3, 3, 1)
    mean = [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]]
    np.testing.assert_allclose(inception.average_pool(x)[0, :, :, 0], -np.array(mean))
    most = [[1, 1, 2], [1, 1, 2], [4, 4, 5]]
    np.testing.assert_array_equal(inception.max_pool(x)[0, :, :, 0], -np.array(most))


def test_pictures_are_resized_and_scaled_as_for_published_scores():
    images = np.array([[0, 128], [255, 64]], np.uint8).reshape(1, 2, 2, 1)
    x = np.asarray(inception.scaled(images))
    assert x.shape == (1, 299, 299, 3)
    np.testing.assert_array_equal(x[..., 0], x[..., 2])
    corners = x[0, [0, 0, -1, -1], [0, -1, 0, -1], 0]
    np.testing.assert_array_equal(corners, [-1, 0, 127 / 128, -0.5])
    # column 100 is read at 200/299, not at 201/299 - 1/2
    np.testing.assert_allclose(x[0, 0, 100, 0], 200 / 299 - 1, rtol=1e-6)


@pytest.fixture
def torchvision():
    """Both peers import it. Of its operators, which are compiled for one build of PyTorch and not
    used here, those that it cannot load are declared."""
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    pytest.importorskip("torchvision", reason="needs torchvision")
    yield
    del library


def peer_of(module, state, make):
    """A network of a package, with our weights in place of those that it would download."""
    import torch

    tensors = {name: torch.tensor(values) for name, values in state.items()}
    with patch.object(module, "load_state_dict_from_url", lambda *_, **__: tensors):
        return make().eval().requires_grad_(False)


def assert_close(found, expected):
    expected = expected.numpy()
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.usefixtures("torchvision")
def test_every_layer_is_that_of_torch_fidelity(state, features):
    name = "torch_fidelity.feature_extractor_inceptionv3"
    module = pytest.importorskip(name, reason="needs torch-fidelity")
    import torch

    make = partial(module.FeatureExtractorInceptionV3, "fid", list(inception.TAPS))
    peer = peer_of(module, state, make)
    expected = peer(torch.tensor(pictures()).permute(0, 3, 1, 2))
    for name, values in zip(inception.TAPS, expected, strict=True):
        assert_close(features[name], values)


@pytest.mark.usefixtures("torchvision")
def test_every_layer_is_that_of_pytorch_fid_for_what_is_resized(state, features):
    """It resizes and scales pictures in its own way, so it is given ours."""
    module = pytest.importorskip("pytorch_fid.inception", reason="needs pytorch-fid")
    import torch

    make = partial(module.InceptionV3, range(4), resize_input=False, normalize_input=False)
    peer = peer_of(module, state, make)
    maps = peer(torch.tensor(np.array(inception.scaled(pictures()))).permute(0, 3, 1, 2))
    for name, values in zip(("64", "192", "768", "2048"), maps, strict=True):
        assert_close(features[name], values.mean((2, 3)))
