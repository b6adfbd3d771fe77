"""The tuner of a space over a log and a study, for every back end."""

from collections.abc import Callable, Sequence

from class_sweep.config.document import Space
from class_sweep.config.sections import Settings
from class_sweep.curriculum.schedule import Schedule
from class_sweep.results.callback import Callback
from class_sweep.results.record import Record
from class_sweep.results.warm_start import COLD, WarmStart
from class_sweep.tuning.ledger import TrialLedger, TrialLog
from class_sweep.tuning.milestones import Rungs
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import MemoryStorage
from class_sweep.tuning.tuner import Limits, SweepTuner


def restored_tuner(  # noqa: PLR0913 - the parts of a sweep
    space: Space,
    pairs: int,
    *,
    storage: MemoryStorage,
    log: TrialLog,
    records: Sequence[Record],
    plan_of: Callable[[Settings], str],
    callback: Callback,
    limits: Limits,
    warm_start: WarmStart = COLD,
) -> SweepTuner:
    """The tuner of a sweep, with what its log and its study have so far.

    Args:
        space: The search space.
        pairs: The number of training pairs.
        storage: Where the study is kept.
        log: Where new records are written.
        records: The log so far.
        plan_of: Returns the plan of settings, equal for trials whose training steps are equal.
        callback: Receives the reports.
        limits: How many trials run at once, and when a trial has failed.
        warm_start: What the sweep took from earlier sweeps.
    """
    rungs = Rungs.of(space, pairs)
    study = OptunaStudy(
        space,
        storage,
        plan_of=plan_of,
        rungs=rungs.samples,
        steps_of=(lambda trial: rungs.steps(Schedule.of(trial, pairs)))
        if rungs.fractions
        else None,
        pairs=pairs,
        warm_start=warm_start,
    )
    study.restore(records)
    return SweepTuner(
        space.objective,
        study,
        TrialLedger(log, callback),
        PrunerGroups.of(space, len(rungs.samples)),
        records=records,
        limits=limits,
    )
