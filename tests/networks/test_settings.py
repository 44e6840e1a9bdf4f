"""The settings of every network: what they build, which fields they have, and in which range."""

import dataclasses
import typing
from typing import Annotated, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from annotated_types import Ge, Gt, Le, Lt, MinLen
from small_networks import (
    CLASSES,
    DISCS,
    ENERGIES,
    GENS,
    LINEAR,
    SHAPE,
    condition,
    disc_settings,
    gen_settings,
)

from gan_jax.config.part import hints
from gan_jax.config.values import check
from gan_jax.errors import UserError
from gan_jax.networks import DiscSettings, EncoderSettings, GenSettings
from gan_jax.networks.generator import ConditionalGen
from gan_jax.networks.mlp import MLPDisc, MLPGen

FAMILIES = (GenSettings, DiscSettings, EncoderSettings)
CHOICES = [kind for family in FAMILIES for kind in family.choices.values()]
FLOAT32 = jnp.dtype(jnp.float32)
COMMON = {"features", "kernel_norm"}
ACTIVATED = {"activation", "negative_slope"}
NORMALISED = {"norm", "batch_norm_momentum", "batch_norm_epsilon"}
G = COMMON | {"conditioning", "embedding_features"}
D = COMMON | {"minibatch", "conditioning", "embedding_features", "code_features"}
BAND = COMMON | ACTIVATED | {"kernel_size", "kernel_stddev"}
DCGAN = BAND | NORMALISED
PICTURE = COMMON | NORMALISED | {"kernel_stddev"}
POOLED = {"pooling", "dropout_rate"}
FIELDS = {
    GenSettings: {
        "began": G | {"output"},
        "dcgan": G | DCGAN,
        "dcgan_labelled": G | DCGAN | {"output"},
        "dcgan_normal": G | DCGAN,
        "dcgan_upsampling": G | NORMALISED | {"kernel_size"},
        "infogan": G | DCGAN | {"output"},
        "lapgan": BAND,
        "mlp": G | ACTIVATED | NORMALISED | {"output"},
        "r3gan": G | ACTIVATED | {"kernel_size", "output"},
        "resnet": G | ACTIVATED | NORMALISED | {"kernel_size", "attention"},
        "sndcgan": G | ACTIVATED | NORMALISED | {"kernel_stddev"},
        "srcnn": COMMON | {"kernel_stddev"},
        "srresnet": PICTURE | {"blocks", "output"},
        "stargan": COMMON | NORMALISED | {"blocks"},
        "translator": PICTURE | {"blocks"},
        "unet": PICTURE | {"dropout_rate"},
    },
    DiscSettings: {
        "autoencoder": D | ACTIVATED | NORMALISED | {"dropout_rate", "output", "energy"},
        "began": D | {"output", "energy"},
        "dcgan": D | DCGAN | POOLED,
        "dcgan_autoencoder": D | DCGAN | POOLED | {"energy"},
        "dcgan_labelled": D | DCGAN,
        "dcgan_normal": D | DCGAN | POOLED,
        "dcgan_upsampling": D | {"kernel_size"},
        "infogan": D | DCGAN,
        "infogan_autoencoder": D | DCGAN | {"energy"},
        "lapgan": BAND | {"minibatch", "dropout_rate"},
        "mlp": D | ACTIVATED | NORMALISED | {"dropout_rate"},
        "patch": PICTURE | {"minibatch", "conditioning", "kernel_size"},
        "r3gan": D | ACTIVATED | {"kernel_size"},
        "resnet": D | ACTIVATED | NORMALISED | POOLED
        | {"kernel_size", "attention", "downsampling_blocks"},
        "sndcgan": D | ACTIVATED | NORMALISED | POOLED | {"kernel_stddev"},
        "srgan": PICTURE | {"minibatch", "conditioning"},
        "stargan": COMMON | {"minibatch", "conditioning"},
    },
    EncoderSettings: {
        "infogan": COMMON | DCGAN,
        "mlp": COMMON | ACTIVATED | NORMALISED,
    },
}  # fmt: skip
NAMES = {
    "began": "BEGAN",
    "dcgan": "DCGAN",
    "dcgan_labelled": "InfoGAN",
    "dcgan_normal": "DCGAN",
    "dcgan_upsampling": "KerasDCGAN",
    "infogan": "InfoGAN",
    "lapgan": "LAPGAN",
    "mlp": "MLP",
    "patch": "Patch",
    "r3gan": "R3GAN",
    "resnet": "ResNet",
    "sndcgan": "SNDCGAN",
    "srcnn": "SRCNN",
    "srgan": "SRGAN",
    "srresnet": "SRResNet",
    "stargan": "StarGAN",
    "translator": "Translator",
    "unet": "UNet",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_network_has_the_fields_that_it_uses_and_no_others(family):
    found = {name: set(hints(kind)) for name, kind in family.choices.items()}
    assert found == FIELDS[family]


@pytest.mark.parametrize("name", GENS)
def test_every_generator_makes_examples_and_is_called_by_its_name(name):
    gen = gen_settings(name).build(SHAPE, CLASSES, FLOAT32)
    z = jax.random.normal(jax.random.key(0), (2, 0 if name == "translator" else 64))
    made, _ = gen.init_with_output(jax.random.key(1), z, condition(name), train=False)
    assert made.shape == (2, *SHAPE)
    assert made.dtype == jnp.float32
    assert name == "lapgan" or float(jnp.abs(made).max()) <= 1
    assert type(gen).__name__ == NAMES[name] + "Generator"
    if issubclass(GenSettings.choices[name], ConditionalGen):
        gen = gen_settings(name, conditioning="embedding").build(SHAPE, CLASSES, FLOAT32)
        table = modules(gen, z, condition(name))
        assert table[""] == "ConditionalGenerator"
        assert table["body"] == NAMES[name] + "Generator"


@pytest.mark.parametrize("name", DISCS)
def test_every_discriminator_gives_logits_and_is_called_by_its_name(name):
    disc = disc_settings(name).build(SHAPE, CLASSES, FLOAT32)
    x = jax.random.uniform(jax.random.key(0), (2, *SHAPE), minval=-1.0)
    output, _ = disc.init_with_output(jax.random.key(1), x, condition(name), train=False)
    assert output.logits.shape == {"patch": (2, 4), "stargan": (2, 4)}.get(name, (2,))
    assert output.features.shape == (2, output.features.size // 2)
    assert jnp.isfinite(output.logits).all()
    table = modules(disc, x, condition(name))
    outer = {"lapgan": "", "srgan": "Source", "patch": "SourcePatchwise", "stargan": "Classifying"}
    outer |= dict.fromkeys(LINEAR | ENERGIES, "Conditional")
    assert table[""] == outer[name] + "Discriminator"
    body = {"autoencoder": "MLPDiscriminator", "began": "BEGANEncoder"}
    body |= {f"{name}_autoencoder": f"{NAMES[name]}Discriminator" for name in ("dcgan", "infogan")}
    assert table["body"] == body.get(name, NAMES.get(name, "") + "Discriminator")
    decoders = {"autoencoder": "MLP", "began": "BEGAN"}
    decoders |= {f"{name}_autoencoder": NAMES[name] for name in ("dcgan", "infogan")}
    if name in decoders:
        assert table["judge/decoder"] == decoders[name] + "Generator"


@pytest.mark.parametrize("name", EncoderSettings.choices)
def test_every_encoder_gives_mean_and_log_variance(name):
    settings = EncoderSettings.chosen(name, "encoder.name")(features=(4, 5))
    encoder = settings.build(SHAPE, 3, FLOAT32)
    (mean, log_var), _ = encoder.init_with_output(
        jax.random.key(0), jnp.ones((2, *SHAPE)), train=False
    )
    assert mean.shape == log_var.shape == (2, 3)
    assert type(encoder).__name__ == NAMES[name] + "Encoder"


def modules(network, *inputs):
    """The class of each module by its path, as tracebacks and `nn.tabulate` show them."""
    found = {}

    def note(call, args, kwargs, context):
        found["/".join(context.module.path)] = type(context.module).__name__
        return call(*args, **kwargs)

    with nn.intercept_methods(note):
        jax.eval_shape(lambda: network.init(jax.random.key(0), *inputs, train=False))
    return found


def test_dense_networks_take_examples_of_any_shape():
    gen = MLPGen(features=(4,), output="linear").build((2,), 0, FLOAT32)
    z = jnp.ones((3, 6))
    points, _ = gen.init_with_output(jax.random.key(0), z, None, train=False)
    assert points.shape == (3, 2)
    for disc in (MLPDisc(features=(4,)), disc_settings("autoencoder")):
        made = disc.build((2,), 0, FLOAT32)
        output, _ = made.init_with_output(jax.random.key(0), points, None, train=False)
        assert output.logits.shape == (3,)


@pytest.mark.parametrize("name", sorted(set(GENS) - {"mlp"}))
def test_networks_of_images_refuse_other_shapes(name):
    with pytest.raises(UserError, match=rf"gen\.name={name} is for images, .*; set gen\.name=mlp"):
        gen_settings(name).build((2,), CLASSES, FLOAT32)


def beyond(hint):
    """Values just out of the range of an annotation."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        for bound in arguments[1:]:
            if isinstance(bound, MinLen):
                yield ()
            elif isinstance(bound, Gt | Lt):
                yield bound.gt if isinstance(bound, Gt) else bound.lt
            else:
                assert isinstance(bound, Ge | Le)
                yield bound.ge - 1 if isinstance(bound, Ge) else bound.le + 1
        yield from beyond(arguments[0])
    elif origin is tuple:
        yield from ((value,) for value in beyond(arguments[0]))
    elif origin is Literal:
        yield "nonsense"
    else:
        assert hint in (int, float), "a leaf without a range"
        yield from (float("nan"), float("inf"), "text")


@pytest.mark.parametrize("kind", CHOICES, ids=lambda kind: f"{kind.section}-{kind.choice}")
def test_every_value_out_of_its_range_is_refused(kind):
    check(kind(), "net.")
    for name, hint in hints(kind).items():
        numeric = typing.get_origin(hint) is not Literal
        bounded = any(isinstance(part, Ge | Gt) for part in walk(hint))
        assert bounded or not numeric, f"{name} has no lower bound"
        for value in beyond(hint):
            with pytest.raises(UserError, match=rf"net\.{name}"):
                check(dataclasses.replace(kind(), **{name: value}), "net.")


def walk(hint):
    yield hint
    for part in typing.get_args(hint):
        yield from walk(part)
