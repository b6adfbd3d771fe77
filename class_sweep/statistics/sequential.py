"""The decision rule of a confirmation: what is decided after each look, and what to run next.

Each comparison of a finalist with a control has a p-value that is valid at any look: the minimum,
over the looks so far, of the paired t-test's p divided by the look's share of the error
(`interim_looks`). The variance of the test is moderated by those of the other comparisons
(`moderation`). Gatekeeping over these p-values (`gatekeeping`) bounds the probability of any false
claim by `ALPHA`: all of the error is for the first control's comparisons, and a finalist that is
better hands its level to its other controls, whose runs are made only then.

With a margin, each look first asks whether a finalist is not worse than the first control by more
than the margin: whether the lower end of the interval is above −margin. Superiority follows at the
same level. Both read one interval, so the second question costs no further error. A finalist that
is shown not worse may be compared with full data at equal samples, at a level kept for this
(`comparisons.SAVING_SHARE`). Each finalist may then win by its saving, so the other controls of
every better one are run.

How to use it: give `DecisionRule` the margin as a difference of scores (`signed_margin` of
`config.objective`), and read `ComparisonStatus.non_inferior` beside `outcome`. A saving is the
curriculum's if the finalist is not inferior in its first comparison and `better` in the one at
equal samples.

A comparison gets no more seeds once it is decided or one of its runs failed, or when the seeds that
are still allowed are unlikely to show that its finalist is better, or the best. Such a stop can
only lose claims, so it costs no error. A look whose runs exist is always made.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from class_sweep.config.confirm import LOOKS
from class_sweep.results.verdict import Closed, Outcome
from class_sweep.statistics.comparisons import (
    EQUAL_SAMPLES,
    Comparison,
    Weights,
    family_weights,
    first_of_each,
)
from class_sweep.statistics.gatekeeping import gatekeeping
from class_sweep.statistics.interim_looks import ALPHA, ALPHA_SHARES
from class_sweep.statistics.moderation import Prior, estimate_prior
from class_sweep.statistics.paired import PairedDifferences
from class_sweep.statistics.power import chance_to_overtake, deciding_look, power_to_show_better

LEAST_POWER = 0.2
"""A comparison gets no more seeds below this probability that a later look shows the finalist to be
better, or that the finalist overtakes one that is better already."""

Scores = Mapping[str, Mapping[int, float | None]]
"""Arm to seed number to score; a higher score is better, and None is a failed run."""


@dataclass(frozen=True)
class DecisionRule:
    """The settings of the decision rule.

    Attributes:
        seeds: Seeds of every comparison before it may be closed as hopeless or trailing.
        max_seeds: The last look.
        margin: Loss of score within which a finalist counts as not worse, above 0
            (`signed_margin`); None to ask for superiority alone.
        resolution: The step of the scores (`metric_resolution`); 0 for a continuous metric.
    """

    seeds: int
    max_seeds: int
    margin: float | None = None
    resolution: float = 0.0


@dataclass(frozen=True)
class Family:
    """What the first look fixed and later looks keep.

    Attributes:
        weights: The initial share of the error of each comparison.
        priors: Look to the prior of the variances that it used.
    """

    weights: Weights = field(default_factory=dict)
    priors: Mapping[int, Prior] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparisonStatus:
    """The state of a comparison after the looks so far.

    Attributes:
        outcome: Result of the finalist against the control; `open` while no difference is shown.
        closed: Why the comparison gets no more seeds; None while it does.
        seeds: Number of seeds at the deciding look, or at the last look of an open comparison.
        differences: The differences under these seeds, with their moderated variance; None before
            the first look.
        level: Error at which that look tested the comparison.
        p_adjusted: p-value, adjusted for looks and for all comparisons.
        p_ni_adjusted: That of non-inferiority, adjusted as `p_adjusted`. None where `non_inferior`
            is.
        seeds_needed: The first later look that would show the finalist to be better, or not worse,
            if mean and variance stay as they are; None for a decided comparison, and if no look
            would.
        non_inferior: Whether the finalist is shown to be not worse by more than the margin. The
            lower end of the interval is then above −margin. None without a margin, before the
            first look, and for other controls than a finalist's first.
    """

    outcome: Outcome = "open"
    closed: Closed | None = None
    seeds: int = 0
    differences: PairedDifferences | None = None
    level: float = 0.0
    p_adjusted: float = 1.0
    p_ni_adjusted: float | None = None
    seeds_needed: int | None = None
    non_inferior: bool | None = None


@dataclass(frozen=True)
class Progress:
    """The state of a confirmation.

    Attributes:
        statuses: The status of each comparison.
        wanted: The runs to make next, as (arm, seed number); empty when all is done.
        seeds: The latest look that the runs are for, or the last look.
        leader: The better finalist with the highest mean; None while none is better.
        priors: Look to the prior that it used, to be written down.
    """

    statuses: dict[Comparison, ComparisonStatus]
    wanted: list[tuple[str, int]]
    seeds: int
    leader: str | None = None
    priors: dict[int, Prior] = field(default_factory=dict)


def evaluate_looks(
    comparisons: Sequence[Comparison],
    scores: Scores,
    rule: DecisionRule,
    family: Family | None = None,
    *,
    dropped: Collection[str] = (),
    out_of_time: bool = False,
) -> Progress:
    """Decide one look after another, until a look lacks runs.

    The result is a function of its arguments. A caller writes the family's weights down before the
    first run and each prior of `Progress.priors` before the runs that follow it, and passes both
    again whenever the confirmation goes on, with more seeds or with other finalists.

    Args:
        comparisons: All comparisons, those with the first control first.
        scores: The runs so far.
        rule: The settings of the decision rule.
        family: What was fixed at earlier looks; None for a new family of all comparisons.
        dropped: Finalists of the family that get no more runs.
        out_of_time: Whether no more runs are made; what lacks runs is closed.
    """
    if family is None:
        family = Family(family_weights(comparisons, {}, saving=rule.margin is not None))
    state = _Confirmation(comparisons, scores, rule, family, dropped)
    last = 0
    while active := state.active():
        last = max(LOOKS[state.position(c)] for c in active)
        if out_of_time:
            active = state.close_without_runs(active)
        elif wanted := state.missing_runs(active):
            return Progress(state.statuses, wanted, last, state.leader(), state.priors)
        state.look(active)
    return Progress(state.close_the_rest(), [], last, state.leader(), state.priors)


class _Confirmation:
    """The looks of a confirmation, in rounds: one round is a look of each active comparison."""

    def __init__(
        self,
        comparisons: Sequence[Comparison],
        scores: Scores,
        rule: DecisionRule,
        family: Family,
        dropped: Collection[str],
    ) -> None:
        self._scores, self._rule, self._weights = scores, rule, family.weights
        self._dropped = dropped
        self._first = first_of_each(comparisons)
        self._looked: dict[Comparison, list[PairedDifferences]] = {c: [] for c in comparisons}
        self._latest: dict[Comparison, PairedDifferences] = {}  # before moderation
        self._closed: dict[Comparison, Closed] = {}
        self._levels: dict[Comparison, float] = {}  # over all looks
        self.priors = dict(family.priors)
        self.statuses = {comparison: ComparisonStatus() for comparison in comparisons}

    def active(self) -> list[Comparison]:
        """The comparisons that may be tested and get more seeds."""
        self._stop("dropped", lambda comparison: comparison.finalist in self._dropped)
        self._stop("hopeless", self._is_hopeless)
        self._stop("trailing", self._is_trailing)
        return self._without_followers(self._unclosed())

    def _unclosed(self) -> list[Comparison]:
        return [c for c in self._looked if c not in self._closed and self._is_open(c)]

    def _stop(self, reason: Closed, applies: Callable[[Comparison], bool]) -> None:
        """Close comparisons whose next look lacks runs; a look whose runs exist costs nothing."""
        for comparison in [c for c in self._unclosed() if applies(c)]:
            if self.missing_runs([comparison]):
                self._close(comparison, reason)

    def _is_hopeless(self, comparison: Comparison) -> bool:
        """Whether no later look is likely to show that the finalist is better, or not worse."""
        if not self._may_stop(comparison):
            return False
        margin = self._margin_of(comparison)
        if self.statuses[comparison].non_inferior:
            margin = None
        pair, level = self._looked[comparison][-1], self._levels[comparison]
        power = power_to_show_better(pair, level, self._rule.max_seeds, margin=margin)
        return power < LEAST_POWER

    def _is_trailing(self, comparison: Comparison) -> bool:
        """Whether another finalist is better than the first control, and likely to stay ahead.

        With a margin each finalist may win, by its saving.
        """
        finalist, leader = comparison.finalist, self.leader()
        if self._rule.margin is not None or leader in (None, finalist):
            return False
        if comparison != self._first[finalist] or not self._may_stop(comparison):
            return False
        n = min(self._looked[c][-1].n for c in (comparison, self._first[leader]))
        own, ahead = ([self._scores[arm][i] or 0.0 for i in range(n)] for arm in (finalist, leader))
        gap = self.priors[n].moderate(PairedDifferences.of(own, ahead, self._rule.resolution))
        return chance_to_overtake(gap, self._rule.max_seeds) < LEAST_POWER

    def _may_stop(self, comparison: Comparison) -> bool:
        looked = self._looked[comparison]
        return bool(looked) and self._rule.seeds <= looked[-1].n < self._rule.max_seeds

    def leader(self) -> str | None:
        """The better finalist with the highest mean score, over the seeds that all such have."""
        better = {f: self.statuses[c] for f, c in self._first.items()}
        better = {f: status for f, status in better.items() if status.outcome == "better"}
        seeds = range(min((status.seeds for status in better.values()), default=0))
        return max(
            better,
            key=lambda finalist: sum(self._scores[finalist][n] or 0.0 for n in seeds),
            default=None,
        )

    def _without_followers(self, active: Sequence[Comparison]) -> list[Comparison]:
        """Without the other controls that lack runs, unless they are the leader's.

        Who leads is known once no first comparison gets more seeds. With a margin each finalist may
        win, by its saving.
        """
        if self._rule.margin is not None:
            return list(active)
        waiting = any(c == self._first[c.finalist] for c in active)
        leader = None if waiting else self.leader()
        return [
            c
            for c in active
            if c == self._first[c.finalist] or c.finalist == leader or not self.missing_runs([c])
        ]

    def position(self, comparison: Comparison) -> int:
        """The position of the next look of a comparison in `LOOKS`."""
        return len(self._looked[comparison])

    def missing_runs(self, comparisons: Sequence[Comparison]) -> list[tuple[str, int]]:
        """The runs that the next looks need and that were not made yet, each once, by seed."""
        needed = (
            (arm, number)
            for number in range(max(LOOKS[self.position(c)] for c in comparisons))
            for c in comparisons
            if number < LOOKS[self.position(c)]
            for arm in (c.finalist, c.control)
            if number not in self._scores.get(arm, {})
        )
        return list(dict.fromkeys(needed))

    def close_without_runs(self, active: Sequence[Comparison]) -> list[Comparison]:
        """Close the comparisons whose next look lacks runs; return the others."""
        for comparison in active:
            if self.missing_runs([comparison]):
                self._close(comparison, "time")
        return [comparison for comparison in active if comparison not in self._closed]

    def look(self, active: Sequence[Comparison]) -> None:
        """Make the next look of each active comparison, decide, and close what is done."""
        taken = {c: pair for c in active if (pair := self._next_differences(c))}
        self._latest |= taken
        for look in {pair.n for pair in taken.values()} - self.priors.keys():
            self.priors[look] = estimate_prior(list(self._latest.values()))
        for comparison, pair in taken.items():
            self._looked[comparison].append(self.priors[pair.n].moderate(pair))
        self._decide()
        for comparison, pair in taken.items():
            at_cap: Closed | None = "cap" if pair.n >= self._rule.max_seeds else None
            if reason := self._closed.get(comparison) or at_cap:
                self._close(comparison, reason)

    def _next_differences(self, comparison: Comparison) -> PairedDifferences | None:
        """The differences at the next look; None, and the comparison is closed, if a run failed."""
        n = LOOKS[self.position(comparison)]
        finalist, control = (
            [score for i in range(n) if (score := self._scores[arm][i]) is not None]
            for arm in (comparison.finalist, comparison.control)
        )
        if len(finalist) < n or len(control) < n:
            self._close(comparison, "failed")
            return None
        return PairedDifferences.of(finalist, control, self._rule.resolution)

    def close_the_rest(self) -> dict[Comparison, ComparisonStatus]:
        """The final statuses: comparisons behind a closed gate are closed."""
        reasons: dict[Outcome, Closed] = {"better": "behind", "worse": "lost", "open": "skipped"}
        for comparison, status in self.statuses.items():
            if status.closed is None:
                first = self.statuses[self._first[comparison.finalist]]
                self._close(comparison, reasons[first.outcome])
        return self.statuses

    def _is_open(self, comparison: Comparison) -> bool:
        """Whether the gate of a comparison is open."""
        first = self._first[comparison.finalist]
        if comparison == first or self.statuses[first].outcome == "better":
            return True
        kept = self._weights.get((comparison.finalist, comparison.kind), 0.0) > 0
        shown = self.statuses[first].non_inferior and self.statuses[first].outcome == "open"
        return comparison.kind == EQUAL_SAMPLES and kept and bool(shown)

    def _decide(self) -> None:
        """Test the family after a round of looks."""
        looked = {c: pairs for c, pairs in self._looked.items() if pairs}
        tests = {c: _strongest([pair.p for pair in pairs]) for c, pairs in looked.items()}
        family = gatekeeping(
            {_node(c): p for c, (_, p) in tests.items() if self._closed.get(c) != "failed"},
            {_node(c): looked[c][at].mean < 0 for c, (at, _) in tests.items()},
            self._weights,
            ALPHA,
        )
        for comparison, pairs in looked.items():
            node, at = _node(comparison), len(pairs) - 1
            level = self._levels[comparison] = family.levels.get(node, 0.0)
            outcome: Outcome = "open"
            non_inferior = p_ni_adjusted = None
            margin = self._margin_of(comparison)
            if margin is not None:
                best, p = _strongest([pair.p_above(-margin) for pair in pairs])
                non_inferior = p <= level
                p_ni_adjusted = min(1.0, family.adjusted_beside(node, p))
                at = best if non_inferior else at
            if node in family.rejected:
                at = tests[comparison][0]
                outcome = "worse" if pairs[at].mean < 0 else "better"
                self._closed[comparison] = "decided"
            self.statuses[comparison] = ComparisonStatus(
                outcome=outcome,
                closed=self._closed.get(comparison),
                seeds=pairs[at].n,
                differences=pairs[at],
                level=level * ALPHA_SHARES[at],
                p_adjusted=family.adjusted.get(node, 1.0),
                p_ni_adjusted=p_ni_adjusted,
                seeds_needed=None
                if node in family.rejected
                else deciding_look(pairs[-1], level, margin=None if non_inferior else margin),
                non_inferior=non_inferior,
            )

    def _margin_of(self, comparison: Comparison) -> float | None:
        """The margin of a finalist's first comparison; None for the others."""
        return self._rule.margin if comparison == self._first[comparison.finalist] else None

    def _close(self, comparison: Comparison, reason: Closed) -> None:
        self._closed[comparison] = reason
        self.statuses[comparison] = replace(self.statuses[comparison], closed=reason)


def _node(comparison: Comparison) -> tuple[str, str]:
    return comparison.finalist, comparison.kind


def _strongest(p: Sequence[float]) -> tuple[int, float]:
    """The look with the smallest p-value per share of the error, and that p-value, at most 1."""
    by_look = [value / share for value, share in zip(p, ALPHA_SHARES, strict=False)]
    at = min(range(len(p)), key=by_look.__getitem__)
    return at, min(1.0, by_look[at])
