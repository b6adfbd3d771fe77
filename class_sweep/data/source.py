"""The rows of a data source, before any molecule is parsed."""

from dataclasses import dataclass

from class_sweep.config.inputs import SplitRule


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read; it is text, and nothing else about it has been checked."""

    id: str
    smiles: str
    text: str
    place: str  # file:line, for messages; for a Parquet file the row, from 1
    split: int | None = None  # index into SPLITS; None where a rule decides the splits


@dataclass(frozen=True)
class Source:
    """All rows of a data set.

    Attributes:
        rows: in the order of the source.
        splits: the names of the splits that must not be empty.
        rule: how the rows are split, where they carry no split of their own.
    """

    rows: list[Row]
    splits: tuple[str, ...]
    rule: SplitRule | None = None
