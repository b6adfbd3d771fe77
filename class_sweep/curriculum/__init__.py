"""Which pairs an epoch sees, in which order, and how strongly it counts."""
