"""What `check` says about a confirmation before it: its objective, and what it can show."""

import math

from scipy.special import ndtri

from class_sweep.config.confirm import LOOKS
from class_sweep.config.document import Space
from class_sweep.config.objective import metric_of
from class_sweep.statistics.comparisons import RESERVE
from class_sweep.statistics.interim_looks import ALPHA, ALPHA_SHARES, BETTER_SHARE
from class_sweep.statistics.paired import upper_quantile

POWER = 0.8
_ALL_POINTS = 100
_LARGEST_VARIANCE = 0.5  # of the difference of two independent values in [0, 1], at 0 or 1


def confirmation_notes(space: Space, queries: int) -> list[str]:
    """Notes on the objective and on the differences that a confirmation can show.

    Args:
        space: The search space.
        queries: Q, the queries of validation.
    """
    wanted = space.settings.confirm
    if not wanted.finalists or space.settings.search.record is not None:
        return []
    notes = []
    name = str(space.objective)
    if name.endswith("/hits@1"):
        notes.append(
            f"objective {name} has much noise: it needs about 3.7 times the seeds of"
            f" {name.replace('hits@1', 'mrr')} to show the same schedule, and"
            f" {name.replace('hits@1', 'log_rank')} 0.37 times; name one of them"
        )
    if metric_of(space.objective.metric).unit == "fraction":
        points = 100 * detectable_difference(wanted.finalists, wanted.max_seeds, queries)
        shown = (
            f"show a difference of {points:.1f} points with a probability of {100 * POWER:.0f} % at"
            " the least"
            if points < _ALL_POINTS
            else "may miss a difference of any size"
        )
        notes.append(
            f"{wanted.max_seeds} seeds and {queries:,} queries {shown}: this takes each query as"
            " found by chance, independently by finalist and control, the largest noise that"
            " queries can have; runs usually agree on most queries, and then smaller differences"
            " are shown"
        )
    if wanted.margin is not None and "full_data" not in space.settings.search.baseline_names:
        notes.append(
            "confirm.margin is held against what full data gains in the search, but"
            " search.baselines has no full_data: add it"
        )
    return notes


def detectable_difference(finalists: int, max_seeds: int, queries: int) -> float:
    """The difference of a metric in [0, 1] that the last look shows with a probability `POWER`.

    The variance of one query's difference is at most ½. Seeds have no effect of their own here: in
    measured runs, the variance between seeds was that of the queries.

    Args:
        finalists: Finalists, which share the error.
        max_seeds: The last look.
        queries: Queries of one run.
    """
    share = ALPHA_SHARES[LOOKS.index(max_seeds)] * BETTER_SHARE
    tail = (1 - RESERVE) * ALPHA / finalists * share
    quantile = upper_quantile(max_seeds - 1, tail)
    return float((quantile + ndtri(POWER)) * math.sqrt(_LARGEST_VARIANCE / queries / max_seeds))
