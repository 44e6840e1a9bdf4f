"""Generative adversarial networks in JAX: pure-function models, exact resume, reproducible runs."""

__version__ = "0.1.0"
