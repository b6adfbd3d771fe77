"""What a source hands over, before any molecule is parsed."""

from dataclasses import dataclass

from class_sweep.config.inputs import SplitRule


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read: nothing of it is checked but that it is text."""

    id: str
    smiles: str
    text: str
    place: str  # file:line, for messages; of a Parquet file the row, from 1
    split: int | None = None  # a code into SPLITS; None where the source's rule decides


@dataclass(frozen=True)
class Source:
    """Every row of a data set.

    Attributes:
        rows: in the order of the source.
        splits: the names of the splits that must not be empty.
        rule: how the rows are split, where they carry no split of their own.
    """

    rows: list[Row]
    splits: tuple[str, ...]
    rule: SplitRule | None = None
