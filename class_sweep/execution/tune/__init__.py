"""The Ray Tune back end: the tuner as a searcher, a scheduler and a trainable."""
