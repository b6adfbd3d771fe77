"""The Ray Tune trainable: one trial after another in one process, none knowing of the last.

A worker imports this module: torch, numpy, pydantic and `ray.tune` (which itself requires pandas),
but no tokenizer, no chemistry and no scikit-learn.
"""

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from ray.tune import Trainable

from class_sweep.config.document import Space
from class_sweep.config.objective import POOLS
from class_sweep.errors import TrainingError
from class_sweep.sweep.judge import Outcome
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer
from class_sweep.training.milestones import milestones, rung_samples

STATE_FILE = "state.pt"


class CurriculumTrial(Trainable):
    """Trains one configuration from rung to rung; `reset_config` starts the next one afresh.

    The config of a trial: `trial` (its number), `values` (dotted path to value) and `checkpoint`
    (a folder to go on from, or None).
    """

    def setup(  # type: ignore[override]
        self, config: dict[str, Any], space: Space, features: dict[str, np.ndarray], gpu: bool
    ) -> None:
        """Attach the shared arrays, once per worker, and begin the first trial."""
        self._space = space
        self._features = TrialFeatures.from_arrays(features)
        self._gpu = gpu
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in this process."""
        self._begin(new_config)
        return True

    def _begin(self, config: dict[str, Any]) -> None:
        settings = self._space.resolve(config["values"])
        self._trainer = Trainer(settings, self._features, gpu=self._gpu)
        pairs = len(self._features.rows("train"))
        rungs = rung_samples(settings.pruning, settings.budget, pairs)
        self._milestones = milestones(self._trainer.schedule, rungs)
        if config.get("checkpoint"):
            self.load_checkpoint(config["checkpoint"])

    def step(self) -> dict[str, Any]:
        """Train to the next milestone and report."""
        start = time.perf_counter()
        number = next(
            i for i, milestone in enumerate(self._milestones) if milestone.step > self._trainer.step
        )
        milestone = self._milestones[number]
        metrics: dict[str, float] = {}
        loss = failure = None
        try:
            loss = self._trainer.train_to(milestone.step)
            pools = POOLS if milestone.last else (self._space.objective.pool,)
            metrics = self._trainer.evaluate("validation", pools)
        except TrainingError as error:
            failure = str(error)
        return {
            "objective": metrics.get(self._space.objective.metric, math.nan),
            "outcome": Outcome(
                report=number,
                step=self._trainer.step,
                samples=self._trainer.samples,
                rung=milestone.rung,
                last=milestone.last,
                metrics=metrics,
                loss=loss,
                seconds=time.perf_counter() - start,
                failure=failure,
            ),
        }

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write the trial's state into a folder."""
        self._trainer.save(Path(checkpoint_dir) / STATE_FILE)

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Go on from a folder of `save_checkpoint`."""
        self._trainer.restore(Path(checkpoint) / STATE_FILE)
