"""The report of the rows that were dropped, and of what was left out of a SMILES."""

import logging
from collections.abc import Sequence

from class_sweep.base.text import shortened
from class_sweep.data.pair import Dropped
from class_sweep.errors import DataError

log = logging.getLogger(__name__)

MAX_DROPPED = 0.02  # fraction of the rows; a file with more is probably not the intended one


def report_dropped(
    dropped: Sequence[Dropped], rows: int, limit: float = MAX_DROPPED, remedy: str = ""
) -> None:
    """Warn about the dropped rows.

    Args:
        dropped: The dropped rows.
        rows: The number of all rows.
        limit: The fraction of the rows that may be dropped.
        remedy: What to do if more are, for the end of the error.

    Raises:
        DataError: If more were dropped.
    """
    if not dropped:
        return
    lines = [f"{d.reason} (id {d.id}) at {d.place}" for d in dropped]
    for line in lines:
        log.info("dropped: %s", line)
    share = f"{len(dropped)} of {rows} rows ({len(dropped) / rows:.1%})"
    if len(dropped) > limit * rows:
        raise DataError(
            f"at most {limit:.0%} of the rows may be unusable, got {share}{remedy}:\n  "
            + "\n  ".join(lines[:5])
        )
    log.warning("dropped %s, the first: %s", share, lines[0])


class FollowingText:
    """What follows the SMILES of some rows after a blank; it is not part of the molecule."""

    def __init__(self) -> None:
        self._count, self._first = 0, ""

    def note(self, rest: str, place: str) -> None:
        """Take note of what follows a SMILES, if anything does."""
        if rest:
            self._count += 1
            self._first = self._first or f"{shortened(rest)} at {place}"

    def warn(self) -> None:
        """Warn of all that was noted."""
        if self._count:
            log.warning(
                "left out what follows a blank in %d SMILES, the first: %s",
                self._count,
                self._first,
            )
