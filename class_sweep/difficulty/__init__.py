"""How many other pairs look like a pair in both modalities."""
