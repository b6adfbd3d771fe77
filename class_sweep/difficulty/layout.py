"""The blocks of a tile and their order."""

from collections.abc import Iterator

BLOCK = 1024  # pairs on a side: a bfloat16 product of 2 MiB, which fits in the processor cache


def even_spans(pairs: int, most: int) -> list[range]:
    """Equal consecutive spans of at most `most` pairs."""
    parts = max(1, -(-pairs // most))
    ends = [pairs * k // parts for k in range(parts + 1)]
    return [range(*ends[k : k + 2]) for k in range(parts)]


def block_order(rows: range, columns: range, kept: int) -> Iterator[tuple[slice, slice]]:
    """The rows and columns of each block; each turn covers every pair, so floors rise together."""
    edge = max(BLOCK, 4 * kept)
    down, across = (
        [slice(span.start, span.stop) for span in even_spans(len(side), edge)]
        for side in (rows, columns)
    )
    square, n = rows == columns, len(across)
    for turn in range(n // 2 + 1 if square else n):
        for k, i in enumerate(down):
            if not (square and 2 * turn == n and k >= turn):
                yield i, across[(k + turn) % n]
