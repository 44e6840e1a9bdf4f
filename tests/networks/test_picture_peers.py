"""The same networks in PyTorch, in the order of their authors' programs, under the same weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.method import LabelledSource
from gan_jax.networks import (
    PatchDisc,
    SRResNetGen,
    StarGANGen,
    TranslatorGen,
    UNetGen,
)

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn.functional import leaky_relu, relu  # noqa: E402

FLOAT32 = jnp.dtype(jnp.float32)
KERNELS = {"kernel_stddev": 0.3}  # large enough that all layers matter


def shuffled(kernel):
    """The outputs of a kernel in the order of `nn.PixelShuffle`, which has the channel first."""
    *rest, outputs = kernel.shape
    return kernel.reshape(*rest, 2, 2, outputs // 4).swapaxes(-3, -1).reshape(kernel.shape)


def load(module, params, change=lambda kernel: kernel):
    """Gives a layer of PyTorch the parameters of one of ours."""
    made = {}
    if isinstance(module, nn.ConvTranspose2d):  # an adjoint there
        made["weight"] = np.asarray(params["kernel"])[::-1, ::-1].transpose(2, 3, 0, 1)
    elif isinstance(module, nn.Conv2d):
        made["weight"] = change(np.asarray(params["kernel"])).transpose(3, 2, 0, 1)
    elif isinstance(module, nn.PReLU):
        made["weight"] = np.asarray(params["slope"])
    else:
        made["weight"] = np.asarray(params["scale"])
    if getattr(module, "bias", None) is not None:
        made["bias"] = change(np.asarray(params["bias"]))
    with torch.no_grad():
        for name, value in made.items():
            getattr(module, name).copy_(torch.tensor(np.ascontiguousarray(value)))
    return module


class Layers:
    """The layers of a network of ours in PyTorch, taken in the order of their kinds."""

    def __init__(self, params):
        self.params, self.counts = params, {}

    def next(self, kind):
        number = self.counts.get(kind, 0)
        self.counts[kind] = number + 1
        return self.params[f"{kind}_{number}"]

    def conv(self, size, stride=1, padding=0, kind="Conv", mode="zeros", change=lambda k: k):
        params = self.next(kind)
        inputs, outputs = params["kernel"].shape[2:]
        fields = {"bias": "bias" in params, "padding_mode": mode}
        return load(nn.Conv2d(inputs, outputs, size, stride, padding, **fields), params, change)

    def up(self, size, extra=0):
        params = self.next("ConvTranspose")
        inputs, outputs = params["kernel"].shape[2:]
        bias = "bias" in params
        return load(nn.ConvTranspose2d(inputs, outputs, size, 2, 1, extra, bias=bias), params)

    def norm(self):
        params = self.next("InstanceNorm")
        return load(nn.InstanceNorm2d(len(params["scale"]), affine=True), params)

    def prelu(self):
        params = self.next("PReLU")
        return load(nn.PReLU(len(params["slope"])), params)

    def block(self, kind):
        return Layers(self.next(kind))


def channels_first(x):
    return torch.tensor(np.asarray(x).transpose(0, 3, 1, 2), requires_grad=True)


def compare(network, inputs, x, function):
    """The output and its gradient by the picture, of a network of ours and of PyTorch's."""
    variables = network.init(jax.random.key(0), *inputs(x), train=False)
    params = jax.tree.map(
        lambda leaf: leaf + 0.1 * jax.random.normal(jax.random.key(leaf.size), leaf.shape),
        variables["params"],
    )

    def ours(x):
        made = network.apply({"params": params}, *inputs(x), train=False)
        return getattr(made, "logits", made)

    found, backward = jax.vjp(ours, x)
    weights = jnp.cos(jnp.arange(found.size, dtype=jnp.float32)).reshape(found.shape)
    theirs_x = channels_first(x)
    expected = function(Layers(params), theirs_x)
    expected = expected.permute(0, 2, 3, 1).reshape(found.shape)
    (expected * torch.tensor(np.asarray(weights))).sum().backward()
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-3, atol=1e-4)
    gradient = theirs_x.grad.numpy().transpose(0, 2, 3, 1)
    scale = float(np.abs(gradient).max())
    np.testing.assert_allclose(backward(weights)[0], gradient, rtol=1e-2, atol=1e-3 * scale)
    assert scale > 1e-3


def pictures(side):
    return jax.random.uniform(jax.random.key(1), (2, side, side, 3), minval=-1.0, maxval=1.0)


def as_source(x):
    return jnp.zeros((2, 0)), x


def test_the_unet():
    features = (4, 5, 6, 7)

    def theirs(layers, x):
        maps = [layers.conv(4, 2, 1)(x)]
        for _ in features[1:-1]:
            maps.append(layers.norm()(layers.conv(4, 2, 1)(leaky_relu(maps[-1], 0.2))))
        x = layers.conv(4, 2, 1)(leaky_relu(maps[-1], 0.2))
        for skip in reversed(maps):
            x = torch.cat([layers.norm()(layers.up(4)(relu(x))), skip], 1)
        return torch.tanh(layers.up(4)(relu(x)))

    network = UNetGen(features=features, **KERNELS).build((32, 32, 3), 0, FLOAT32)
    compare(network, as_source, pictures(32), theirs)


@pytest.mark.parametrize("name", ["translator", "stargan"])
def test_the_residual_translators(name):
    """StarGAN's with zeros around maps, and with the label as planes."""
    reflect = name == "translator"
    mode, size, extra = ("reflect", 3, 1) if reflect else ("zeros", 4, 0)

    def theirs(layers, x):
        def block(x):
            inside = layers.block("ResidualBlock")
            y = inside.conv(3, 1, 1, "PaddedConv", mode)(x)
            y = relu(inside.norm()(y))
            return x + inside.norm()(inside.conv(3, 1, 1, "PaddedConv", mode)(y))

        if not reflect:
            planes = torch.tensor([[0.0, 0, 1], [1.0, 0, 0]])[:, :, None, None]
            x = torch.cat([x, planes.expand(2, 3, *x.shape[2:])], 1)
        x = relu(layers.norm()(layers.conv(7, 1, 3, "PaddedConv", mode)(x)))
        for _ in range(2):
            x = relu(layers.norm()(layers.conv(size, 2, 1)(x)))
        x = block(block(x))
        for _ in range(2):
            x = relu(layers.norm()(layers.up(size, extra)(x)))
        return torch.tanh(layers.conv(7, 1, 3, "PaddedConv", mode)(x))

    def labelled(x):
        return jnp.zeros((2, 0)), LabelledSource(x, jnp.array([2, 0]))

    fields = {"features": (4, 5, 6), "blocks": 2, "norm": "instance"}
    settings = TranslatorGen(**fields, **KERNELS) if reflect else StarGANGen(**fields)
    network = settings.build((16, 16, 3), 3, FLOAT32)
    compare(network, as_source if reflect else labelled, pictures(16), theirs)


def test_the_srresnet():
    def theirs(layers, x):
        def block(x):
            inside = layers.block("SRResNetBlock")
            y = inside.prelu()(inside.norm()(inside.conv(3, 1, 1)(x)))
            return x + inside.norm()(inside.conv(3, 1, 1)(y))

        x = layers.prelu()(layers.conv(9, 1, 4, "PaddedConv")(x))
        y = block(block(x))
        x = x + layers.norm()(layers.conv(3, 1, 1)(y))
        for _ in range(2):
            x = nn.PixelShuffle(2)(layers.conv(3, 1, 1, change=shuffled)(x))
            x = layers.prelu()(x)
        return layers.conv(9, 1, 4, "PaddedConv")(x)

    settings = SRResNetGen(features=(5,), blocks=2, norm="instance", kernel_stddev=0.1)
    compare(settings.build((32, 32, 3), 0, FLOAT32), as_source, pictures(8), theirs)


def test_the_patches():
    def theirs(layers, x):
        body = Layers(layers.params["body"])
        x = leaky_relu(body.conv(4, 2, 1)(torch.cat([x, x / 2], 1)), 0.2)
        for stride in (2, 1):
            x = leaky_relu(body.norm()(body.conv(4, stride, 1)(x)), 0.2)
        return load(nn.Conv2d(x.shape[1], 1, 4, 1, 1), layers.params["logit"])(x)

    settings = PatchDisc(features=(4, 5, 6), conditioning="source", **KERNELS)
    network = settings.build((16, 16, 3), 0, FLOAT32)
    compare(network, lambda x: (x, x / 2), pictures(16), theirs)
