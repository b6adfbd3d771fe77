"""Checkpoints under Ray Tune: the reports that save one, and the removal of old ones."""

# ruff: noqa: ARG002 - Ray's signatures
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.result import SHOULD_CHECKPOINT

from class_sweep.execution.checkpoint_manager import CheckpointManager
from class_sweep.execution.checkpoints import checkpoint_name
from class_sweep.tuning.ledger import TrialLedger


def trial_name(trial: Trial) -> str:
    """The name of a trial's folder among Ray's own files."""
    return f"trial-{trial.config['trial']:04d}"


class Checkpoints(Callback):
    """Requests checkpoints of trials that continue, and removes checkpoints of ended trials.

    Ray Tune calls its scheduler before its callbacks, so the ledger has the report already.
    """

    def __init__(self, ledger: TrialLedger, manager: CheckpointManager) -> None:
        self._ledger = ledger
        self._manager = manager
        self._kept = {
            trial.number: checkpoint_name(trial.number, trial.identity)
            for trial in ledger.trials()
            if trial.last and not trial.state.ended
        }

    def __getstate__(self) -> dict[str, object]:
        """Save nothing: Ray Tune snapshots its callbacks, but the log is the state of a sweep."""
        return {}

    def on_trial_result(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        """Request a checkpoint of a trial that continues after this report."""
        if message := result.pop("checkpoint_error", None):
            self._manager.on_error(message)
        reported = self._ledger[trial.config["trial"]]
        result[SHOULD_CHECKPOINT] = not reported.state.ended
        if result[SHOULD_CHECKPOINT]:
            trial.config["reached"] = reported.step  # where another worker continues
            self._kept[reported.number] = trial.config["state"]

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """Drop the checkpoints of ended trials: of this trial, and of evicted paused trials."""
        if trial.config["reached"]:  # its worker may have saved one after the eviction
            self._kept.setdefault(trial.config["trial"], trial.config["state"])
        for number in [n for n in self._kept if self._ledger[n].state.ended]:
            self._manager.remove(self._kept.pop(number))

    on_trial_error = on_trial_complete
