"""`search.hours`: the plan of a sweep by measured steps, and the time that is left."""

import logging
import time
from collections.abc import Callable
from statistics import fmean
from typing import Any

import ray
from numpy.typing import NDArray

from class_sweep.config.document import Space
from class_sweep.curriculum.schedule import full_data_samples
from class_sweep.errors import ConfigError
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.preparation.prepare import Prepared
from class_sweep.preparation.step_time import measure_steps
from class_sweep.results import formatting
from class_sweep.results.callback import Callback, StartedTrial
from class_sweep.results.confirmation_log import ConfirmationLog
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.record import Record
from class_sweep.results.time_record import TimeRecord, busy_seconds
from class_sweep.training.features import TrialFeatures
from class_sweep.tuning.milestones import Rungs
from class_sweep.tuning.time_plan import StepTime, SweepSize, plan_time

log = logging.getLogger(__name__)

_MEASURED = 8  # trials at once
_PRIOR = 0.1  # weight of the measured rate, in parts of the planned search
_SLACK = 0.05  # of the time, by which the last look of a confirmation may exceed it
_KNOWN = 3  # ended trials, from which their mean is known


class TimeBudget:
    """The time of one sweep: what may still begin in it.

    Time is counted while the sweep runs: for earlier processes from the log, for this one by the
    clock, the preparation of the data included.
    """

    def __init__(
        self,
        record: TimeRecord,
        size: SweepSize,
        writer: ResultsWriter,
        begun: float,
    ) -> None:
        """Read the log.

        Args:
            record: The plan.
            size: The samples of the planned sweep.
            writer: Writes the results folder.
            begun: When this process began, by `time.monotonic`.
        """
        self._record, self._size, self._writer, self._begun = record, size, writer, begun
        self._earlier = used_before(writer.folder)
        self._samples: dict[int, int] = {}  # by trial, as trained
        self._ended: dict[int, int] = {}  # by trial: the samples of its end
        self._logged = 0
        self._search_began: float | None = None
        writer.write_time(record)

    @property
    def trials_wanted(self) -> int:
        """The number of trials of the sweep, as far as it is known now."""
        return self._record.trials_wanted

    @property
    def used(self) -> float:
        """The seconds used."""
        return self._earlier + time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """The seconds left; negative when the time is up."""
        return 3600 * self._record.hours - self.used

    @property
    def rate(self) -> float:
        """The samples in a second of all trials at once: as measured, then as the log shows."""
        if self._search_began is None:
            return self._record.samples_per_second
        prior = _PRIOR * self._record.search_seconds
        seen = sum(self._samples.values()) - self._logged
        elapsed = time.monotonic() - self._search_began
        return (prior * self._record.samples_per_second + seen) / (prior + elapsed)

    def trials(self, proposed: int) -> int:
        """The number of trials to propose; it falls to `proposed` when no further one fits."""
        record = self._record
        if record.proposed is None and self._size.least <= proposed < record.trials:
            planned = self._size.confirmation(record.seeds) / self.rate
            if self._needed(proposed + 1) / self.rate > self.left - planned:
                self._record = record.model_copy(update={"proposed": proposed})
                self._writer.write_time(self._record)
                log.warning(
                    "search.hours: no trial after the first %d is proposed (%d were planned): the"
                    " others and the confirmation take the %s that are left",
                    proposed,
                    record.trials,
                    formatting.seconds(max(0.0, self.left)),
                )
        return self.trials_wanted

    def fits(self, samples: int) -> bool:
        """Whether more training fits."""
        return samples / self.rate <= self.left + _SLACK * 3600 * self._record.hours

    def observing(self, callback: Callback) -> Callback:
        """A callback for the ledger that also tells this budget of each report."""
        return _Observing(self, callback)

    def close(self) -> TimeRecord:
        """Note the time that was used, and write it down."""
        self._record = self._record.model_copy(update={"used_seconds": round(self.used, 1)})
        self._writer.write_time(self._record)
        return self._record

    def add(self, record: Record, *, logged: bool) -> None:
        """Count a report."""
        if record.same_as is None:
            new = max(0, record.samples - self._samples.get(record.trial, 0))
            self._samples[record.trial] = self._samples.get(record.trial, 0) + new
            self._logged += new if logged else 0
        if record.ended:
            self._ended[record.trial] = 0 if record.same_as is not None else record.samples

    def search_began(self) -> None:
        """Note the start of a trial: the rate counts from the first."""
        self._search_began = self._search_began or time.monotonic()

    def _needed(self, trials: int) -> float:
        """The samples that are still to be trained if so many trials are proposed."""
        expected: float | None = self._size.proposed(trials)
        if expected is None:
            known = len(self._ended) >= _KNOWN
            expected = trials * (fmean(self._ended.values()) if known else self._size.full)
        return max(0.0, expected - sum(self._samples.values()))


class _Observing(Callback):
    """Passes the events of the ledger on."""

    def __init__(self, budget: TimeBudget, callback: Callback) -> None:
        self._budget, self._callback = budget, callback

    def on_trial_start(self, trial: StartedTrial) -> None:
        self._budget.search_began()
        self._callback.on_trial_start(trial)

    def on_report(self, record: Record) -> None:
        self._budget.add(record, logged=False)
        self._callback.on_report(record)

    def on_logged_report(self, record: Record) -> None:
        self._budget.add(record, logged=True)
        self._callback.on_logged_report(record)


def used_before(folder: ResultsFolder) -> float:
    """The seconds that earlier processes of a sweep trained, by its logs."""
    runs = ConfirmationLog(folder).runs().values() if folder.confirm.is_file() else ()
    return busy_seconds([*(folder.records() if folder.trials.is_file() else ()), *runs])


def sweep_size(space: Space, pairs: int) -> SweepSize:
    """The samples of a sweep over `pairs` training pairs."""
    settings = space.settings
    full = full_data_samples(pairs, settings.optimizer.batch_size, settings.budget)
    return SweepSize(space, Rungs.of(space, pairs), full)


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
    size = sweep_size(space, len(prepared.features.rows("train")))
    at_once = slots(space.settings.search.runs, StopRequest())
    measured = _measure_at_once(space, prepared.features, min(at_once, _MEASURED))
    steps = size.full // space.settings.optimizer.batch_size
    one = measured.trial(steps, 1 + len(size.rungs.samples))
    rate = at_once * size.full / one
    plan = plan_time(size, rate, 3600 * hours - clock())
    if plan is None:
        least = size.search(size.least) or size.least * size.full
        needed = clock() + max(one, least / rate)
        raise ConfigError(
            f"{space.place('search.hours')}: must hold the fewest trials ({size.least}), which take"
            f" about {formatting.seconds(needed)} with the preparation on {measured.machine}, got"
            f" {hours:g} ({formatting.seconds(3600 * hours)}); write {needed / 3600:.2g} or more"
        )
    if space.settings.confirms and not plan.seeds:
        log.warning("search.hours: no confirmation fits beside the trials; none is planned")
    return TimeRecord(
        hours=hours,
        machine=measured.machine,
        samples_per_second=round(rate, 1),
        trials=plan.trials,
        seeds=plan.seeds,
        search_seconds=round(plan.search_seconds, 1),
        confirm_seconds=round(plan.confirm_seconds, 1),
    )


def _measure_at_once(space: Space, features: TrialFeatures, trials: int) -> StepTime:
    """The mean speed of some trials that run at once: they share cores, caches or a GPU."""
    resources = space.settings.resources
    task = ray.remote(_measure).options(num_cpus=resources.cpus, num_gpus=resources.gpus)
    arrays = ray.put(features.arrays())
    times: list[StepTime] = ray.get([task.remote(arrays, space) for _ in range(max(1, trials))])
    return StepTime(
        fmean(t.step for t in times), fmean(t.evaluation for t in times), times[0].machine
    )


def _measure(arrays: dict[str, NDArray[Any]], space: Space) -> StepTime:
    features = TrialFeatures.from_arrays(arrays)
    return measure_steps(space, features, gpu=space.settings.resources.gpus > 0)
