"""The claims that the figures of a comparison support, as text."""

from class_sweep.config.confirm import LOOKS
from class_sweep.config.controls import control_of
from class_sweep.config.objective import metric_of
from class_sweep.results.json_files import Interval
from class_sweep.results.verdict import ComparisonFigures

_NOT_COMPARED = {  # why no run was made
    "skipped": "it was not shown to be better than the first control",
    "lost": "it is worse than the first control",
    "dropped": "it is no longer among the finalists",
}


def claim(figures: ComparisonFigures, metric: str, *, gained: bool = False) -> str:
    """The claim that a comparison allows, as a phrase about its finalist.

    Args:
        figures: The figures of the comparison.
        metric: The objective, `pool/[direction/]metric`.
        gained: Whether the finalist is better than the first control, so that a control without
            one part of the finalist may show what the gain comes from.
    """
    part = control_of(figures.control).part
    text = _claim(figures, metric)
    if gained and part is not None and figures.outcome == "better":
        return f"the gain comes from {part}: {text}"
    return text


def _claim(figures: ComparisonFigures, metric: str) -> str:
    control = control_of(figures.control).words
    if figures.closed == "failed":
        return f"not compared with {control}: a run failed"
    if not figures.metrics:
        return f"not compared with {control}: {_NOT_COMPARED[figures.closed or 'skipped']}"
    row = figures.metrics[metric]
    gain, low, high = _gain(row.difference, row.interval, metric)
    if figures.outcome == "open":
        return (
            f"not told apart from {control}: difference {_number(gain)} {_interval(low, high)};"
            f" {_seeds_needed(figures)}"
        )
    if gain < 0:
        gain, low, high = -gain, -high, -low
    measure = metric_of(metric)
    unit = "points"
    if measure.unit == "rank":
        unit = "rank" if gain == 1 else "ranks"
    text = (
        f"{figures.outcome} than {control} by {_number(gain)} {unit} of {measure.label}"
        f" {_interval(low, high)} with {100 * figures.samples_share:.0f} % of its samples"
    )
    if figures.generalises:
        return text
    _, low, high = _gain(row.difference, row.over_queries, metric)
    return (
        f"{text}, on these {figures.queries:,} queries; over other queries of the same kind the"
        f" difference may be 0 {_interval(low, high)}"
    )


def _seeds_needed(figures: ComparisonFigures) -> str:
    needed = figures.seeds_needed
    if figures.closed == "lost":
        return "its finalist is worse than the first control, so no more seeds were spent"
    if needed is None:
        return f"more than {LOOKS[-1]} seeds would be needed"
    return f"{needed} seeds may settle it"


def _gain(difference: float, interval: Interval, metric: str) -> tuple[float, float, float]:
    """A difference and its interval in points or ranks; positive if the finalist is better."""
    low, high = interval
    measure = metric_of(metric)
    if measure.better == "lower":
        difference, low, high = -difference, -high, -low
    return measure.scale * difference, measure.scale * low, measure.scale * high


def _interval(low: float, high: float) -> str:
    return f"[{_number(low)}, {_number(high)}]"


def _number(value: float) -> str:
    """One decimal, or up to three if one would show a small value as 0.0."""
    decimals = next((d for d in (1, 2, 3) if abs(value) >= 0.5 * 10**-d), 1)
    return f"{value:.{decimals}f}".replace("-", "−")
