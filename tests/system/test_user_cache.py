"""What is kept of compiled programs, and what is said of those that cannot be."""

import warnings

import pytest

from gan_jax.system import user_cache


def test_a_program_that_xla_cannot_write_is_not_warned_of():
    said = "Error writing persistent compilation cache entry for 'jit_step': "
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        user_cache.keep_compiled_programs()
        warnings.warn(said + user_cache.NOT_TO_BE_WRITTEN, stacklevel=1)
        with pytest.raises(UserWarning, match="full"):
            warnings.warn(said + "OSError: the disk is full", stacklevel=1)
