"""The Ray Tune trainable: trains independent trials one after another in one process.

A worker imports this module: torch, numpy, pydantic and `ray.tune` (which itself requires pandas),
but no tokenizer, no chemistry and no scikit-learn.
"""

import ctypes
import math
import time
import traceback
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from ray.train._internal.session import _TrainingResult
from ray.tune import Trainable

from class_sweep.config.document import Space
from class_sweep.config.objective import POOLS
from class_sweep.errors import ClassSweepError, TrainingError
from class_sweep.execution.checkpoints import CheckpointStore, restored
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer
from class_sweep.training.replicas import Replicas
from class_sweep.tuning.milestones import Rungs, milestones
from class_sweep.tuning.trial import TrialReport

_FLUSH_SECONDS = 8.0  # for the uploads of a worker that ends; Ray Tune allows about ten

# An evaluation frees memory of the size of a corpus, which glibc would not return.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


class CurriculumTrial(Trainable):
    """Trains one configuration from rung to rung; `reset_config` starts the next one afresh.

    The config of a trial: `trial` (its number), `values` (dotted path to value), `state` (the name
    of its checkpoint) and `reached` (the step of its last report in the log, 0 before the first).
    """

    def setup(  # type: ignore[override]
        self,
        config: dict[str, Any],
        space: Space,
        features: dict[str, np.ndarray],
        gpu: bool,
        checkpoints: CheckpointStore,
    ) -> None:
        """Attach the shared arrays, once per worker, and begin the first trial."""
        # By default torch uses every core, and trials that share cores wait for each other's
        # threads. Ray's own limit comes too late for a worker that has already imported torch.
        torch.set_num_threads(space.settings.resources.threads)
        self._space = space
        self._features = TrialFeatures.from_arrays(features)
        self._gpu = gpu
        self._replicas = Replicas.of(space.settings.resources, gpu=gpu)
        self._checkpoints = checkpoints
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in this process."""
        self._discard_if_ended()
        self._begin(new_config)
        return True

    def _begin(self, config: dict[str, Any]) -> None:
        self._config = config
        self._trainer: Trainer | None = None
        self._saved = False  # whether a checkpoint was saved since the last report

    def _start(self) -> Trainer:
        """The trial's trainer, made at its first use, so that the trial reports its errors."""
        if self._trainer is not None:
            return self._trainer
        config = self._config
        settings = self._space.resolve(config["values"])

        def make() -> Trainer:
            return Trainer(settings, self._features, gpu=self._gpu, replicas=self._replicas)

        if config["reached"]:
            # A checkpoint ahead of a log that has lost lines: its reports must be made again.
            trainer = restored(make, self._checkpoints, config["state"], config["reached"])
        else:
            trainer = make()
        rungs = Rungs.of(self._space, trainer.schedule.pairs)
        self._milestones = milestones(trainer.schedule, rungs.steps(trainer.schedule))
        self._trainer = trainer
        return trainer

    def step(self) -> dict[str, Any]:
        """Train to the next milestone and report.

        A permanent failure is reported too, and the worker continues. Any other failure is raised,
        and the trial is retried in another process.
        """
        start = time.perf_counter()
        self._saved = False
        try:
            report = self._advance()
        except TrainingError as error:
            report = self._failure(str(error), None)
        except ClassSweepError as error:
            reason = f"{type(error).__name__}: {error}"
            report = self._failure(reason, traceback.format_exc())
        except torch.OutOfMemoryError:
            report = self._failure(self._out_of_memory(), traceback.format_exc())
            self._trainer = None
            torch.cuda.empty_cache()
        if _trim:
            _trim(0)
        report = replace(report, seconds=time.perf_counter() - start)
        value = report.metrics.get(self._space.objective.metric, math.nan)
        return {"objective": value, "report": report, "checkpoint_error": self._checkpoints.error}

    def _advance(self) -> TrialReport:
        trainer = self._start()
        number, milestone = next(
            (i, m) for i, m in enumerate(self._milestones) if m.step > trainer.step
        )
        loss = trainer.train_to(milestone.step)
        pools = POOLS if milestone.last else (self._space.objective.pool,)
        if milestone.last:
            self._features.require_unaltered()
        return TrialReport(
            report=number,
            step=trainer.step,
            samples=trainer.samples,
            rung=milestone.rung,
            last=milestone.last,
            metrics=trainer.evaluate("validation", pools),
            loss=loss,
        )

    def _out_of_memory(self) -> str:
        settings = self._space.resolve(self._config["values"])
        share = f" on {settings.resources.gpus:g} of one" if settings.resources.gpus < 1 else ""
        return (
            f"the GPU must hold a training step, got out of memory{share} with"
            f" optimizer.batch_size {settings.optimizer.batch_size}; set optimizer.micro_batch_size"
            " below it, or raise resources.gpus"
        )

    def _failure(self, reason: str, trace: str | None) -> TrialReport:
        trainer = self._trainer
        step, samples = (trainer.step, trainer.samples) if trainer else (0, 0)
        done = sum(m.step <= step for m in self._milestones) if trainer else 0
        return TrialReport(
            report=done, step=step, samples=samples, rung=None, last=False, metrics={},
            loss=None, failure=reason, traceback=trace,
        )  # fmt: skip

    def save(self, checkpoint_dir: str | None = None) -> _TrainingResult:  # noqa: ARG002
        """Save a checkpoint that any node can continue from.

        Ray Tune gets no checkpoint, because the trial would wait until all nodes can see it. If
        this worker dies, the trial's config tells another worker which report to continue from.
        """
        self._checkpoints.save(self._config["state"], self._start().save)
        self._saved = True
        return _TrainingResult(checkpoint=None, metrics={})

    def cleanup(self) -> None:
        """End the replicas, and wait until the checkpoints are uploaded."""
        self._discard_if_ended()
        self._replicas.close()
        self._checkpoints.flush(_FLUSH_SECONDS)

    def _discard_if_ended(self) -> None:
        """Drop the checkpoint of a trial that has ended: it is not saved after the last report."""
        if not self._saved:
            self._checkpoints.discard(self._config["state"])
