"""The reading of the test split: the winner and its controls under the confirmation's seeds."""

import getpass
import logging
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from class_sweep.config.objective import metric_names, metric_resolution
from class_sweep.confirmation.paired_runs import Job, Trained, retrain
from class_sweep.errors import ResultsError, SweepError
from class_sweep.execution.context import SweepContext
from class_sweep.results.test_log import (
    ReadingDifference,
    ReadingPair,
    TestReading,
    append_reading,
    read_test_log,
)
from class_sweep.statistics.paired import PairedDifferences
from class_sweep.statistics.seeds_and_queries import intervals

log = logging.getLogger(__name__)

Runs = Mapping[tuple[str, int], Trained]
"""Arm and seed to the outcome of their run."""


def read_test(context: SweepContext) -> TestReading:
    """Train the winner and its controls under the confirmation's seeds and rank the test split.

    The reading is appended to `test.jsonl`. Every reading after the first gives a warning.

    Raises:
        ResultsError: If there is no winner.
        SweepError: If a run failed or was interrupted; no reading is then written.
    """
    folder = context.folder
    verdict = folder.read_verdict()
    winner = verdict.winner.arm
    if winner is None:
        raise ResultsError(f"the test split must be read by a winner, got none: {folder.verdict}")
    earlier = read_test_log(folder)
    if earlier:
        log.warning(
            "THE TEST SPLIT WAS READ BEFORE, on %s by %s: a second reading cannot test choices that"
            " were made since then",
            earlier[-1].at,
            earlier[-1].user,
        )
    pairs = [pair for pair in verdict.pairs if pair.finalist == winner]
    names = [winner, *(pair.arm for pair in pairs)]
    configs = {arm.arm: arm.config for arm in verdict.arms if arm.arm in names}
    jobs = [Job(arm, configs[arm], seed) for seed in verdict.seeds for arm in names]
    runs = _train(context, jobs)
    reading = TestReading(
        reading=len(earlier) + 1,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        user=f"{getpass.getuser()}@{platform.node()}",
        command=sys.argv,
        metric=context.space.objective.metric,
        winner=winner,
        confirmed=verdict.winner.confirmed,
        seeds=verdict.seeds,
        queries=len(context.prepared.pairs.rows("test")),
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


def _train(context: SweepContext, jobs: Sequence[Job]) -> Runs:
    runs: dict[tuple[str, int], Trained] = {}
    with context.stage("test"):
        for job, trained in retrain(context, jobs, "test"):
            if trained.reason:
                raise SweepError(f"{job.arm} failed under seed {job.seed}: {trained.reason}")
            runs[job.arm, job.seed] = trained
            context.callback.on_progress(len(runs), len(jobs))
    if context.stop.reason:
        raise context.stop.reason
    if len(runs) < len(jobs):
        raise SweepError("the reading of the test split was interrupted; nothing was written")
    return runs


def _means(runs: Sequence[Trained]) -> dict[str, float]:
    return {name: float(np.mean([run.metrics[name] for run in runs])) for name in metric_names()}


def _differences(
    runs: Runs, winner: str, control: str, seeds: Sequence[int]
) -> dict[str, ReadingDifference]:
    """Winner − control in every metric."""
    paired_runs = [[runs[arm, seed] for seed in seeds] for arm in (winner, control)]
    ranks = [
        {name: np.stack([run.ranks[name] for run in of_arm]) for name in of_arm[0].ranks}
        for of_arm in paired_runs
    ]
    over_queries = intervals(*ranks)
    queries = next(iter(ranks[0].values())).shape[1]
    differences = {}
    for name in metric_names():
        values = [[run.metrics[name] for run in of_arm] for of_arm in paired_runs]
        paired = PairedDifferences.of(values[0], values[1], metric_resolution(name, queries))
        differences[name] = ReadingDifference(
            difference=paired.mean, t=paired.interval(0.05), over_queries=over_queries[name]
        )
    return differences
