import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.errors import UserError
from gan_jax.metrics.features.folding import folded


class Network(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Conv(4, (2, 3), padding="VALID", name="first")(x)
        return nn.Dense(2, use_bias=False, name="last")(x.mean((1, 2)))


def names(path):
    return {"first": ("a.conv", "a.bn"), "last": ("fc", "")}[".".join(path)]


def state():
    draw = np.random.default_rng(0)
    shapes = {
        "a.conv.weight": (4, 3, 2, 3),
        "a.bn.weight": (4,),
        "a.bn.bias": (4,),
        "a.bn.running_mean": (4,),
        "a.bn.running_var": (4,),
        "a.bn.num_batches_tracked": (),
        "fc.weight": (2, 4),
        "fc.bias": (2,),
    }
    return {name: draw.uniform(0.5, 1.5, shape).astype("f4") for name, shape in shapes.items()}


def test_a_folded_layer_is_the_convolution_and_the_norm_behind_it():
    given = state()
    variables = folded(Network(), given, names, "it")
    image = np.random.default_rng(1).normal(size=(1, 2, 3, 3)).astype("f4")  # as large as a kernel
    convolved = (image[0].transpose(2, 0, 1) * given["a.conv.weight"]).sum((1, 2, 3))
    scale = given["a.bn.weight"] / np.sqrt(given["a.bn.running_var"] + 1e-3)
    normed = (convolved - given["a.bn.running_mean"]) * scale + given["a.bn.bias"]
    expected = given["fc.weight"] @ normed
    found = Network().apply(variables, jnp.asarray(image))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert set(variables["params"]["last"]) == {"kernel"}


@pytest.mark.parametrize(
    ("name", "array", "reason"),
    [
        ("a.bn.running_var", None, r"a\.bn\.running_var is missing"),
        ("fc.bias", None, r"fc\.bias is missing"),
        ("fc.bias", np.zeros(3), r"fc\.bias has the shape \(3,\) where \(2,\) is expected"),
        ("a.conv.weight", np.zeros((4, 3, 3, 2)), r"a\.conv\.weight has the shape \(4, 3, 3, 2\)"),
        ("b.conv.weight", np.zeros(1), r"'b\.conv\.weight' is unknown"),
    ],
)
def test_other_weights_are_refused(name, array, reason):
    given = {key: value for key, value in {**state(), name: array}.items() if value is not None}
    with pytest.raises(UserError, match=f"^These are not the weights of it: {reason}.*\\. Give "):
        folded(Network(), given, names, "it")
