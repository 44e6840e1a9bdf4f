"""The operands of `arithmetic`, as the command line has them."""

import pytest

from gan_jax.errors import UserError
from gan_jax.visualize.arithmetic import parse


@pytest.mark.parametrize("text", ["1", "1,2", "-1+2", "1,-2", "1+", "a-b", "1.5-2", "1--2"])
def test_operands_that_cannot_be_read(text):
    with pytest.raises(UserError, match=r"cannot be read; join sample numbers by commas"):
        parse(text)


def test_operands_are_signed_groups():
    parsed = [tuple(operand) for operand in parse("1,2-3 + 40")]
    assert parsed == [("+", (1, 2)), ("-", (3,)), ("+", (40,))]
