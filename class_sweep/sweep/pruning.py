"""The judge as a Ray Tune scheduler."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from class_sweep.sweep.judge import Judge

if TYPE_CHECKING:
    from ray.tune.execution.tune_controller import TuneController


class JudgeScheduler(FIFOScheduler):
    """Starts trials in the order they come and stops those that the judge stops."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.judge = judge

    def on_trial_result(
        self,
        tune_controller: "TuneController",
        trial: Trial,
        result: dict[str, Any],
    ) -> str:
        """Judge a report. Trials never stop themselves, so every one of them comes through here."""
        decision = self.judge.receive(trial.config["trial"], result["outcome"])
        if decision != "continue":
            return TrialScheduler.STOP
        # Before it trains on; a trial that ends here needs no checkpoint, and writes none.
        tune_controller._schedule_trial_save(trial)
        return TrialScheduler.CONTINUE

    def on_trial_error(
        self,
        tune_controller: "TuneController",  # noqa: ARG002
        trial: Trial,
    ) -> None:
        """Give a trial up whose process died more often than it may be started anew."""
        if trial.should_recover():  # type: ignore[no-untyped-call]
            return
        text = Path(trial.error_file).read_text(encoding="utf-8") if trial.error_file else ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        reason = lines[-1] if lines else "it left no message"
        self.judge.fail(trial.config["trial"], f"the trial's process died: {reason}", text)
