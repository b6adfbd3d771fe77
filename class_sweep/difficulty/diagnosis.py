"""What an order by difficulty is worth: how much of it is measured and how much is tie-break."""

from dataclasses import dataclass

import numpy as np

from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.order_quality import MAX_TIE
from class_sweep.errors import DataError


@dataclass(frozen=True)
class SigmaDiagnosis:
    """How N is distributed at one σ.

    Attributes:
        sigma: The threshold.
        alone: Share of the pairs with N = 0, whose order among themselves is the tie-break.
        distinct: How many values N takes.
        largest_tie: Share of the pairs that have the most frequent N.
    """

    sigma: float
    alone: float
    distinct: int
    largest_tie: float

    @property
    def degenerate(self) -> bool:
        """Whether the order is for the most part its tie-break."""
        return self.largest_tie >= MAX_TIE


def diagnose(index: DifficultyIndex) -> list[SigmaDiagnosis]:
    """The distribution of N at every σ of the index, ascending."""
    found = []
    for sigma, counts in zip(index.sigmas, index.counts.T, strict=True):
        values, sizes = np.unique(counts, return_counts=True)
        pairs = len(counts)
        found.append(
            SigmaDiagnosis(
                sigma=float(sigma),
                alone=float((counts == 0).mean()),
                distinct=len(values),
                largest_tie=float(sizes.max() / pairs),
            )
        )
    return found


def require_an_order(diagnoses: list[SigmaDiagnosis]) -> None:
    """Refuse a sweep over σ whose index orders nothing at any of them.

    Raises:
        DataError: If every pair has the same N at every σ.
    """
    if all(one.distinct == 1 for one in diagnoses):
        low, high = diagnoses[0].sigma, diagnoses[-1].sigma
        where = f"σ = {low:g}" if low == high else f"all of σ = {low:g} … {high:g}"
        side = "above" if diagnoses[0].alone == 1 else "below"
        raise DataError(
            "sigma must tell pairs apart at one value at least, got one tie of all pairs at"
            f" {where}: it lies {side} every similarity of these features"
        )


def degeneracy(diagnoses: list[SigmaDiagnosis]) -> str | None:
    """A warning where most of the σ of a space order little, or None."""
    bad = [one.sigma for one in diagnoses if one.degenerate]
    if len(bad) <= len(diagnoses) / 2:
        return None
    return (
        f"at {len(bad)} of {len(diagnoses)} values of sigma ({min(bad):g} … {max(bad):g}) more than"
        " half of the pairs tie, so most of the order is its tie-break and not a difficulty"
    )
