"""What the numbers of `class-sweep index` mean, in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any

from class_sweep.results.formatting import percent

TRAITS = {
    "words": "text length in words",
    "heavy_atoms": "number of heavy atoms",
    "validation_likeness": "likeness to the validation split",
}
_MORE = {
    "words": "longer texts",
    "heavy_atoms": "larger molecules",
    "validation_likeness": "likeness to validation",
}
WEAK, STRONG = 0.1, 0.3  # |ρ| below which an order hardly follows a trait, and above which it does
NO_PREFERENCE = 0.05  # how far from ½ validation's mean place may lie and mean nothing

Row = Mapping[str, Any]


def correlation(value: float | None) -> str:
    """A rank correlation with its sign, or a dash where there is none."""
    return "–" if value is None else f"{value:+.2f}"


def sigma_cells(row: Row) -> list[str]:
    """σ, N = 0, largest tie, distinct N, and the share of the pool decided either way round."""
    shares = (row["decided"]["easy_first"], row["decided"]["hard_first"])
    return [
        f"{row['sigma']:g}",
        percent(row["alone"]),
        percent(row["largest_tie"]),
        f"{row['distinct']:,}",
        *map(percent, shares),
    ]


def compared(tree: Row) -> str:
    """What two pairs are compared by, and how many other ways the space has."""
    others = len(set(tree["similarities"]) - {tree["similarity"]})
    more = f", the centre of the space; {others} others are not shown" if others else ""
    return f"{tree['similarity']}{more}"


def focus(tree: Row) -> Row:
    """The row of the σ that is looked at closely."""
    row: Row = next(row for row in tree["sigmas"] if row["sigma"] == tree["focus"])
    return row


def reading(trait: str, value: float | None) -> str:
    """What a rank correlation of N with a trait says."""
    if value is None:
        return "one of the two is the same for all pairs"
    if abs(value) < WEAK:
        return f"the order hardly follows {TRAITS[trait]}"
    pairs = "hard pairs" if value > 0 else "easy pairs"
    tendency = "go with" if abs(value) > STRONG else "tend slightly to"
    return f"{pairs} {tendency} {_MORE[trait]}"


def place(value: float | None) -> str:
    """What the mean place of validation's own pairs in the order says."""
    if value is None:
        return "there is no validation split"
    where = f"validation's own pairs would stand at {100 * value:.0f} % of the order"
    if abs(value - 0.5) <= NO_PREFERENCE:
        return f"{where}: no preference (50 %)"
    return f"{where}, towards its {'hard' if value > 0.5 else 'easy'} end (50 %: no preference)"


def agreement(value: float | None) -> str:
    """What the rank correlation of both modalities says."""
    if value is None:
        return "one of the two is the same for all pairs"
    if abs(value) < WEAK:
        return "text and molecule order the pairs independently"
    if abs(value) < STRONG:
        return f"text and molecule {'agree' if value > 0 else 'disagree'} a little"
    return "text and molecule agree" if value > 0 else "typical as a text, unusual as a molecule"


def advice(tree: Row) -> str:
    """The recommended σ in a sentence."""
    found = tree["recommendation"]
    if found["range"] is None:
        return (
            "No σ of this space orders its pairs, and none would: nearly all nearest neighbours are"
            " equally similar. Other encoders are needed."
        )
    low, high = (f"{sigma:g}" for sigma in found["range"])
    if not found["counted"]:
        return (
            f"No σ of this space orders its pairs. Between {low} and {high}, 5 % to 45 % of the"
            " pairs have no look-alike; nothing was counted there yet."
        )
    if found["usable"] == found["of"]:
        return f"Every σ of this space, {low} … {high}, orders its pairs."
    return f"σ from {low} to {high} orders the pairs: {found['usable']} of {found['of']} values."


def warnings(tree: Row) -> list[str]:
    """What a user should know before trusting an order of this space."""
    return [*_tied(tree["sigmas"]), *_selection(focus(tree), tree["focus"])]


def _tied(rows: Sequence[Row]) -> list[str]:
    bad = [row["sigma"] for row in rows if not row["usable"]]
    if not bad:
        return []
    return [
        f"at {len(bad)} of {len(rows)} values of sigma ({min(bad):g} … {max(bad):g}) most of the"
        " order is its tie-break and not a difficulty"
    ]


def _selection(row: Row, sigma: float) -> list[str]:
    value, where = row["sorts_by"]["validation_likeness"], row.get("validation_place")
    if value is None or abs(value) <= STRONG:
        return []
    order = "hard_first" if value > 0 else "easy_first"
    return [
        f"N follows likeness to the validation split (ρ = {value:+.2f} at sigma {sigma:g}): the"
        f" order {order} selects rows like those it is judged on; {place(where)}"
    ]
