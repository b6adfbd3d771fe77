"""Imported by the workers of a test cluster: what its nodes say to be GPUs is the processor."""

from class_sweep.sweep import nodes, retrain, trainable
from class_sweep.training.loop import Trainer

GIB = 1 << 30


def _on_the_processor(*args, gpu: bool, **kwargs):
    assert gpu, "a trial that asked for a share of a GPU was given none"
    return Trainer(*args, gpu=False, **kwargs)


trainable.Trainer = retrain.Trainer = _on_the_processor
nodes.gpu_memory = lambda: [80 * GIB]
