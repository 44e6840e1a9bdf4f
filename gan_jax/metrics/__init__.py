"""What is measured of samples, beside the losses."""
