"""The tuner's `ask` as a Ray Tune searcher."""

from typing import Any

from ray.tune.search import Searcher

from class_sweep.execution.checkpoints import checkpoint_name
from class_sweep.tuning.tuner import NoTrial, SweepTuner


class TunerSearcher(Searcher):
    """Suggests the trials of a tuner. Reports go to the tuner through `TunerScheduler`."""

    def __init__(self, tuner: SweepTuner) -> None:
        super().__init__()
        self._tuner = tuner
        self._numbers: dict[str, int] = {}  # Ray Tune's id of a trial to the tuner's number

    def __getstate__(self) -> dict[str, object]:
        """Save nothing: Ray Tune snapshots its searcher, but the log is the state of a sweep."""
        return {}

    def set_max_concurrency(self, max_concurrent: int) -> bool:  # noqa: ARG002 - Ray's signature
        """Ignore Ray Tune's constant limit; the tuner's slots follow the cluster."""
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        """The config of the next trial; see `CurriculumTrial`."""
        trial = self._tuner.ask()
        if isinstance(trial, NoTrial):
            return self.FINISHED if trial is NoTrial.FINISHED else None
        self._numbers[trial_id] = trial.number
        return {
            "trial": trial.number,
            "values": trial.config,
            "state": checkpoint_name(trial.number, trial.identity),
            "reached": trial.step,
        }

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,  # noqa: ARG002 - the tuner has its report
        error: bool = False,  # noqa: ARG002
    ) -> None:
        """Release the worker. Ray Tune may complete a trial twice; the second time does nothing."""
        number = self._numbers.pop(trial_id, None)
        if number is not None:
            self._tuner.release(number)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Do nothing: the scheduler passes reports to the tuner."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the log and the study's file are the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing: the log and the study's file are the state."""
