"""What G and D minimise, and what the images that D sees go through."""
