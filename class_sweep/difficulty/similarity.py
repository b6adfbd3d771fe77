"""The similarity of two pairs, and the tolerance of its comparison with a threshold.

s_ij = w·cos(h^t_i, h^t_j) + (1 − w)·M(i, j), where M is the cosine of the molecule features or the
Tanimoto similarity of fingerprints. CLASS (arXiv 2502.11633, eq. 2) is w = ½ with two cosines; its
other choices are extensions of the paper.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from class_sweep.errors import InputError

THRESHOLD_TOLERANCE = 1e-9
"""s_ij reaches σ if it is at least σ − 1e-9 in float64. Duplicates, whose cosine is 1 up to
rounding, therefore reach σ = 1."""

MoleculeSimilarity = Literal["cosine", "tanimoto"]


@dataclass(frozen=True)
class Similarity:
    """The weights and the kind of a pair similarity.

    Attributes:
        text_weight: w in [0, 1]; 1 is text only, 0 is molecule only.
        molecule: `cosine` of the molecule features, or `tanimoto`: c / (a + b − c), where a and b
            are the numbers of non-zero entries of two molecules and c is the number of common
            ones; 0 if one of them has none.

    Raises:
        InputError: If the weight is not in [0, 1], or the kind is unknown.
    """

    text_weight: float = 0.5
    molecule: MoleculeSimilarity = "cosine"

    def __str__(self) -> str:
        parts = {"text": self.text_weight, f"molecule ({self.molecule})": 1 - self.text_weight}
        return " + ".join(f"{weight:g} {name}" for name, weight in parts.items() if weight)

    def __post_init__(self) -> None:
        if not 0 <= self.text_weight <= 1:
            raise InputError(f"text_weight must be a share in [0, 1], got {self.text_weight}")
        kinds = get_args(MoleculeSimilarity)
        if self.molecule not in kinds:
            raise InputError(
                f"molecule similarity must be one of {', '.join(kinds)}, got {self.molecule!r}"
            )


CLASS_SIMILARITY = Similarity()
"""The similarity of the paper: the mean of both cosines."""
