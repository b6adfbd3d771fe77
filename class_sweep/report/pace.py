"""How long a sweep will still take, from the times of the reports that ended its trials."""

from collections.abc import Sequence
from datetime import datetime

from class_sweep.results.record import Record

_LATEST = 32  # ends that the pace is taken from: a resumed sweep forgets its pause


def seconds_left(records: Sequence[Record], wanted: int) -> float | None:
    """Seconds until every trial has ended, at the pace of the latest ones; None while unknown."""
    ends = sorted(datetime.fromisoformat(r.at) for r in records if r.ended and r.at)
    left = wanted - len(ends)
    latest = ends[-_LATEST:]
    if len(latest) < 3 or left <= 0:
        return None
    return left * (latest[-1] - latest[0]).total_seconds() / (len(latest) - 1)
