"""The result of `class-sweep audit`: the pairs of a data set, the most suspect first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from class_sweep.statistics.wrong_share import WrongShare


@dataclass(frozen=True, slots=True)
class Named:
    """The other molecule, or the other text, that fits best."""

    id: str
    value: str


@dataclass(frozen=True, slots=True)
class AuditedPair:
    """A pair with its scores.

    Attributes:
        id: The identifier in the source.
        split: The split.
        text: The description.
        smiles: The molecule, as in the source.
        molecule_rank: The rank of the molecule for its text, from 1.
        text_rank: The rank of the text for its molecule, from 1.
        mismatched_below: The fraction of the deliberately mismatched pairs that fit better.
        contradictions: What the text names and the molecule lacks.
        best_molecule: The other molecule that fits the text best.
        best_text: The other text that fits the molecule best.
        margin: The mean margin of a short training; None without one.
    """

    id: str
    split: str
    text: str
    smiles: str
    molecule_rank: float
    text_rank: float
    mismatched_below: float
    contradictions: Sequence[str]
    best_molecule: Named
    best_text: Named
    margin: float | None = None


@dataclass(frozen=True)
class Audit:
    """The result of an audit.

    Attributes:
        name: The name of the space or table.
        pairs: All pairs, or with margins the training pairs; the most suspect first.
        shares: The estimated share of wrong pairs of each split.
        candidates: The numbers of distinct molecules and texts that the ranks count.
    """

    name: str
    pairs: Sequence[AuditedPair]
    shares: Mapping[str, WrongShare]
    candidates: tuple[int, int]

    @property
    def with_margins(self) -> bool:
        """Whether the margins of a training take part in the order."""
        return self.pairs[0].margin is not None

    @property
    def contradicted(self) -> int:
        """The number of pairs with a contradiction."""
        return sum(bool(pair.contradictions) for pair in self.pairs)
