"""`search.hours`: the plan of a sweep by measured costs, and the clock that it is held against."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import ray
from numpy.typing import NDArray

from class_sweep.config.document import Space
from class_sweep.errors import ConfigError
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.preparation.prepare import Prepared
from class_sweep.preparation.step_time import measure_costs, warm_up
from class_sweep.results import formatting
from class_sweep.results.callback import Callback, StartedTrial
from class_sweep.results.confirmation_log import ConfirmationLog
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.record import Record
from class_sweep.results.time_record import TimeRecord, busy_seconds
from class_sweep.training.features import TrialFeatures
from class_sweep.tuning.time_left import TimeLeft
from class_sweep.tuning.time_plan import Costs, SweepSize, plan_time, search_seconds

log = logging.getLogger(__name__)

AROUND = 6.0
"""Seconds of a command that no clock here sees: its imports, the report, the end of Ray."""
_MEASURED = 8  # trials at once


class TimeBudget:
    """The time of one sweep: its clock, its plan in `hours.json`, and what may still begin.

    Time is counted while the sweep runs: for earlier processes from their notes and the log, for
    this one by the clock, the preparation of the data included.
    """

    def __init__(
        self,
        record: TimeRecord,
        size: SweepSize,
        writer: ResultsWriter,
        slots: TrialSlots,
        begun: float,
    ) -> None:
        """Read the log.

        Args:
            record: The plan.
            size: The work of the sweep.
            writer: Writes the results folder.
            slots: How many trials run at once.
            begun: When this process began, by `time.monotonic`.
        """
        self._record, self._writer, self._begun = record, writer, begun
        self._earlier = max(record.used_seconds or 0.0, used_before(writer.folder))
        runs = size.space.settings.search.runs
        self.left = TimeLeft(
            size,
            costs_of(record),
            3600 * record.hours,
            lambda: self.used,
            lambda: max(1, slots(runs, StopRequest())),
        )
        writer.write_time(record)

    @property
    def used(self) -> float:
        """The seconds used."""
        return self._earlier + used_since(self._begun)

    @property
    def trials_wanted(self) -> int:
        """The number of trials of the sweep: those proposed once it has ended, else the plan's."""
        return self._record.trials_wanted

    def trials(self, proposed: int) -> int:
        """The number of trials that the sweep can have; see `TimeLeft.trials`."""
        if self._record.proposed is not None:
            return self._record.proposed
        return self.left.trials(proposed)

    def search_ended(self, proposed: int) -> None:
        """Note the number of trials, which is final from now on."""
        record = self._record
        if record.proposed is None and proposed < record.trials:
            log.warning(
                "search.hours: %d trials fitted into the time, %d were planned",
                proposed,
                record.trials,
            )
        self._write(proposed=proposed)

    def observing(self, callback: Callback) -> Callback:
        """A callback for the ledger that also tells this budget of each report."""
        return _Observing(self.left, callback)

    def close(self) -> TimeRecord:
        """Note the time that was used, and write it down."""
        self._write(used_seconds=round(self.used, 1))
        return self._record

    def _write(self, **changes: float) -> None:
        self._record = self._record.model_copy(update=changes)
        self._writer.write_time(self._record)


class _Observing(Callback):
    """Passes the events of the ledger on."""

    def __init__(self, left: TimeLeft, callback: Callback) -> None:
        self._left, self._callback = left, callback

    def on_trial_start(self, trial: StartedTrial) -> None:
        self._left.started(trial)
        self._callback.on_trial_start(trial)

    def on_report(self, record: Record) -> None:
        self._left.reported(record)
        self._callback.on_report(record)

    def on_logged_report(self, record: Record) -> None:
        self._left.logged(record)
        self._callback.on_logged_report(record)


def used_since(begun: float) -> float:
    """The seconds of a command whose stages began at a time of `time.monotonic`."""
    return AROUND + time.monotonic() - begun


def used_before(folder: ResultsFolder) -> float:
    """The seconds that earlier processes of a sweep trained, by its logs."""
    runs = ConfirmationLog(folder).runs().values() if folder.confirm.is_file() else ()
    return busy_seconds([*(folder.records() if folder.trials.is_file() else ()), *runs])


def costs_of(record: TimeRecord) -> Costs:
    """The costs that a plan was made by."""
    return Costs(
        step=record.step_seconds,
        evaluation=record.evaluation_seconds,
        start=record.start_seconds,
        machine=record.machine,
        worker=record.worker_seconds,
    )


def plan_hours(
    space: Space, prepared: Prepared, slots: TrialSlots, clock: Callable[[], float]
) -> TimeRecord:
    """Measure some steps on the workers and plan the sweep by them.

    Args:
        space: The space, with `search.hours`.
        prepared: The data and the features.
        slots: How many trials run at once.
        clock: The seconds that the sweep has used.

    Raises:
        ConfigError: If the hours are too few for the fewest trials.
    """
    hours = space.settings.search.hours or 0.0
    size = SweepSize.of(space, len(prepared.features.rows("train")))
    at_once = slots(space.settings.search.runs, StopRequest())
    costs = measure_at_once(space, prepared.features, min(at_once, _MEASURED))
    plan = plan_time(size, costs, at_once, 3600 * hours - clock())
    if plan is None:
        needed = clock() + costs.worker + search_seconds(size, size.least, costs, at_once)
        raise ConfigError(
            f"{space.place('search.hours')}: must hold the fewest trials ({size.least}), which take"
            f" about {formatting.seconds(needed)} with the preparation on {costs.machine}, got"
            f" {hours:g} ({formatting.seconds(3600 * hours)}); write {rounded_up(needed)} or more"
        )
    if space.settings.confirms and not plan.seeds:
        log.warning("search.hours: no confirmation fits beside the trials; none is planned")
    return TimeRecord(
        hours=hours,
        machine=costs.machine,
        step_seconds=costs.step,
        evaluation_seconds=costs.evaluation,
        start_seconds=costs.start,
        worker_seconds=costs.worker,
        trials=plan.trials,
        seeds=plan.seeds,
        search_seconds=round(plan.search_seconds, 1),
        confirm_seconds=round(plan.confirm_seconds, 1),
    )


def rounded_up(seconds: float) -> str:
    """Hours of two digits that hold some seconds and a fifth more."""
    return f"{1.2 * seconds / 3600:.2g}"


def measure_at_once(space: Space, features: TrialFeatures, trials: int) -> Costs:
    """The mean costs of some trials that run at once: they share cores, caches or a GPU."""
    resources = space.settings.resources
    task = ray.remote(_measure).options(num_cpus=resources.cpus, num_gpus=resources.gpus)
    arrays, begun = ray.put(features.arrays()), time.monotonic()
    pending = [task.remote(arrays, space) for _ in range(max(1, trials))]
    measured: list[tuple[Costs, float]] = ray.get(pending)
    outside = time.monotonic() - begun - max(seconds for _, seconds in measured)
    return _mean([costs for costs, _ in measured], max(0.0, outside))


def _mean(costs: Sequence[Costs], worker: float) -> Costs:
    return replace(
        costs[0],
        step=fmean(c.step for c in costs),
        evaluation=fmean(c.evaluation for c in costs),
        start=fmean(c.start for c in costs),
        worker=worker,
    )


def _measure(arrays: dict[str, NDArray[Any]], space: Space) -> tuple[Costs, float]:
    """The costs of one trial, and the seconds in which they were measured."""
    features, gpu = TrialFeatures.from_arrays(arrays), space.settings.resources.gpus > 0
    warm_up(space, features, gpu=gpu)
    begun = time.monotonic()
    costs = measure_costs(space, features, gpu=gpu)
    return costs, time.monotonic() - begun
