"""The claims that the figures of a comparison support, as text."""

from class_sweep.config.components import Metric
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
    measure = metric_of(metric)
    if figures.outcome == "open":
        difference = "ratio" if measure.unit == "log_rank" else "difference"
        return (
            f"not told apart from {control}: {difference} {_shown(gain, measure)}"
            f" {_interval(low, high, measure)}; {_seeds_needed(figures)}"
        )
    if gain < 0:
        gain, low, high = -gain, -high, -low
    text = (
        f"{figures.outcome} than {control} by {_amount(gain, measure)}"
        f" {_interval(low, high, measure)} with {100 * figures.samples_share:.0f} % of its samples"
    )
    if figures.generalises:
        return text
    _, low, high = _gain(row.difference, row.over_queries, metric)
    return (
        f"{text}, on these {figures.queries:,} queries; over other queries of the same kind the"
        f" difference may be {measure.no_difference:g} {_interval(low, high, measure)}"
    )


def _seeds_needed(figures: ComparisonFigures) -> str:
    needed = figures.seeds_needed
    if figures.closed == "lost":
        return "its finalist is worse than the first control, so no more seeds were spent"
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
