"""The meaning of the numbers of `class-sweep index`, in words."""

import math
from collections.abc import Sequence

from class_sweep.preparation.index_report import IndexReport, SigmaRow

TRAITS = {
    "words": "text length in words",
    "heavy_atoms": "number of heavy atoms",
    "validation_likeness": "similarity to the validation split",
}
_DIFFERENCES = {  # a verb, and how the pairs with the higher value of a trait differ
    "words": ("have", "longer texts"),
    "heavy_atoms": ("have", "larger molecules"),
    "validation_likeness": ("are", "more similar to validation"),
}
WEAK, STRONG = 0.1, 0.3  # |ρ| below which a correlation is negligible, and above which it is strong
NO_PREFERENCE = 0.05  # largest distance of validation's mean position from ½ that means nothing
_CONSTANT = "one of the two is constant"


def correlation(value: float | None) -> str:
    """A rank correlation with its sign, or a dash if it is undefined."""
    return "–" if value is None else f"{value:+.2f}"


def similarity_used(report: IndexReport) -> str:
    """The similarity of two pairs, and the number of other similarities of the space."""
    others = len(set(report.similarities) - {report.similarity})
    more = f", the centre of the space; {others} others are not shown" if others else ""
    return f"{report.similarity}{more}"


def trait_reading(trait: str, value: float | None) -> str:
    """The meaning of a rank correlation of N with a trait."""
    if value is None:
        return _CONSTANT
    if abs(value) < WEAK:
        return f"the order is nearly independent of {TRAITS[trait]}"
    pairs = "hard pairs" if value > 0 else "easy pairs"
    verb, difference = _DIFFERENCES[trait]
    return f"{pairs} {verb} {'' if abs(value) > STRONG else 'slightly '}{difference}"


def validation_reading(position: float | None) -> str:
    """The meaning of the mean relative rank of the validation pairs in the order."""
    if position is None:
        return "there is no validation split"
    where = f"the mean position of validation pairs in the order would be {100 * position:.0f} %"
    if abs(position - 0.5) <= NO_PREFERENCE:
        return f"{where}: no preference (50 %)"
    return f"{where}, towards its {'hard' if position > 0.5 else 'easy'} end (50 %: no preference)"


def agreement(value: float | None) -> str:
    """The meaning of the rank correlation of the two modalities."""
    if value is None:
        return _CONSTANT
    if abs(value) < WEAK:
        return "text and molecule order the pairs independently"
    if abs(value) < STRONG:
        return f"text and molecule {'agree' if value > 0 else 'disagree'} a little"
    return "text and molecule agree" if value > 0 else "typical texts have unusual molecules"


def recommendation(report: IndexReport) -> str:
    """The recommended range of σ in a sentence."""
    recommended = report.recommendation
    if recommended.range is None:
        return (
            "No σ of this space orders its pairs, and no other σ would: nearly all nearest"
            " neighbours are equally similar. Use other encoders."
        )
    low, high = (f"{sigma:g}" for sigma in recommended.range)
    if not recommended.counted:
        return (
            f"No σ of this space orders its pairs. Between {low} and {high}, 5 % to 45 % of the"
            " pairs have no look-alike; look-alikes were not counted there yet."
        )
    if recommended.usable == recommended.of:
        return f"Every σ of this space, {low} … {high}, orders its pairs."
    return (
        f"σ from {low} to {high} orders the pairs: {recommended.usable} of {recommended.of} values."
    )


def order_warnings(report: IndexReport) -> list[str]:
    """Facts that a user should know before trusting an order of this space."""
    return [*_tied(report.sigmas), *_selection(report.focus_row)]


def _tied(rows: Sequence[SigmaRow]) -> list[str]:
    tied = [row.sigma for row in rows if not row.usable]
    if not tied:
        return []
    return [
        f"at {len(tied)} of {len(rows)} values of sigma ({min(tied):g} … {max(tied):g}) the"
        " tie-break, not difficulty, decides most of the order"
    ]


def _selection(row: SigmaRow) -> list[str]:
    likeness, place = row.sorts_by["validation_likeness"], row.validation_place
    if likeness is None or place is None or abs(likeness) <= STRONG:
        return []
    if math.copysign(1, likeness) * (place - 0.5) <= NO_PREFERENCE:
        return []  # the correlation alone is positive by construction
    order = "hard_first" if likeness > 0 else "easy_first"
    return [
        f"N correlates with similarity to the validation split (ρ = {likeness:+.2f} at sigma"
        f" {row.sigma:g}): the order {order} selects rows like the ones that evaluate it;"
        f" {validation_reading(row.validation_place)}"
    ]
