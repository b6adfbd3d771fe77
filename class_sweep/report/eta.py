"""The remaining time of a sweep, estimated from the times of its latest reports."""

from collections.abc import Sequence
from datetime import datetime

from class_sweep.results.record import Record

_WINDOW = 32  # latest reports for the rate: the pause before a resume drops out of them
_MIN_REPORTS = 3


def seconds_left(
    records: Sequence[Record], trials: int, expected_samples: int | None = None
) -> float | None:
    """Seconds until every trial has ended, at the rate of the latest reports; None if unknown.

    Args:
        records: Every report so far.
        trials: The number of trials that are to end.
        expected_samples: The samples of all trials together. If they are known, the rate is in
            samples per second, else in ended trials per second: where trials pause, the first
            ends are cheap and the last ones expensive.
    """
    ended = [r for r in records if r.ended]
    left = trials - len(ended)
    if left <= 0:
        return None
    if expected_samples is not None:
        return _by_samples(records, expected_samples)
    latest = sorted(_time(r) for r in ended if r.at)[-_WINDOW:]
    if len(latest) < _MIN_REPORTS:
        return None
    return left * (latest[-1] - latest[0]) / (len(latest) - 1)


def _by_samples(records: Sequence[Record], expected: int) -> float | None:
    seen: dict[int, int] = {}
    increments: list[tuple[Record, int]] = []  # each report, with its new samples
    for r in records:
        if r.at and r.same_as is None:
            increments.append((r, max(0, r.samples - seen.get(r.trial, 0))))
            seen[r.trial] = r.samples
    latest = increments[-_WINDOW:]
    left = expected - sum(seen.values())
    spent = sum(samples for _, samples in latest[1:])
    if len(latest) < _MIN_REPORTS or left <= 0 or not spent:
        return None
    return left * (_time(latest[-1][0]) - _time(latest[0][0])) / spent


def _time(record: Record) -> float:
    return datetime.fromisoformat(record.at).timestamp()
