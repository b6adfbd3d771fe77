"""How long a sweep will still take, from the times of its latest reports."""

from collections.abc import Sequence
from datetime import datetime

from class_sweep.results.record import Record

_LATEST = 32  # reports that the pace is taken from: a resumed sweep forgets its pause


def seconds_left(
    records: Sequence[Record], wanted: int, foretold: int | None = None
) -> float | None:
    """Seconds until every trial has ended, at the pace of the latest reports; None while unknown.

    Args:
        records: Every report so far.
        wanted: How many trials are to end.
        foretold: The samples of all trials together. Where they are known the pace is of samples,
            else of ends: with trials that wait the first ends are cheap and the last dear.
    """
    ended = [r for r in records if r.ended]
    left = wanted - len(ended)
    if left <= 0:
        return None
    if foretold is not None:
        return _by_samples(records, foretold)
    latest = sorted(_time(r) for r in ended if r.at)[-_LATEST:]
    if len(latest) < 3:
        return None
    return left * (latest[-1] - latest[0]) / (len(latest) - 1)


def _by_samples(records: Sequence[Record], foretold: int) -> float | None:
    seen: dict[int, int] = {}
    legs: list[tuple[Record, int]] = []  # each report, and the samples since the one before
    for r in records:
        if r.at and r.same_as is None:
            legs.append((r, max(0, r.samples - seen.get(r.trial, 0))))
            seen[r.trial] = r.samples
    latest = legs[-_LATEST:]
    left = foretold - sum(seen.values())
    spent = sum(samples for _, samples in latest[1:])
    if len(latest) < 3 or left <= 0 or not spent:
        return None
    return left * (_time(latest[-1][0]) - _time(latest[0][0])) / spent


def _time(record: Record) -> float:
    return datetime.fromisoformat(record.at).timestamp()
