"""Ray Tune's part in the checkpoints: which reports save one, and when they are removed."""

# ruff: noqa: ARG002 - Ray's signatures
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.result import SHOULD_CHECKPOINT

from class_sweep.execution.checkpoint_manager import CheckpointManager
from class_sweep.execution.checkpoints import checkpoint_name
from class_sweep.tuning.ledger import Judge


def trial_name(trial: Trial) -> str:
    """The name of a trial's folder among Ray's own files."""
    return f"trial-{trial.config['trial']:04d}"


class Checkpoints(Callback):
    """Has a checkpoint kept where a trial goes on, and dropped when it has ended."""

    def __init__(self, judge: Judge, manager: CheckpointManager) -> None:
        self._judge = judge
        self._manager = manager
        self._kept = {
            number: checkpoint_name(number, record.identity)
            for number, record in judge.last.items()
            if not record.ended
        }

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
        if message := result.pop("checkpoint_error", None):
            self._manager.on_error(message)
        number = trial.config["trial"]
        result[SHOULD_CHECKPOINT] = not self._judge.last[number].ended
        if result[SHOULD_CHECKPOINT]:
            # For another worker, should this one die.
            trial.config["reached"] = self._judge.last[number].step
            self._kept[number] = trial.config["state"]

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """Drop what ended trials left: this one, and paused ones whose place it took."""
        if trial.config["reached"]:  # what it still wrote as another took its place
            self._kept.setdefault(trial.config["trial"], trial.config["state"])
        for number in [n for n in self._kept if self._judge.last[n].ended]:
            self._manager.remove(self._kept.pop(number))

    on_trial_error = on_trial_complete
