"""Which pairs are decided after so many seeds, and which runs are worth making next.

Each pair of a finalist and a control has a p-value that holds at any look: the least, over the
looks it has come to, of the paired t-test's p over the look's share of the error (`looks`). Holm's
procedure over these keeps the probability of any false claim within `ALPHA`. The first control is
what a sweep is for, so its pairs have half of the error and those of all others the other half.

No more seeds are spent on a pair that is decided, whose finalist has lost to the first control,
that a failed run has broken, or that the seeds yet allowed could not settle. A pair that stops
early for such a reason can only lose chances, so stopping costs no error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from class_sweep.config.confirm import LOOKS
from class_sweep.statistics.holm import holm
from class_sweep.statistics.interim_looks import ALPHA, SHARES
from class_sweep.statistics.paired import Paired

Values = Mapping[str, Mapping[int, float | None]]
"""Of each arm, the objective under each seed's number, better when higher; None: it failed."""

Why = Literal["decided", "lost", "failed", "hopeless", "cap"]


@dataclass(frozen=True)
class Pair:
    """A finalist and one of its controls, by the names of their arms."""

    finalist: str
    control: str
    kind: str  # of the control


@dataclass(frozen=True)
class Standing:
    """How a pair stands.

    Attributes:
        outcome: Of the finalist against the control; `open` where they are not told apart.
        closed: Why no more seeds are spent on it; None while some are.
        seeds: How many the figures are of: at the look that decided, or at the last one.
        paired: The differences under them; None before the first look.
        level: The error at which that look tested the pair: its interval's.
        adjusted: The pair's p-value, corrected for looks and for all pairs.
        seeds_needed: Until the interval would leave 0, if it has not; None where none are enough.
    """

    outcome: Literal["better", "worse", "open"]
    closed: Why | None
    seeds: int
    paired: Paired | None
    level: float
    adjusted: float
    seeds_needed: int | None


@dataclass(frozen=True)
class Progress:
    """Where a confirmation is.

    Attributes:
        standings: Of each pair.
        wanted: The runs to make next, an arm and a seed's number each; none where all is done.
        seeds: The look that these are for, or the last one.
    """

    standings: dict[Pair, Standing]
    wanted: list[tuple[str, int]]
    seeds: int


def weights_of(pairs: Sequence[Pair]) -> dict[Pair, float]:
    """The share of the error that each pair has before any is decided."""
    first = [pair for pair in pairs if pair.kind == pairs[0].kind]
    rest = len(pairs) - len(first)
    half = 0.5 if rest else 1.0
    return {p: half / len(first) if p in first else (1 - half) / rest for p in pairs}


def follow(pairs: Sequence[Pair], values: Values, *, seeds: int, max_seeds: int) -> Progress:
    """Decide look by look, as far as the runs that are there reach.

    Args:
        pairs: All pairs, those of the first control first.
        values: What was run.
        seeds: Those that every pair has before it may be called hopeless.
        max_seeds: The last look.
    """
    weights = weights_of(pairs)
    found: dict[Pair, dict[int, Paired]] = {pair: {} for pair in pairs}  # by look
    closed: dict[Pair, Why] = {}
    looks = [n for n in LOOKS if n <= max_seeds]
    standings = _standings(found, closed, weights)
    for look, n in enumerate(looks):
        open_ = [pair for pair in pairs if pair not in closed]
        wanted = {
            (arm, seed): None
            for seed in range(n)
            for pair in open_
            for arm in (pair.finalist, pair.control)
            if seed not in values.get(arm, {})
        }
        if wanted:
            return Progress(standings, list(wanted), n)
        for pair in open_:
            one, other = ([values[arm][i] for i in range(n)] for arm in _arms(pair))
            if None in one or None in other:
                closed[pair] = "failed"
            else:
                found[pair][look] = Paired.of(one, other)  # type: ignore[arg-type]
        standings = _standings(found, closed, weights)
        closed |= _to_close(standings, pairs, n, seeds=seeds, max_seeds=max_seeds)
        standings = _standings(found, closed, weights)
    return Progress(standings, [], looks[-1])


def _arms(pair: Pair) -> tuple[str, str]:
    return pair.finalist, pair.control


def _standings(
    found: Mapping[Pair, Mapping[int, Paired]],
    closed: Mapping[Pair, Why],
    weights: Mapping[Pair, float],
) -> dict[Pair, Standing]:
    spent = {
        pair: min([1.0, *(paired.p / SHARES[look] for look, paired in at.items())])
        for pair, at in found.items()
    }
    tested = holm(spent, weights, ALPHA)
    standings = {}
    for pair, at in found.items():
        rejected = pair in tested.rejected and closed.get(pair) != "failed"
        if not at:
            standings[pair] = Standing("open", closed.get(pair), 0, None, 0.0, 1.0, None)
            continue
        look = min(at, key=lambda look: at[look].p / SHARES[look]) if rejected else max(at)
        paired, level = at[look], tested.levels[pair] * SHARES[look]
        standings[pair] = Standing(
            outcome="open" if not rejected else "better" if paired.mean > 0 else "worse",
            closed="decided" if rejected else closed.get(pair),
            seeds=LOOKS[look],
            paired=paired,
            level=level,
            adjusted=tested.adjusted[pair],
            seeds_needed=None if rejected else paired.seeds_needed(level),
        )
    return standings


def _to_close(
    standings: Mapping[Pair, Standing],
    pairs: Sequence[Pair],
    n: int,
    *,
    seeds: int,
    max_seeds: int,
) -> dict[Pair, Why]:
    first = pairs[0].kind
    lost = {p.finalist for p in pairs if p.kind == first and standings[p].outcome == "worse"}
    found: dict[Pair, Why] = {}
    for pair, standing in standings.items():
        if standing.closed:
            found[pair] = standing.closed
        elif pair.finalist in lost:
            found[pair] = "lost"
        elif n >= max_seeds:
            found[pair] = "cap"
        elif n >= seeds and (standing.seeds_needed or max_seeds + 1) > max_seeds:
            found[pair] = "hopeless"
    return found
