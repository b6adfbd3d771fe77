"""The decision rule of a confirmation: what is decided after each look, and what to run next.

Each comparison of a finalist with a control has a p-value that is valid at any look: the minimum,
over the looks so far, of the paired t-test's p divided by the look's share of the error
(`interim_looks`). Holm's procedure over these p-values bounds the probability of any false claim by
`ALPHA`. The comparisons with the first control share half of the error, because they answer the
question of the sweep; all other comparisons share the other half.

A comparison gets no more seeds once it is decided, once its finalist is worse than the first
control, once one of its runs failed, or when the seeds that are still allowed could not decide it.
Such a stop can only lose claims, so it costs no error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from class_sweep.config.confirm import LOOKS
from class_sweep.results.verdict import Closed, Outcome
from class_sweep.statistics.holm import holm
from class_sweep.statistics.interim_looks import ALPHA, ALPHA_SHARES
from class_sweep.statistics.paired import PairedDifferences

Scores = Mapping[str, Mapping[int, float | None]]
"""Arm to seed number to score; a higher score is better, and None is a failed run."""


@dataclass(frozen=True)
class Comparison:
    """A finalist and one of its controls, by the names of their arms, and the control's kind."""

    finalist: str
    control: str
    kind: str


@dataclass(frozen=True)
class ComparisonStatus:
    """The state of a comparison after the looks so far.

    Attributes:
        outcome: Result of the finalist against the control; `open` while no difference is shown.
        closed: Why the comparison gets no more seeds; None while it does.
        seeds: Number of seeds at the deciding look, or at the last look of an open comparison.
        differences: The differences under these seeds; None before the first look.
        level: Error at which that look tested the comparison.
        p_adjusted: p-value, adjusted for looks and for all comparisons.
        seeds_needed: Seeds until the interval excludes 0; None for a decided comparison, and if no
            number of seeds is enough.
    """

    outcome: Outcome
    closed: Closed | None
    seeds: int
    differences: PairedDifferences | None
    level: float
    p_adjusted: float
    seeds_needed: int | None


@dataclass(frozen=True)
class Progress:
    """The state of a confirmation.

    Attributes:
        statuses: The status of each comparison.
        wanted: The runs to make next, as (arm, seed number); empty when all is done.
        seeds: The look that the runs are for, or the last look.
    """

    statuses: dict[Comparison, ComparisonStatus]
    wanted: list[tuple[str, int]]
    seeds: int


Looked = Mapping[Comparison, Mapping[int, PairedDifferences]]
"""Comparison to position of the look in `LOOKS` to the differences there."""


def alpha_weights(comparisons: Sequence[Comparison]) -> dict[Comparison, float]:
    """The initial share of the error of each comparison; the shares add up to 1."""
    first = [c for c in comparisons if c.kind == comparisons[0].kind]
    others = len(comparisons) - len(first)
    half = 0.5 if others else 1.0
    return {
        comparison: half / len(first) if comparison in first else (1 - half) / others
        for comparison in comparisons
    }


def evaluate_looks(
    comparisons: Sequence[Comparison], scores: Scores, *, seeds: int, max_seeds: int
) -> Progress:
    """Decide one look after another, until a look lacks runs.

    Args:
        comparisons: All comparisons, those with the first control first.
        scores: The runs so far.
        seeds: Seeds of every comparison before it may be closed as hopeless.
        max_seeds: The last look.
    """
    weights = alpha_weights(comparisons)
    looked: dict[Comparison, dict[int, PairedDifferences]] = {c: {} for c in comparisons}
    closed: dict[Comparison, Closed] = {}
    looks = [look for look in LOOKS if look <= max_seeds]
    statuses = _statuses(looked, closed, weights)
    for position, look in enumerate(looks):
        active = [comparison for comparison in comparisons if comparison not in closed]
        wanted = _missing_runs(active, scores, look)
        if wanted:
            return Progress(statuses, wanted, look)
        for comparison in active:
            pair = [
                [scores[arm][number] for number in range(look)]
                for arm in (comparison.finalist, comparison.control)
            ]
            if None in pair[0] or None in pair[1]:
                closed[comparison] = "failed"
            else:
                looked[comparison][position] = PairedDifferences.of(*pair)  # type: ignore[arg-type]
        statuses = _statuses(looked, closed, weights)
        closed |= _closed_after(look, statuses, comparisons, seeds=seeds, max_seeds=max_seeds)
        statuses = _statuses(looked, closed, weights)
    return Progress(statuses, [], looks[-1])


def _missing_runs(
    comparisons: Sequence[Comparison], scores: Scores, look: int
) -> list[tuple[str, int]]:
    """The runs that a look needs and that were not made yet, each once, seed by seed."""
    needed = (
        (arm, number)
        for number in range(look)
        for comparison in comparisons
        for arm in (comparison.finalist, comparison.control)
        if number not in scores.get(arm, {})
    )
    return list(dict.fromkeys(needed))


def _statuses(
    looked: Looked, closed: Mapping[Comparison, Closed], weights: Mapping[Comparison, float]
) -> dict[Comparison, ComparisonStatus]:
    p_values = {
        comparison: min([1.0, *(d.p / ALPHA_SHARES[at] for at, d in by_look.items())])
        for comparison, by_look in looked.items()
    }
    tested = holm(p_values, weights, ALPHA)
    statuses = {}
    for comparison, by_look in looked.items():
        reason = closed.get(comparison)
        if not by_look:
            statuses[comparison] = ComparisonStatus("open", reason, 0, None, 0.0, 1.0, None)
            continue
        decided = comparison in tested.rejected and reason != "failed"
        at = (
            min(by_look, key=lambda at: by_look[at].p / ALPHA_SHARES[at])
            if decided
            else max(by_look)
        )
        differences, level = by_look[at], tested.levels[comparison] * ALPHA_SHARES[at]
        statuses[comparison] = ComparisonStatus(
            outcome="open" if not decided else "better" if differences.mean > 0 else "worse",
            closed="decided" if decided else reason,
            seeds=LOOKS[at],
            differences=differences,
            level=level,
            p_adjusted=tested.adjusted[comparison],
            seeds_needed=None if decided else differences.seeds_needed(level),
        )
    return statuses


def _closed_after(
    look: int,
    statuses: Mapping[Comparison, ComparisonStatus],
    comparisons: Sequence[Comparison],
    *,
    seeds: int,
    max_seeds: int,
) -> dict[Comparison, Closed]:
    """The comparisons that get no more seeds after a look, and why."""
    first = comparisons[0].kind
    lost = {c.finalist for c in comparisons if c.kind == first and statuses[c].outcome == "worse"}
    closed: dict[Comparison, Closed] = {}
    for comparison, status in statuses.items():
        if status.closed:
            closed[comparison] = status.closed
        elif comparison.finalist in lost:
            closed[comparison] = "lost"
        elif look >= max_seeds:
            closed[comparison] = "cap"
        elif look >= seeds and (status.seeds_needed or max_seeds + 1) > max_seeds:
            closed[comparison] = "hopeless"
    return closed
