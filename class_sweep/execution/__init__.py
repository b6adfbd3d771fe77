"""Back ends that train trials: Ray Tune, its cluster, checkpoints and interrupts."""
