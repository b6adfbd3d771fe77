"""The training of one trial: features, training loop, evaluation and checkpoints."""
