"""The judge as a Ray Tune scheduler."""

from typing import TYPE_CHECKING, Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from class_sweep.results.store import ResultsFolder
from class_sweep.sweep.judge import Judge

if TYPE_CHECKING:
    from ray.tune.execution.tune_controller import TuneController


class JudgeScheduler(FIFOScheduler):
    """Starts trials in the order they come and stops those that the judge stops."""

    def __init__(self, judge: Judge, folder: ResultsFolder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._judge = judge
        self.folder = folder

    def on_trial_result(
        self,
        tune_controller: "TuneController",  # noqa: ARG002 - Ray's signature
        trial: Trial,
        result: dict[str, Any],
    ) -> str:
        """Judge a report. Trials never stop themselves, so every one of them comes through here."""
        decision = self._judge.receive(trial.config["trial"], result["outcome"])
        return TrialScheduler.CONTINUE if decision == "continue" else TrialScheduler.STOP

    def on_trial_error(
        self,
        tune_controller: "TuneController",  # noqa: ARG002
        trial: Trial,
    ) -> None:
        """Keep the traceback of a trial that raised or whose process died."""
        number = trial.config["trial"]
        traceback = str(trial.get_error() or "the trial's process died without a word")
        self.folder.errors.mkdir(exist_ok=True)
        (self.folder.errors / f"trial-{number:04d}.txt").write_text(traceback, encoding="utf-8")
        lines = [line.strip() for line in traceback.splitlines() if line.strip()]
        self._judge.fail(number, lines[-1])
