"""What a pair's figures say, in a sentence that claims no more than they do."""

from class_sweep.config.objective import metric_of
from class_sweep.results.json_files import Interval
from class_sweep.results.verdict import ComparisonFigures

_MANY = 1000  # seeds; more are not worth counting

_NAMES = {
    "full_data": "full data",
    "full_data_equal_samples": "full data at equal samples",
    "random_order": "its pools in random order",
    "reversed_order": "its order reversed",
    "no_intensity": "itself without intensity",
    "paper": "the paper's schedule",
}


def control(kind: str) -> str:
    """A control as a person would name it."""
    return _NAMES[kind]


def metric(name: str) -> str:
    """`split/text_to_molecule/hits@1` as `Hits@1`."""
    return metric_of(name).label


def sentence(pair: ComparisonFigures, objective: str) -> str:
    """The verdict on a pair.

    Args:
        pair: Its figures.
        objective: The metric's name, `pool/[direction/]metric`.
    """
    name = control(pair.control)
    if pair.closed == "failed":
        return f"not compared with {name}: a run failed"
    row = pair.metrics[objective]
    gain, low, high = _gain(row.difference, row.interval, objective)
    where = f"[{_number(low)}, {_number(high)}]"
    if pair.outcome == "open":
        return f"not told apart from {name}: difference {_number(gain)} {where}; {_more(pair)}"
    unit = (
        f"place{'s' if abs(gain) != 1 else ''}" if metric_of(objective).unit == "rank" else "points"
    )
    said = f"{pair.outcome} than {name} by {_number(abs(gain))} {unit} of {metric(objective)}"
    if gain < 0:
        low, high = -high, -low
    share = 100 * pair.samples_share
    text = f"{said} [{_number(low)}, {_number(high)}] with {share:.0f} % of its samples"
    if pair.generalises:
        return text
    low, high = _gain(row.difference, row.bootstrap, objective)[1:]
    return (
        f"{text}, on these {pair.queries:,} queries; over other queries of their kind the"
        f" difference may be none [{_number(low)}, {_number(high)}]"
    )


def _more(pair: ComparisonFigures) -> str:
    needed = pair.seeds_needed
    if pair.closed == "lost":
        return "its finalist is worse than the first control, so no more seeds were spent"
    if needed is None or needed > _MANY:
        return f"more than {_MANY:,} seeds would be needed"
    return f"about {needed} seeds would settle it"


def _gain(difference: float, interval: Interval, objective: str) -> tuple[float, float, float]:
    """In points or places, positive where the finalist is better."""
    low, high = interval
    measured = metric_of(objective)
    if measured.better == "lower":
        difference, low, high = -difference, -high, -low
    return measured.scale * difference, measured.scale * low, measured.scale * high


def _number(value: float) -> str:
    """One decimal, or as many as a difference below 0.05 needs to be told from none."""
    decimals = next((d for d in (1, 2, 3) if abs(value) >= 0.5 * 10**-d), 1)
    return f"{value:.{decimals}f}".replace("-", "−")
