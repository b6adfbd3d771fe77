"""One trial: the loop, the metrics, the checkpoint."""
