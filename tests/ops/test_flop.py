"""Operations of traced functions, against counts by hand."""

from functools import partial

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from gan_jax import ops
from gan_jax.ops import flop

A = jnp.ones((3, 3))
ONE = 2 * 3 * 3 * 3


def conv(x, kernel, groups=1, **options):
    return lax.conv_general_dilated(
        x,
        kernel,
        padding=((1, 1), (1, 1)),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
        **{"window_strides": (1, 1), **options},
    )


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a: a @ a, ONE),
        (lambda a: (a @ a) @ a + a, 2 * ONE),
        (jax.jit(lambda a: a @ a), ONE),
        (lambda a: lax.scan(lambda c, _: (c @ c, None), a, length=7)[0], 7 * ONE),
        (lambda a: lax.cond(a[0, 0] > 0, lambda: a @ a, lambda: a), ONE),
        (lambda a: jnp.einsum("ij,kj->ik", a, jnp.ones((5, 3))), 2 * 3 * 5 * 3),
        (lambda a: jnp.sin(a).sum(), 0),
    ],
)
def test_products_are_counted_wherever_they_are(function, expected):
    assert flop.of_call(function, A) == expected


def test_convolutions_are_counted_with_their_strides_groups_and_dilation():
    x, kernel = jnp.ones((2, 8, 8, 4)), jnp.ones((3, 3, 4, 6))
    each = 2 * 9 * 4 * 6
    assert flop.of_call(conv, x, kernel) == 2 * 64 * each
    strided = lambda x, k: conv(x, k, window_strides=(2, 2))  # noqa: E731
    assert flop.of_call(strided, x, kernel) == 2 * 16 * each
    grouped = lambda x, k: conv(x, k, groups=2)  # noqa: E731
    assert flop.of_call(grouped, x, jnp.ones((3, 3, 2, 6))) == 2 * 64 * each // 2
    dilated = lambda x, k: conv(x, k, lhs_dilation=(2, 2))  # noqa: E731
    assert flop.of_call(dilated, x, kernel) == 2 * 15 * 15 * each // 4


def test_a_convolution_counts_as_the_direct_one_in_each_of_its_forms():
    x, kernel = jnp.ones((16, 8, 8, 64)), jnp.ones((5, 5, 64, 48))
    own = partial(ops.conv, stride=2)
    direct = 2 * kernel.size * 16 * 4 * 4
    assert flop.of_call(own, x, kernel) == direct
    both = jax.grad(lambda x, k: own(x, k).sum(), argnums=(0, 1))
    assert flop.of_call(both, x, kernel) == 3 * direct
    alone = jax.vmap(own, in_axes=(0, None))
    assert flop.of_call(alone, x[None], kernel) == direct


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a: a @ a, False),
        (lambda a: lax.cond(a[0, 0] > 0, lambda: a @ a, lambda: a), False),
        (lambda a: lax.scan(lambda c, _: (lower(c), None), a, length=2)[0], True),
        (jax.jit(jax.grad(lambda a: jnp.square(lower(a)).sum())), True),
        (lambda a: conv(a[None, ..., None], jnp.ones((3, 3, 1, 1)))[0, ..., 0], True),
    ],
)
def test_convolutions_are_found_wherever_they_are(function, expected):
    assert flop.convolves(jax.make_jaxpr(function)(A).jaxpr) is expected


def lower(a):
    return ops.grouped_conv(a[None, ..., None], jnp.ones((3, 3, 1, 1)), 1)[0, ..., 0]
