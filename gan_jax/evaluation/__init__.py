"""Scores of samples: features of real images and of samples, compared under a stated protocol."""
