"""Measurements: `python -m benchmarks.train_step`."""
