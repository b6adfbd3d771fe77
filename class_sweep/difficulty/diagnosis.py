"""The distribution of N at each σ, and errors and warnings about ties."""

from dataclasses import dataclass

import numpy as np

from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.order_quality import MAX_TIE
from class_sweep.errors import DataError


@dataclass(frozen=True)
class SigmaDiagnosis:
    """The distribution of N at one σ.

    Attributes:
        sigma: The threshold.
        alone: The fraction of pairs with N = 0, which only the tie-break orders.
        distinct: The number of distinct N.
        largest_tie: The fraction of pairs with the most frequent N.
    """

    sigma: float
    alone: float
    distinct: int
    largest_tie: float

    @property
    def degenerate(self) -> bool:
        """Whether the tie-break decides most of the order."""
        return self.largest_tie >= MAX_TIE


def diagnose(index: DifficultyIndex) -> list[SigmaDiagnosis]:
    """Compute the distribution of N at every σ of the index, ascending."""
    diagnoses = []
    for sigma, counts in zip(index.sigmas, index.counts.T, strict=True):
        values, sizes = np.unique(counts, return_counts=True)
        pairs = len(counts)
        diagnoses.append(
            SigmaDiagnosis(
                sigma=float(sigma),
                alone=float((counts == 0).mean()),
                distinct=len(values),
                largest_tie=float(sizes.max() / pairs),
            )
        )
    return diagnoses


def require_an_order(diagnoses: list[SigmaDiagnosis]) -> None:
    """Refuse diagnoses in which N orders no pairs at any σ.

    Raises:
        DataError: If every pair has the same N at every σ.
    """
    if all(diagnosis.distinct == 1 for diagnosis in diagnoses):
        low, high = diagnoses[0].sigma, diagnoses[-1].sigma
        sigmas = f"σ = {low:g}" if low == high else f"all of σ = {low:g} … {high:g}"
        position = "above" if diagnoses[0].alone == 1 else "below"
        raise DataError(
            "sigma must tell pairs apart at one value at least, got one tie of all pairs at"
            f" {sigmas}: it lies {position} every similarity of these features"
        )


def degeneracy(diagnoses: list[SigmaDiagnosis]) -> str | None:
    """A warning if the tie-break decides most of the order at more than half of the σ, or None."""
    sigmas = [diagnosis.sigma for diagnosis in diagnoses if diagnosis.degenerate]
    if len(sigmas) <= len(diagnoses) / 2:
        return None
    return (
        f"at {len(sigmas)} of {len(diagnoses)} values of sigma ({min(sigmas):g} … {max(sigmas):g})"
        " more than half of the pairs tie, so the tie-break decides most of the order"
    )
