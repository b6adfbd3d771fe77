"""The test split, read by a confirmation's winner and its controls, and who read it when."""

import getpass
import logging
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from class_sweep.config.document import Space
from class_sweep.config.objective import metric_names
from class_sweep.confirmation.paired_runs import Job, Trained, retrain
from class_sweep.errors import ResultsError, SweepError
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.preparation.prepare import Clock, Prepared
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.test_log import (
    ReadingDifference,
    ReadingPair,
    TestReading,
    append_reading,
    read_test_log,
)
from class_sweep.statistics.paired import Paired
from class_sweep.statistics.two_way_bootstrap import intervals

log = logging.getLogger(__name__)


def read_test(
    space: Space,
    writer: ResultsWriter,
    prepared: Prepared,
    clock: Clock,
    callback: Callback,
    slots: TrialSlots,
) -> TestReading:
    """Train the winner and its controls under the confirmation's seeds and rank the test split.

    Every reading is written down in `test.jsonl`, and one that is not the first is warned of.

    Returns:
        The reading, as written.

    Raises:
        ResultsError: If there is no winner.
        SweepError: If a run failed, or the reading was interrupted; then nothing was read.
    """
    folder = writer.folder
    verdict = folder.read_verdict()
    winner = verdict.winner.arm
    if winner is None:
        raise ResultsError(f"the test split is read by a winner, got none: {folder.verdict}")
    earlier = read_test_log(folder)
    if earlier:
        log.warning(
            "THE TEST SPLIT WAS READ BEFORE, on %s by %s: what was chosen since is not tested by"
            " reading it again",
            earlier[-1].at,
            earlier[-1].user,
        )
    pairs = [pair for pair in verdict.pairs if pair.finalist == winner]
    names = [winner, *(pair.arm for pair in pairs)]
    configs = {arm.arm: arm.config for arm in verdict.arms if arm.arm in names}
    jobs = [Job(arm, configs[arm], seed) for seed in verdict.seeds for arm in names]
    runs = _train(jobs, space, prepared, clock, callback, slots)
    reading = TestReading(
        reading=len(earlier) + 1,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        user=f"{getpass.getuser()}@{platform.node()}",
        command=sys.argv,
        metric=space.objective.metric,
        winner=winner,
        confirmed=verdict.winner.confirmed,
        seeds=verdict.seeds,
        queries=len(prepared.pairs.rows("test")),
        arms={arm: _means([runs[arm, seed] for seed in verdict.seeds]) for arm in names},
        pairs=[
            ReadingPair(
                control=pair.control,
                arm=pair.arm,
                metrics=_differences(runs, winner, pair.arm, verdict.seeds),
            )
            for pair in pairs
        ],
    )
    append_reading(folder, reading)
    return reading


def _train(
    jobs: list[Job],
    space: Space,
    prepared: Prepared,
    clock: Clock,
    callback: Callback,
    slots: TrialSlots,
) -> dict[tuple[str, int], Trained]:
    found: dict[tuple[str, int], Trained] = {}
    stop = StopRequest()
    with clock.stage("test", callback), stop.listening(callback.on_stop):
        for job, trained in retrain(jobs, space, prepared.shared, "test", stop, slots):
            if trained.reason:
                raise SweepError(f"{job.arm} failed under seed {job.seed}: {trained.reason}")
            found[job.arm, job.seed] = trained
            callback.on_progress(len(found), len(jobs))
    if stop.reason:
        raise stop.reason
    if len(found) < len(jobs):
        raise SweepError("the reading of the test split was interrupted; nothing was written")
    return found


def _means(runs: list[Trained]) -> dict[str, float]:
    return {name: float(np.mean([run.metrics[name] for run in runs])) for name in metric_names()}


def _differences(
    runs: Mapping[tuple[str, int], Trained], winner: str, control: str, seeds: list[int]
) -> dict[str, ReadingDifference]:
    """Winner − control in every metric."""
    paired_runs = [[runs[arm, seed] for seed in seeds] for arm in (winner, control)]
    ranks = [
        {name: np.stack([run.ranks[name] for run in of_arm]) for name in of_arm[0].ranks}
        for of_arm in paired_runs
    ]
    bootstrap = intervals(*ranks)
    differences = {}
    for name in metric_names():
        paired = Paired.of(*([run.metrics[name] for run in of_arm] for of_arm in paired_runs))
        differences[name] = ReadingDifference(
            difference=paired.mean, t=paired.interval(0.05), bootstrap=bootstrap[name]
        )
    return differences
