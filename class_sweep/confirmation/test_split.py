"""The test split, read by a confirmation's winner and its controls, and who read it when."""

import getpass
import json
import logging
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from class_sweep.base.jsonl import LineLog, whole_lines
from class_sweep.config.document import Space
from class_sweep.config.objective import metric_names
from class_sweep.confirmation.paired_runs import Job, Trained, retrain
from class_sweep.errors import ResultsError, SweepError
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.preparation.prepare import Clock, Prepared
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder, ResultsWriter
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
) -> dict[str, Any]:
    """Train the winner and its controls under the confirmation's seeds and rank the test split.

    Every reading is written down in `test.jsonl`, and one that is not the first is warned of.

    Returns:
        The reading, as written.

    Raises:
        ResultsError: If there is no winner.
        SweepError: If a run failed, or the reading was interrupted; then nothing was read.
    """
    folder = writer.folder
    tree = folder.read_verdict()
    winner = tree["winner"]["arm"]
    if winner is None:
        raise ResultsError(f"the test split is read by a winner, got none: {folder.verdict}")
    before = readings(folder)
    if before:
        log.warning(
            "THE TEST SPLIT WAS READ BEFORE, on %s by %s: what was chosen since is not tested by"
            " reading it again",
            before[-1]["at"],
            before[-1]["user"],
        )
    pairs = [pair for pair in tree["pairs"] if pair["finalist"] == winner]
    names = [winner, *(pair["arm"] for pair in pairs)]
    configs = {one["arm"]: one["config"] for one in tree["arms"] if one["arm"] in names}
    jobs = [Job(arm, configs[arm], seed) for seed in tree["seeds"] for arm in names]
    found = _train(jobs, space, prepared, clock, callback, slots)
    reading = {
        "reading": len(before) + 1,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "user": f"{getpass.getuser()}@{platform.node()}",
        "command": sys.argv,
        "metric": space.objective.metric,
        "winner": winner,
        "confirmed": tree["winner"]["confirmed"],
        "seeds": tree["seeds"],
        "queries": len(prepared.pairs.rows("test")),
        "arms": {arm: _means([found[arm, seed] for seed in tree["seeds"]]) for arm in names},
        "pairs": [
            {"control": pair["control"], "arm": pair["arm"]}
            | {"metrics": _differences(found, winner, pair["arm"], tree["seeds"])}
            for pair in pairs
        ],
    }
    lines = LineLog(folder.tests)
    lines.append(json.dumps(reading, ensure_ascii=False, allow_nan=False))
    lines.close()
    return reading


def readings(folder: ResultsFolder) -> list[dict[str, Any]]:
    """Every reading of the test split so far."""
    return [json.loads(line) for _, line in whole_lines(folder.tests)]


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
    found: Mapping[tuple[str, int], Trained], one: str, other: str, seeds: list[int]
) -> dict[str, Any]:
    """Winner − control for every metric, with 95 % intervals: paired t, and bootstrap."""
    runs = [[found[arm, seed] for seed in seeds] for arm in (one, other)]
    ranks = [
        {name: np.stack([run.ranks[name] for run in some]) for name in some[0].ranks}
        for some in runs
    ]
    drawn = intervals(*ranks)
    tree = {}
    for name in metric_names():
        paired = Paired.of(*([run.metrics[name] for run in some] for some in runs))
        tree[name] = {"difference": paired.mean, "t": paired.interval(0.05)}
        tree[name]["bootstrap"] = drawn[name]
    return tree
