"""The tuner's `tell` as a Ray Tune scheduler."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from class_sweep.base.faults import fault_in
from class_sweep.errors import StorageError
from class_sweep.execution.interrupts import StopRequest
from class_sweep.tuning.tuner import SweepTuner

if TYPE_CHECKING:
    from ray.tune.execution.tune_controller import TuneController


class TunerScheduler(FIFOScheduler):
    """Starts trials in the order of their suggestion and stops those that the tuner stops."""

    def __init__(self, tuner: SweepTuner, stop: StopRequest) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._tuner = tuner
        self._stop = stop
        self._halted: set[Trial] = set()  # trials that have reported since the stop request

    def __getstate__(self) -> dict[str, object]:
        """Save nothing: Ray Tune snapshots its scheduler, but the log is the state of a sweep."""
        return {}

    def choose_trial_to_run(self, tune_controller: "TuneController") -> Trial | None:
        """The next trial; none once the sweep is asked to stop."""
        if not self._stop.asked:
            chosen: Trial | None = super().choose_trial_to_run(tune_controller)
            return chosen
        alive = tune_controller.get_live_trials()  # type: ignore[no-untyped-call]
        running = (trial for trial in alive if trial.status == Trial.RUNNING)
        self._stop.ready = all(t in self._halted and not t.is_saving for t in running)
        return None

    def on_trial_result(
        self,
        tune_controller: "TuneController",  # noqa: ARG002 - Ray's signature
        trial: Trial,
        result: dict[str, Any],
    ) -> str:
        """Pass a report to the tuner. Trials never stop themselves, so every report comes here."""
        decision = self._tuner.tell(trial.config["trial"], result["report"])
        if decision != "continue":
            # A paused trial is stopped too. If it is promoted, it starts from its checkpoint.
            return TrialScheduler.STOP
        if self._stop.asked:
            self._halted.add(trial)
            return TrialScheduler.NOOP
        return TrialScheduler.CONTINUE

    def on_trial_error(
        self,
        tune_controller: "TuneController",  # noqa: ARG002
        trial: Trial,
    ) -> None:
        """Tell the tuner of a worker that died, or of an exception in it."""
        # Ray Tune would ask the dead process for its result, and the error would end the sweep.
        trial._default_result_or_future = None
        if trial.should_recover():  # type: ignore[no-untyped-call]
            return  # its machine was taken away with a notice, which costs no retry
        text = Path(trial.error_file).read_text(encoding="utf-8") if trial.error_file else ""
        reason = _reason(text)
        if fault := fault_in(text):  # no fault of the trial: it continues once the disk works
            raise StorageError(fault)
        self._tuner.worker_died(
            trial.config["trial"], reason, text, short_of_memory=_MEMORY_MONITOR in reason
        )


_MEMORY_MONITOR = "due to the node running low on memory"  # in Ray's message


def _reason(text: str) -> str:
    """The failure in Ray Tune's error file, in one line."""
    last = text.rpartition("Failure #")[2].partition("\n")[2]
    lines = [line.strip() for line in last.splitlines() if line.strip()]
    if any(line.startswith('File "') for line in lines):
        return lines[-1]  # the last line of a traceback
    return f"the trial's process died: {lines[0] if lines else 'it left no message'}"
