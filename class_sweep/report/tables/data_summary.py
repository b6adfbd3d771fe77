"""The numbers of a data set: `class-sweep data describe`."""

from typing import TYPE_CHECKING

from class_sweep.rendering.blocks import Block, Table, Text
from class_sweep.results import formatting

if TYPE_CHECKING:
    from class_sweep.data.describe import Summary


def data_blocks(summary: "Summary") -> list[Block]:
    """A row for each split and for all pairs."""
    from class_sweep.data.describe import LEVELS  # noqa: PLC0415 - loads RDKit

    rows = [
        [
            split,
            f"{part.pairs:,}",
            f"{part.molecules:,}",
            f"{part.texts:,}",
            formatting.percent(part.duplicates),
            " ".join(f"{q:g}" for q in part.words),
            " ".join(f"{q:g}" for q in part.heavy_atoms),
        ]
        for split, part in {**summary.splits, "all": summary.total}.items()
    ]
    head = ("", "pairs", "molecules", "texts", "repeated", "words", "heavy atoms")
    levels = " ".join(f"{level:g}" for level in LEVELS)
    note = (
        f"words and heavy atoms: quantiles at {levels}; {len(summary.dropped)} rows dropped;"
        f" SHA-256 {summary.checksum}"
    )
    return [Table(head, rows), Text(note, "note")]
