"""What every discriminator gives: the heads, and how labels reach them, for each network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_networks import DISCS, LINEAR, disc_settings, discriminator

from gan_jax.config.values import check
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.networks import CodeSizes, DiscSettings

IMAGES = jax.random.uniform(jax.random.key(3), (6, 8, 8, 1), minval=-1.0, maxval=1.0)
LABELS = jnp.arange(6, dtype=jnp.int32) % 3


def applied(disc, images=IMAGES, labels=LABELS, change=lambda params: params):
    """D's parameters as drawn and changed, and its output in training."""
    variables = disc.init(jax.random.key(0), images[:1], labels[:1], train=True)
    variables["params"] = change(variables["params"])

    def apply(images):
        return disc.apply(variables, images, labels, train=True, mutable=["batch_stats"])[0]

    mapped = jax.vmap(apply, axis_name=collectives.AXIS)(images[None])
    return variables["params"], jax.tree.map(lambda leaf: leaf[0], mapped)


def test_every_choice_is_tested():
    assert set(DISCS) == set(DiscSettings.choices)


@pytest.mark.parametrize("name", LINEAR)
def test_every_network_has_every_head(name):
    """The shapes are what `DiscriminatorOutput` says, all in float32."""
    disc = discriminator(name, conditioning="classifier", code_features=5, kernel_norm="spectral",
                         codes=CodeSizes((4, 2), 2), dtype=jnp.bfloat16)  # fmt: skip
    params, output = jax.eval_shape(lambda: applied(disc))
    width = output.features.shape[1]
    assert params["logit"]["kernel"].shape == (width, 1)
    assert output.classes.shape == (6, 3)
    assert [x.shape for x in output.codes.categories] == [(6, 4), (6, 2)]
    assert output.codes.mean.shape == (6, 2)
    assert {x.dtype for x in jax.tree.leaves(output)} == {jnp.dtype(jnp.float32)}
    assert output.logits.shape == (6,)


@pytest.mark.parametrize("name", ["dcgan", "mlp", "resnet"])
def test_the_projection_adds_the_product_with_the_label_s_row(name):
    """logit = psi(phi) + V[y] . phi; with V = 0 what it adds is 0 (arXiv 1802.05637)."""
    params, output = applied(discriminator(name, conditioning="projection"))
    v = params["projection"]["embedding"]
    linear = output.features @ params["logit"]["kernel"][:, 0] + params["logit"]["bias"]
    product = (v[LABELS] * output.features).sum(axis=1)
    assert float(jnp.abs(product).min()) > 1e-4
    np.testing.assert_allclose(output.logits, linear + product, rtol=1e-4, atol=1e-5)


def test_a_projection_of_zero_is_independent_of_the_label():
    disc = discriminator("dcgan", conditioning="projection")

    def without(params):
        return params | {"projection": jax.tree.map(jnp.zeros_like, params["projection"])}

    one, other = (applied(disc, labels=y, change=without)[1] for y in (LABELS, 2 - LABELS))
    np.testing.assert_array_equal(one.logits, other.logits)
    one, other = (applied(disc, labels=y)[1] for y in (LABELS, 2 - LABELS))
    assert float(jnp.abs(one.logits - other.logits)[LABELS != 1].min()) > 1e-5


@pytest.mark.parametrize("width", [0, 2])
@pytest.mark.parametrize("name", ["dcgan", "mlp"])
def test_an_embedding_is_concatenated_to_the_channels_or_the_row_of_an_image(name, width):
    fields = {"conditioning": "embedding", "embedding_features": width, "norm": "none"}
    disc = discriminator(name, **fields)
    params, output = applied(disc, images=jnp.repeat(IMAGES[:1], 6, axis=0))
    first = {"dcgan": ("Conv_0",), "mlp": ("Hidden_0", "Dense_0")}[name]
    kernel = params["body"]
    for part in first:
        kernel = kernel[part]
    image = {"dcgan": 1, "mlp": 64}[name]
    assert kernel["kernel"].shape[-2] == image + (width or 3)
    assert ("embedding" in params) == (width > 0)
    same = np.unique(np.asarray(output.logits).round(6))
    assert len(same) == 3  # one logit for each class


@pytest.mark.parametrize(("name", "energy"), [("autoencoder", "squared"), ("began", "absolute")])
def test_the_logit_of_an_autoencoder_is_minus_its_error(name, energy):
    """With a decoder of zeros the image itself is the error."""
    settings = disc_settings(name, energy=energy)

    def without(params):
        return params | {"judge": jax.tree.map(jnp.zeros_like, params["judge"])}

    disc = discriminator(name, energy=energy)
    assert disc.measures_energy
    _, output = applied(disc, change=without)
    size = jnp.abs(IMAGES) if energy == "absolute" else IMAGES**2
    np.testing.assert_allclose(output.logits, -size.mean(axis=(1, 2, 3)), rtol=1e-5)
    width = settings.code_features if name == "began" else settings.features[-1]
    assert output.features.shape == (6, width)


def test_the_features_of_the_batch_come_before_the_heads():
    disc = discriminator("mlp", minibatch="stddev", norm="none")
    images = jnp.concatenate([IMAGES[:4], jnp.repeat(IMAGES[:1], 4, axis=0)])
    params, output = applied(disc, images, jnp.zeros(8, jnp.int32))
    assert params["logit"]["kernel"].shape == (7, 1)
    spread = output.features[:, 6]
    assert float(spread[:4].min()) > 0.01
    np.testing.assert_allclose(spread[4:], 1e-4, rtol=1e-2)


def test_a_norm_for_generators_is_refused():
    for norm in ("conditional_batch", "virtual_batch"):
        with pytest.raises(UserError, match=r"disc\.norm=.* must be one of batch, none"):
            check(disc_settings("dcgan", norm=norm), "disc.")


def test_the_label_s_row_weighs_a_linear_layer_in_r3gan():
    """Rows start with variance 1 / (f * classes); without them the layer is not there."""
    disc = discriminator("r3gan", conditioning="projection", features=(8, 64))
    params, _ = jax.eval_shape(lambda: applied(disc))
    kernel = {"kernel": (64, 64)}
    assert jax.tree.map(jnp.shape, params["body"]["Dense_0"]) == kernel
    assert "Dense_0" not in jax.eval_shape(lambda: applied(discriminator("r3gan")))[0]["body"]
    row = applied(disc)[0]["projection"]["embedding"]
    assert row.shape == (3, 64)
    assert float(row.std()) == pytest.approx((3 * 64) ** -0.5, rel=0.2)  # 4 deviations of 192


def test_the_classifier_does_not_see_the_label():
    disc = discriminator("dcgan", conditioning="classifier")
    one, other = (applied(disc, labels=y)[1] for y in (LABELS, 2 - LABELS))
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("conditioning", ["embedding", "projection", "classifier"])
def test_conditioning_without_classes_is_refused(conditioning):
    with pytest.raises(UserError, match=rf"disc\.conditioning={conditioning} .*data\.num_classes"):
        discriminator("dcgan", classes=0, conditioning=conditioning)


def test_a_plain_discriminator_has_no_further_heads():
    params, output = applied(discriminator("dcgan"))
    assert set(params) == {"body", "logit"}
    assert output.classes is None
    assert output.codes is None


def test_a_finer_level_of_lapgan_has_no_head_for_codes():
    with pytest.raises(UserError, match=r"disc\.name=lapgan .* leave latents\.categories"):
        discriminator("lapgan", codes=CodeSizes((10,)))
