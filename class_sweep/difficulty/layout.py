"""The blocks of a tile and their order."""

from collections.abc import Iterator

BLOCK = 1024  # rows and columns: a bfloat16 block of 2 MiB fits in the processor cache


def even_spans(pairs: int, longest: int) -> list[range]:
    """Consecutive spans of equal length, at most `longest`; lengths differ by at most 1."""
    parts = max(1, -(-pairs // longest))
    ends = [pairs * k // parts for k in range(parts + 1)]
    return [range(*ends[k : k + 2]) for k in range(parts)]


def block_order(rows: range, columns: range, kept: int) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and the columns of each block of a tile.

    Each turn yields one block of every row span, so the floors of all pairs rise together.
    """
    edge = max(BLOCK, 4 * kept)
    row_spans, column_spans = (
        [slice(span.start, span.stop) for span in even_spans(len(side), edge)]
        for side in (rows, columns)
    )
    square, n = rows == columns, len(column_spans)
    for turn in range(n // 2 + 1 if square else n):
        for k, i in enumerate(row_spans):
            if not (square and 2 * turn == n and k >= turn):
                yield i, column_spans[(k + turn) % n]
