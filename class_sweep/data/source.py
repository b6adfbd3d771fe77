"""The rows of a data source, before any molecule is parsed."""

from dataclasses import dataclass

from class_sweep.config.inputs import SplitRule


@dataclass(frozen=True, slots=True)
class Row:
    """One row as text; its molecule is not yet parsed and its values are not yet checked."""

    id: str
    smiles: str
    text: str
    place: str  # file:line, for messages; for a Parquet file the row, from 1
    split: int | None = None  # index into SPLITS; None if a rule decides the splits
    difficulty: float | None = None  # low is easy; None if the source gives none


@dataclass(frozen=True)
class Source:
    """All rows of a data set.

    Attributes:
        rows: The rows, in the order of the source.
        splits: The names of the splits that must not be empty.
        rule: The rule that splits the rows; None if each row carries its split.
    """

    rows: list[Row]
    splits: tuple[str, ...]
    rule: SplitRule | None = None
