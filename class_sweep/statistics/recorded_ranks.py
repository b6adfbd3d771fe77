"""The ranks of a confirmation, held against the metrics that its log has."""

import math
from collections.abc import Iterable
from itertools import product

import numpy as np

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, POOLS, metric_name, ranking_name
from class_sweep.errors import ResultsError
from class_sweep.results.confirmation_log import ConfirmationLog, ConfirmationRun, Ranks

_TOLERANCE = 1e-6  # relative; the ranks of a file are exact


def require_ranks_fit(log: ConfirmationLog, runs: Iterable[ConfirmationRun]) -> None:
    """Check that the metrics of finished runs are those of their ranks, where there are ranks.

    Args:
        log: The log, with the files of ranks.
        runs: Runs of the log.

    Raises:
        ResultsError: If the ranks of a run are damaged, or give another metric.
    """
    for run in runs:
        if run.reason is not None or not log.ranks_path(run.identity).is_file():
            continue
        for name, value in _metrics(log.ranks(run.identity)).items():
            logged = run.metrics.get(name)
            if logged is not None and not math.isclose(value, logged, rel_tol=_TOLERANCE):
                raise ResultsError(
                    f"a metric must be that of its ranks: {name} of {run.arm} under seed {run.seed}"
                    f" is {logged:.6g} in {log.path}, and {log.ranks_path(run.identity)} gives"
                    f" {value:.6g}; restore both files from a copy, or remove the ranks and the"
                    " lines from this run on, and continue with `class-sweep confirm`"
                )


def _metrics(ranks: Ranks) -> dict[str, float]:
    """The metrics of each direction; their means over both directions."""
    metrics: dict[str, float] = {}
    for pool, metric in product(POOLS, METRICS):
        means = [
            float(METRICS.load(metric)(ranks[name].astype(np.float64)).mean())
            for name in (ranking_name(pool, direction) for direction in DIRECTIONS)
            if name in ranks
        ]
        if len(means) == len(DIRECTIONS):
            names = [metric_name(pool, metric, direction) for direction in DIRECTIONS]
            metrics |= dict(zip(names, means, strict=True))
            metrics[metric_name(pool, metric)] = sum(means) / len(means)
    return metrics
