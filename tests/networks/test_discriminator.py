"""What every discriminator gives: the heads, and how labels reach them, for each body."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import networks
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.errors import UserError

IMAGES = jax.random.uniform(jax.random.key(3), (6, 8, 8, 1), minval=-1.0, maxval=1.0)
LABELS = jnp.arange(6, dtype=jnp.int32) % 3
BODIES = {
    "dcgan": {"disc.features": (4, 6)},
    "dcgan_labelled": {"disc.features": (4, 5, 6)},
    "dcgan_normal": {"disc.features": (4, 6)},
    "dcgan_upsampling": {"disc.features": (4, 6), "disc.kernel_size": 3, "disc.norm": "none"},
    "infogan": {"disc.features": (4, 5, 6)},
    "mlp": {"disc.features": (6,)},
    "r3gan": {"disc.features": (8, 8), "disc.norm": "none", "disc.kernel_size": 3},
    "resnet": {"disc.features": (4, 6), "disc.pooling": "sum", "disc.kernel_size": 3},
    "sndcgan": {"disc.features": (4, 6), "disc.pooling": "sum"},
}
ENERGIES = {
    "autoencoder": {"disc.features": (6, 5)},
    "began": {"disc.features": (4, 5), "disc.code_features": 6, "disc.norm": "none"},
    "dcgan_autoencoder": {"disc.features": (4, 6)},
}
"""All rows of `networks.DISCRIMINATORS`, on 8x8 images: linear ones, and those of an energy."""


def configured(config, body, **fields):
    changes = {"disc.name": body, "data.num_classes": 3, "disc.dropout_rate": 0}
    changes |= (BODIES | ENERGIES)[body]
    return override(config, changes | {f"disc.{name}": value for name, value in fields.items()})


def judged(config, images=IMAGES, labels=LABELS, change=lambda params: params):
    """D's parameters as drawn and changed, and its verdict in training."""
    disc = networks.discriminator(config)
    variables = disc.init(jax.random.key(0), images[:1], labels[:1], train=True)
    variables["params"] = change(variables["params"])

    def judge(images):
        return disc.apply(variables, images, labels, train=True, mutable=["batch_stats"])[0]

    mapped = jax.vmap(judge, axis_name=collectives.AXIS)(images[None])
    return variables["params"], jax.tree.map(lambda leaf: leaf[0], mapped)


def test_every_body_is_tested():
    ours = {"lapgan"}  # judges bands: tests/test_pyramid.py
    assert set(BODIES | ENERGIES) | ours == set(networks.DISCRIMINATORS)


@pytest.mark.parametrize("body", BODIES)
def test_every_body_has_every_head(tiny, body):
    """The shapes are what `Verdict` says, all in float32."""
    config = override(configured(tiny, body, conditioning="classifier", code_features=5,
                                 kernel_norm="spectral"),
                      {"latents.categories": (4, 2), "latents.continuous": 2,
                       "train.compute_dtype": "bfloat16"})  # fmt: skip
    params, verdict = jax.eval_shape(lambda: judged(config))
    width = verdict.features.shape[1]
    assert params["logit"]["kernel"].shape == (width, 1)
    assert verdict.classes.shape == (6, 3)
    assert [x.shape for x in verdict.codes.categories] == [(6, 4), (6, 2)]
    assert verdict.codes.mean.shape == (6, 2)
    assert {x.dtype for x in jax.tree.leaves(verdict)} == {jnp.dtype(jnp.float32)}
    assert verdict.logits.shape == (6,)


@pytest.mark.parametrize("body", ["dcgan", "mlp", "resnet"])
def test_the_projection_adds_the_product_with_the_label_s_row(tiny, body):
    """logit = psi(phi) + V[y] . phi; with V = 0 what it adds is 0 (arXiv 1802.05637)."""
    config = configured(tiny, body, conditioning="projection")
    params, verdict = judged(config)
    v = params["projection"]["embedding"]
    linear = verdict.features @ params["logit"]["kernel"][:, 0] + params["logit"]["bias"]
    product = (v[LABELS] * verdict.features).sum(axis=1)
    assert float(jnp.abs(product).min()) > 1e-4
    np.testing.assert_allclose(verdict.logits, linear + product, rtol=1e-4, atol=1e-5)


def test_a_projection_of_zero_is_independent_of_the_label(tiny):
    config = configured(tiny, "dcgan", conditioning="projection")

    def without(params):
        return params | {"projection": jax.tree.map(jnp.zeros_like, params["projection"])}

    one, other = (judged(config, labels=y, change=without)[1] for y in (LABELS, 2 - LABELS))
    np.testing.assert_array_equal(one.logits, other.logits)
    one, other = (judged(config, labels=y)[1] for y in (LABELS, 2 - LABELS))
    assert float(jnp.abs(one.logits - other.logits)[LABELS != 1].min()) > 1e-5


@pytest.mark.parametrize("width", [0, 2])
@pytest.mark.parametrize("body", ["dcgan", "mlp"])
def test_an_embedding_lies_beside_the_channels_or_the_whole_row_of_an_image(tiny, body, width):
    config = configured(tiny, body, conditioning="embedding", embedding_features=width, norm="none")
    params, verdict = judged(config, images=jnp.repeat(IMAGES[:1], 6, axis=0))
    first = {"dcgan": ("Conv_0",), "mlp": ("Hidden_0", "Dense_0")}[body]
    kernel = params["body"]
    for name in first:
        kernel = kernel[name]
    image = {"dcgan": 1, "mlp": 64}[body]
    assert kernel["kernel"].shape[-2] == image + (width or 3)
    assert ("embedding" in params) == (width > 0)
    same = np.unique(np.asarray(verdict.logits).round(6))
    assert len(same) == 3  # one logit for each class


@pytest.mark.parametrize(("body", "energy"), [("autoencoder", "squared"), ("began", "absolute")])
def test_the_logit_of_an_autoencoder_is_minus_its_error(tiny, body, energy):
    """With a decoder of zeros the image itself is the error."""
    config = configured(tiny, body, energy=energy)

    def without(params):
        return params | {"judge": jax.tree.map(jnp.zeros_like, params["judge"])}

    _, verdict = judged(config, change=without)
    size = jnp.abs(IMAGES) if energy == "absolute" else IMAGES**2
    np.testing.assert_allclose(verdict.logits, -size.mean(axis=(1, 2, 3)), rtol=1e-5)
    width = config.disc.code_features if body == "began" else config.disc.features[-1]
    assert verdict.features.shape == (6, width)


def test_the_features_of_the_batch_come_before_the_heads(tiny):
    config = configured(tiny, "mlp", minibatch="stddev", norm="none")
    images = jnp.concatenate([IMAGES[:4], jnp.repeat(IMAGES[:1], 4, axis=0)])
    params, verdict = judged(config, images, jnp.zeros(8, jnp.int32))
    assert params["logit"]["kernel"].shape == (7, 1)
    spread = verdict.features[:, 6]
    assert float(spread[:4].min()) > 0.01
    np.testing.assert_allclose(spread[4:], 1e-4, rtol=1e-2)


def test_what_is_for_generators_is_refused(tiny):
    for norm in ("conditional_batch", "virtual_batch"):
        with pytest.raises(UserError, match=rf"disc\.norm={norm} is for generators"):
            networks.discriminator(override(tiny, {"disc.norm": norm, "data.num_classes": 3}))


FIELDS = {"dropout_rate": 0.5, "norm": "batch", "output": "linear", "pooling": "sum"}
IGNORED = {
    "began": ("dropout_rate", "norm", "pooling"),
    "dcgan_autoencoder": ("output",),
    "dcgan_labelled": ("dropout_rate", "pooling"),
    "dcgan_upsampling": ("dropout_rate", "norm", "pooling"),
    "infogan": ("dropout_rate", "pooling"),
    "mlp": ("pooling",),
    "r3gan": ("dropout_rate", "norm", "pooling"),
}


@pytest.mark.parametrize("body", IGNORED)
def test_what_a_body_makes_nothing_of_is_refused(tiny, body):
    for field in IGNORED[body]:
        with pytest.raises(UserError, match=rf"disc\.name={body} .*; set disc\.{field}="):
            networks.discriminator(configured(tiny, body, **{field: FIELDS[field]}))


def test_the_label_s_row_weighs_a_linear_layer_in_r3gan(tiny):
    """Rows start with variance 1 / (f * classes); without them the layer is not there."""
    config = configured(tiny, "r3gan", conditioning="projection", features=(8, 64))
    params, _ = jax.eval_shape(lambda: judged(config))
    kernel = {"kernel": (64, 64)}
    assert jax.tree.map(jnp.shape, params["body"]["Dense_0"]) == kernel
    assert "Dense_0" not in jax.eval_shape(lambda: judged(configured(tiny, "r3gan")))[0]["body"]
    row = judged(config)[0]["projection"]["embedding"]
    assert row.shape == (3, 64)
    assert float(row.std()) == pytest.approx((3 * 64) ** -0.5, rel=0.2)  # 4 deviations of 192


def test_the_classifier_does_not_see_the_label(tiny):
    config = configured(tiny, "dcgan", conditioning="classifier")
    one, other = (judged(config, labels=y)[1] for y in (LABELS, 2 - LABELS))
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("conditioning", ["embedding", "projection", "classifier"])
def test_conditioning_without_classes_is_refused(tiny, conditioning):
    config = override(tiny, {"disc.conditioning": conditioning})
    with pytest.raises(UserError, match=rf"disc\.conditioning={conditioning} .*data\.num_classes"):
        networks.discriminator(config)


def test_a_plain_discriminator_has_no_further_heads(tiny):
    params, verdict = judged(configured(tiny, "dcgan"))
    assert set(params) == {"body", "logit"}
    assert verdict.classes is None
    assert verdict.codes is None
