"""Where trials' checkpoints are, which of them are worth writing, and when they go."""

# ruff: noqa: ARG002 - Ray's signatures
import shutil
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.result import SHOULD_CHECKPOINT

from class_sweep.results.store import ResultsFolder
from class_sweep.sweep.judge import Judge
from class_sweep.training.checkpoint import STATE_FILE

TUNE_FOLDER = "tune"  # Ray's own files, below the results folder, gone when the sweep is done


def trial_name(trial: Trial) -> str:
    """The name of a trial's folder."""
    return _named(trial.config["trial"])


def _named(number: int) -> str:
    return f"trial-{number:04d}"


def last_checkpoint(folder: ResultsFolder, trial: int) -> str | None:
    """The folder of a trial's newest checkpoint, of this run of the sweep or an earlier one."""
    states = folder.path.glob(f"{TUNE_FOLDER}/{_named(trial)}/checkpoint_*/{STATE_FILE}")
    newest = max(states, key=lambda path: path.stat().st_mtime_ns, default=None)
    return str(newest.parent.resolve()) if newest else None


class Checkpoints(Callback):
    """Has a checkpoint written where a trial goes on, and drops its folder when it has ended."""

    def __init__(self, judge: Judge, folder: ResultsFolder) -> None:
        self._judge = judge
        self._folder = folder.path / TUNE_FOLDER

    def __getstate__(self) -> dict[str, object]:
        """Nothing: Tune snapshots its parts."""
        return {}

    def on_trial_result(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        """Ask for a checkpoint of a trial that goes on from this report."""
        result[SHOULD_CHECKPOINT] = not self._judge.last[trial.config["trial"]].ended

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """Drop what an ended trial left."""
        record = self._judge.last.get(trial.config["trial"])
        if record is not None and record.ended:  # else it was only interrupted
            shutil.rmtree(self._folder / trial_name(trial), ignore_errors=True)

    on_trial_error = on_trial_complete
