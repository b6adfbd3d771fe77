"""The comparisons of a confirmation, and the initial weights of their tests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

EQUAL_SAMPLES = "full_data_equal_samples"
"""The kind of control that tells a saving from stopping earlier."""

RESERVE = 0.1
"""The part of the error that is kept for finalists that join after a look. A log of an earlier
version may keep more: the weights that it holds stand."""

SAVING_SHARE = 0.25
"""With a margin: the part of a finalist's level that is kept for its control at equal samples."""


@dataclass(frozen=True)
class Comparison:
    """A finalist and one of its controls, by the names of their arms, and the control's kind."""

    finalist: str
    control: str
    kind: str


Weights = Mapping[tuple[str, str], float]
"""(finalist, kind of control) to the initial share of the error of their comparison."""


def first_of_each(comparisons: Iterable[Comparison]) -> dict[str, Comparison]:
    """Finalist to the first of its comparisons, which asks the question of the sweep."""
    first: dict[str, Comparison] = {}
    for comparison in comparisons:
        first.setdefault(comparison.finalist, comparison)
    return first


def family_weights(
    comparisons: Sequence[Comparison], earlier: Weights, *, saving: bool
) -> dict[tuple[str, str], float]:
    """The weights of the comparisons of finalists that are not in the family yet.

    The first finalists share the error but for `RESERVE`, on the first comparison of each.
    Finalists that are added after a look share half of what is left of the reserve. The weights
    thus add up to less than 1, whenever and however often finalists are added.

    Args:
        comparisons: All comparisons of the confirmation.
        earlier: The weights that are written down; they never change.
        saving: Whether there is a margin. A finalist then keeps `SAVING_SHARE` of its level for
            the comparison at equal samples, which is made once it is shown not worse.
    """
    known = {finalist for finalist, _ in earlier}
    new = {f: c for f, c in first_of_each(comparisons).items() if f not in known}
    left = (1 - sum(earlier.values())) / 2 if earlier else 1 - RESERVE
    savers = {c.finalist for c in comparisons if saving and c.kind == EQUAL_SAMPLES}
    savers -= {finalist for finalist, first in new.items() if first.kind == EQUAL_SAMPLES}
    weights: dict[tuple[str, str], float] = {}
    for comparison in comparisons:
        if comparison.finalist in new:
            kept = SAVING_SHARE if comparison.finalist in savers else 0.0
            part = kept if comparison.kind == EQUAL_SAMPLES else 0.0
            if comparison == new[comparison.finalist]:
                part = 1 - kept
            weights[comparison.finalist, comparison.kind] = part * left / len(new)
    return weights
