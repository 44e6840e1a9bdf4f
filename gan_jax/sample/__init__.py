"""Samples of a run: drawn from latents, or made of pictures."""

from gan_jax.sample.drawn import FORMATS, Writer, run

__all__ = ["FORMATS", "Writer", "run"]
