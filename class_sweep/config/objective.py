"""The full names of the metrics, and the one that a sweep optimises.

A full name is `pool/direction/metric`: `split/text_to_molecule/mrr` ranks the molecules of the
query's own split, `all/…` those of the whole data set. A name without a direction is the mean of
both directions.
"""

import math
from dataclasses import dataclass
from difflib import get_close_matches

from class_sweep.config.components import METRICS, Metric

POOLS = ("split", "all")
DIRECTIONS = ("text_to_molecule", "molecule_to_text")


def ranking_name(pool: str, direction: str) -> str:
    """The name of a ranking, `pool/direction`."""
    return f"{pool}/{direction}"


def metric_name(pool: str, metric: str, direction: str | None = None) -> str:
    """The full name of a metric; without a direction, of its mean over both directions."""
    return f"{pool if direction is None else ranking_name(pool, direction)}/{metric}"


def pool_in(name: str) -> str:
    """The pool of a ranking or of a metric: `split/text_to_molecule/mrr` is of `split`."""
    return name.split("/", 1)[0]


def metric_names(pools: tuple[str, ...] = POOLS) -> list[str]:
    """For each pool, the metrics of each direction, then their means over both directions."""
    return [
        name
        for pool in pools
        for name in (
            *directed_metric_names((pool,)),
            *(metric_name(pool, metric) for metric in METRICS),
        )
    ]


def directed_metric_names(pools: tuple[str, ...] = POOLS) -> list[str]:
    """The metrics of single directions over some pools."""
    return [metric_name(pool, m, d) for pool in pools for d in DIRECTIONS for m in METRICS]


def metric_of(name: str) -> Metric:
    """The metric in a full name: `mrr` for `split/text_to_molecule/mrr`."""
    return METRICS[name.rsplit("/", 1)[-1]]


def metric_resolution(name: str, queries: int) -> float:
    """The step of a metric's mean over some queries, in its unit; 0 for a continuous metric."""
    directions = 1 if name in directed_metric_names() else len(DIRECTIONS)
    return metric_of(name).step / (directions * queries)


def signed_margin(name: str, margin: float) -> float:
    """A margin of a metric as a difference of its scores, where higher is better.

    Args:
        name: The metric's full name.
        margin: In the unit that people read: points of 100 for a fraction, ranks for a mean rank,
            and for a mean log rank the ratio of two geometric mean ranks, above 1: with 1.05 a
            geometric mean rank may be 5 % larger.
    """
    unit = metric_of(name).unit
    if unit == "log_rank":
        return math.log(margin)
    return margin / 100 if unit == "fraction" else margin


def margin_problem(name: str, margin: float) -> str | None:
    """The rule that a margin of a metric breaks; None if it breaks none."""
    if metric_of(name).unit == "log_rank" and margin <= 1:
        return f"must be a ratio above 1 for {name}, such as 1.05, got {margin:g}"
    return None


@dataclass(frozen=True)
class Objective:
    """What a sweep optimises: a metric over the validation split, and which way is better."""

    metric: str

    @property
    def pool(self) -> str:
        """The candidates that a query is ranked against."""
        return pool_in(self.metric)

    @property
    def direction(self) -> str:
        """`maximize` or `minimize`, as Optuna names it."""
        return "maximize" if self.sign > 0 else "minimize"

    @property
    def sign(self) -> float:
        """+1 where higher is better, else −1: sign · value is always better when higher."""
        return metric_of(self.metric).sign

    def __str__(self) -> str:
        return f"validation/{self.metric}"


def objective_names() -> dict[str, str]:
    """Every name of an objective in a space file, to the full name of its metric."""
    names = {f"validation/{name}": name for name in metric_names()}
    return names | {
        f"validation/{name.removeprefix('split/')}": name
        for name in metric_names()
        if name.startswith("split/")
    }


def parse_objective(text: str) -> Objective:
    """Read `validation/[pool/][direction/]metric`; without a pool, it is `split`.

    Raises:
        ValueError: With the rule and the value.
    """
    full_names = objective_names()
    if text in full_names:
        return Objective(full_names[text])
    close = get_close_matches(text, full_names, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ValueError(
        "must be validation/[split|all/][text_to_molecule|molecule_to_text/]"
        f"({'|'.join(METRICS)}), got {text!r}{hint}"
    )
