"""Simulated GPUs. The workers of a test cluster preload this module: trials then train on the CPU.

Trials also write notes. A note is a line of JSON in the file `FAKE_GPUS_NOTES`: the node, the
process, the action, the trial and its step, and the times of the beginning and the end.
"""

import json
import os
import time
from pathlib import Path

import ray

from class_sweep.confirmation import paired_runs
from class_sweep.execution.cluster import nodes
from class_sweep.execution.tune import trainable
from class_sweep.training.loop import Trainer
from class_sweep.training.replicas import Replicas

GIB = 1 << 30
NOTES = Path(os.environ["FAKE_GPUS_NOTES"])
HOLD = NOTES.with_name("hold")  # while this file exists, no trial trains beyond its first report


class NotingTrainer(Trainer):
    trial = None  # the number of the trial; None for a run of a confirmation

    def __init__(self, *args, gpu: bool, **kwargs):
        assert gpu, "a trial that requires a share of a GPU got none"
        super().__init__(*args, gpu=False, **kwargs)
        self._note("begin", time.time())

    def restore(self, path):
        begun = time.time()
        super().restore(path)
        self._note("restore", begun)

    def train_to(self, step):
        begun = time.time()
        if self.step and HOLD.exists():
            self._note("hold", begun)
            while HOLD.exists():
                time.sleep(0.05)
        loss = super().train_to(step)
        self._note("train", begun)
        return loss

    def _note(self, what: str, begun: float) -> None:
        note = {
            "node": ray.get_runtime_context().get_node_id(), "process": os.getpid(), "what": what,
            "trial": self.trial, "step": self.step, "begun": begun, "ended": time.time(),
        }  # fmt: skip
        with NOTES.open("a") as notes:
            notes.write(json.dumps(note) + "\n")


_begin = trainable.CurriculumTrial._begin


def _begin_known(self, config):
    NotingTrainer.trial = config["trial"]
    _begin(self, config)


trainable.CurriculumTrial._begin = _begin_known
Replicas.of = classmethod(lambda cls, resources, **_: cls(resources.processes - 1))
trainable.Trainer = paired_runs.Trainer = NotingTrainer
nodes.gpu_memory = lambda: [80 * GIB]
