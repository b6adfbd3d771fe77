"""Replay: samplers and pruners over recorded learning curves, without training."""
