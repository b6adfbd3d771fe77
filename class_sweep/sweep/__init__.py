"""Many trials on Ray Tune: broadcast, search, pruning, running."""
