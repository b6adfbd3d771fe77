"""The names of the metrics, and which of them a sweep optimises.

A metric is named `pool/direction/metric`: `split/text_to_molecule/mrr` ranks the molecules of the
query's own split, `all/…` those of the whole data set. Without a direction it is the mean of both.
"""

from dataclasses import dataclass
from difflib import get_close_matches

POOLS = ("split", "all")
DIRECTIONS = ("text_to_molecule", "molecule_to_text")
METRICS = ("mrr", "hits@1", "hits@10", "mean_rank")


def metric_names(pools: tuple[str, ...] = POOLS) -> list[str]:
    """Every metric that a report over `pools` carries."""
    return [
        "/".join(part for part in (pool, direction, metric) if part)
        for pool in pools
        for direction in (*DIRECTIONS, "")
        for metric in METRICS
    ]


@dataclass(frozen=True)
class Objective:
    """What a sweep optimises: a metric over the validation split, and which way is better."""

    metric: str

    @property
    def pool(self) -> str:
        """The candidates that a query is ranked against."""
        return self.metric.split("/")[0]

    @property
    def direction(self) -> str:
        """`maximize`, or `minimize` for a mean rank."""
        return "minimize" if self.metric.endswith("mean_rank") else "maximize"

    @property
    def sign(self) -> float:
        """+1 where more is better, −1 where less is: sign * value is always better when higher."""
        return -1.0 if self.direction == "minimize" else 1.0

    def __str__(self) -> str:
        return f"validation/{self.metric}"


def parse_objective(text: str) -> Objective:
    """Read `validation/[pool/][direction/]metric`; the pool is `split` where none is named.

    Raises:
        ValueError: With the rule and the value.
    """
    known = {f"validation/{name}": name for name in metric_names()}
    known |= {
        f"validation/{name.removeprefix('split/')}": name
        for name in known.values()
        if name.startswith("split/")
    }
    if text in known:
        return Objective(known[text])
    close = get_close_matches(text, known, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ValueError(
        "must be validation/[split|all/][text_to_molecule|molecule_to_text/]"
        f"({'|'.join(METRICS)}), got {text!r}{hint}"
    )
