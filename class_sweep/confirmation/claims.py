"""The claims that the figures of a comparison support, as text."""

from collections.abc import Sequence

from class_sweep.config.components import Metric
from class_sweep.config.confirm import LOOKS
from class_sweep.config.controls import control_of
from class_sweep.config.objective import metric_of
from class_sweep.results import formatting
from class_sweep.results.json_files import Interval
from class_sweep.results.verdict import ComparisonFigures, ComparisonVerdict, FrontierPoint
from class_sweep.statistics.comparisons import EQUAL_SAMPLES

_NOT_COMPARED = {  # why no run was made; {} is the first control
    "skipped": "it was not shown to be better than {}",
    "lost": "it is worse than {}",
    "behind": "another finalist that is better than {} has a higher mean",
    "dropped": "it is no longer among the finalists",
    "time": "search.hours left no time for its runs",
}


def claims(
    pairs: Sequence[ComparisonFigures], metric: str, *, margin: float | None = None
) -> list[str]:
    """The claim of each comparison of a confirmation.

    Args:
        pairs: The figures, in the order of the controls.
        metric: The objective, `pool/[direction/]metric`.
        margin: `confirm.margin`; None without.
    """
    first = _first_controls(pairs)
    equal = {pair.finalist: pair for pair in pairs if pair.control == EQUAL_SAMPLES}
    better = {
        pair.finalist
        for pair in pairs
        if pair.control == first[pair.finalist] and pair.outcome == "better"
    }
    return [
        _within_margin(pair, metric, margin, equal.get(pair.finalist))
        if margin is not None and pair.non_inferior is not None and pair.metrics
        else claim(pair, metric, first=first[pair.finalist], gained=pair.finalist in better)
        for pair in pairs
    ]


def sentences(pairs: Sequence[ComparisonVerdict]) -> list[str]:
    """A sentence for each comparison; those of a finalist without runs, for one reason, share one.

    Args:
        pairs: The comparisons with their claims, in the order of the controls.
    """
    first = _first_controls(pairs)
    together: dict[tuple[str, str], list[ComparisonVerdict]] = {}
    for pair in pairs:
        unrun = not pair.metrics and pair.closed != "failed"
        of = pair.control if not unrun else f"not run: {pair.closed}"
        together.setdefault((pair.finalist, of), []).append(pair)
    return [
        f"{finalist}: {_joined(group, first[finalist])}"
        for (finalist, _), group in together.items()
    ]


def _first_controls(pairs: Sequence[ComparisonFigures]) -> dict[str, str]:
    """Finalist to its first control; one that lacks the first of all has a later one."""
    return {pair.finalist: pair.control for pair in reversed(pairs)}


def _joined(pairs: Sequence[ComparisonVerdict], first: str) -> str:
    if len(pairs) == 1:
        return pairs[0].words
    controls = [control_of(pair.control).words for pair in pairs]
    reason = _not_compared(pairs[0], first)
    return f"not compared with {', '.join(controls[:-1])} or {controls[-1]}: {reason}"


def _within_margin(
    figures: ComparisonFigures, metric: str, margin: float, equal: ComparisonFigures | None
) -> str:
    """The claim of a comparison that asks first whether its finalist is not worse.

    Args:
        figures: The figures of the finalist against the first control.
        metric: The objective, `pool/[direction/]metric`.
        margin: `confirm.margin`.
        equal: The figures of the same finalist against full data at equal samples; a saving is the
            curriculum's only if it is better there. None if there is no such comparison.
    """
    first, measure = figures.control, metric_of(metric)
    allowed = formatting.margin(metric, margin)
    text = _claim(figures, metric, first)
    if figures.outcome == "worse" and figures.non_inferior:
        return f"{text}, but by no more than {allowed}"
    if figures.outcome != "open":
        return text
    row = figures.metrics[metric]
    control = control_of(figures.control).words
    gain, low, high = _gain(row.difference, row.interval, metric)
    if not figures.non_inferior:
        return (
            f"not shown to be within {allowed} of {control}: {_difference(measure)}"
            f" {_shown(gain, measure)} {_interval(low, high, measure)};"
            f" {_seeds_needed(figures, first)}"
        )
    time = "" if figures.time_share is None else f" ({100 * figures.time_share:.0f} % of its time)"
    text = (
        f"not worse than {control} by more than {allowed} {_interval(low, high, measure)} with"
        f" {100 * figures.samples_share:.0f} % of its samples{time}"
    )
    return text if figures.samples_share >= 1 else f"{text}; {_saving(equal, metric, first)}"


def _saving(equal: ComparisonFigures | None, metric: str, first: str) -> str:
    """Whether the curriculum, or stopping earlier, makes a saving."""
    if equal is None:
        return "not compared with full data at equal samples, so stopping earlier may do it as well"
    if not equal.metrics:
        return _claim(equal, metric, first)
    if equal.outcome == "better":
        return _told_apart(equal, metric)
    if equal.outcome == "worse":
        return f"{_told_apart(equal, metric)}: the saving is not the curriculum's"
    return "full data stopped there is not told apart: the saving is not the curriculum's"


def frontier_claim(points: Sequence[FrontierPoint], metric: str) -> list[str]:
    """What stopping full data earlier gives, in one sentence; empty without such runs."""
    measure, parts = metric_of(metric), []
    for point in points:
        gain, low, high = _gain(point.difference, point.interval, metric)
        parts.append(
            f"{100 * point.samples_share:.0f} %: {_shown(gain, measure)}"
            f" {_interval(low, high, measure)}"
        )
    if not parts:
        return []
    return [
        f"full data ended at a share of its samples, {_difference(measure)} from all of them (95 %,"
        f" not a test): {', '.join(parts)}"
    ]


def claim(figures: ComparisonFigures, metric: str, *, first: str, gained: bool = False) -> str:
    """The claim that a comparison allows, as a phrase about its finalist.

    Args:
        figures: The figures of the comparison.
        metric: The objective, `pool/[direction/]metric`.
        first: The first control.
        gained: Whether the finalist is better than the first control, so that a control without
            one part of the finalist may show what the gain comes from.
    """
    part = control_of(figures.control).part
    text = _claim(figures, metric, first)
    if gained and part is not None and figures.outcome == "better":
        return f"the gain comes from {part}: {text}"
    return text


def _claim(figures: ComparisonFigures, metric: str, first: str) -> str:
    control = control_of(figures.control).words
    if figures.closed == "failed":
        return f"not compared with {control}: a run failed"
    if not figures.metrics:
        return f"not compared with {control}: {_not_compared(figures, first)}"
    row = figures.metrics[metric]
    gain, low, high = _gain(row.difference, row.interval, metric)
    measure = metric_of(metric)
    if figures.outcome == "open":
        return (
            f"not told apart from {control}: {_difference(measure)} {_shown(gain, measure)}"
            f" {_interval(low, high, measure)}; {_seeds_needed(figures, first, gain)}"
        )
    text = f"{_told_apart(figures, metric)} with {100 * figures.samples_share:.0f} % of its samples"
    if figures.generalises:
        return text
    _, low, high = _gain(row.difference, row.over_queries, metric)
    return (
        f"{text}, on these {figures.queries:,} queries; over other queries of the same kind the"
        f" difference may be {measure.no_difference:g} {_interval(low, high, measure)}"
    )


def _told_apart(figures: ComparisonFigures, metric: str) -> str:
    """A decided comparison: `better than full data by 1.1 points of MRR [0.4, 1.8]`."""
    row, measure = figures.metrics[metric], metric_of(metric)
    gain, low, high = _gain(row.difference, row.interval, metric)
    if gain < 0:
        gain, low, high = -gain, -high, -low
    control = control_of(figures.control).words
    return (
        f"{figures.outcome} than {control} by {_amount(gain, measure)}"
        f" {_interval(low, high, measure)}"
    )


def _difference(measure: Metric) -> str:
    return "ratio" if measure.unit == "log_rank" else "difference"


def _not_compared(figures: ComparisonFigures, first: str) -> str:
    return _NOT_COMPARED[figures.closed or "skipped"].format(control_of(first).words)


def _seeds_needed(figures: ComparisonFigures, first: str, gain: float = 0.0) -> str:
    needed = figures.seeds_needed
    if figures.closed == "lost":
        return f"its finalist is worse than {control_of(first).words}, so no more seeds were spent"
    if figures.closed == "trailing":
        return (
            f"another finalist is better than {control_of(first).words} and ahead of it, so no more"
            " seeds were spent"
        )
    if needed is None and gain < 0:
        return "more seeds are unlikely to show a gain"
    if needed is None:
        return f"more than {LOOKS[-1]} seeds would be needed"
    return f"{needed} seeds may settle it"


def _gain(difference: float, interval: Interval, metric: str) -> tuple[float, float, float]:
    """A difference and its interval, signed so that a better finalist is positive."""
    low, high = interval
    if metric_of(metric).better == "lower":
        return -difference, -high, -low
    return difference, low, high


def _amount(gain: float, measure: Metric) -> str:
    """A positive difference with its unit: `1.1 points of MRR`, `a factor of 1.1 in …`."""
    number = _shown(gain, measure)
    if measure.unit == "log_rank":
        return f"a factor of {number} in {measure.label}"
    unit = measure.difference_unit
    return f"{number} {'rank' if unit == 'ranks' and gain == 1 else unit} of {measure.label}"


def _interval(low: float, high: float, measure: Metric) -> str:
    return f"[{_shown(low, measure)}, {_shown(high, measure)}]"


def _shown(value: float, measure: Metric) -> str:
    """One decimal, or up to three if one would show a small value as 0.0; two for a ratio."""
    shown = measure.shown_difference(value)
    if measure.unit == "log_rank":
        return f"{shown:.2f}"
    decimals = next((d for d in (1, 2, 3) if abs(shown) >= 0.5 * 10**-d), 1)
    return f"{shown:.{decimals}f}".replace("-", "−")
