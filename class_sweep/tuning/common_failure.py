"""Failures that lie outside the configurations: all trials of a run fail for one reason."""

import re
from collections.abc import Collection, Sequence

from class_sweep.results.record import Record

FAILURES = 5
"""So many trials must fail first. A region that fails half of the time does that in 1 run of 32."""

_VARYING = re.compile(
    r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|[-+]?\b\d+(?:\.\d+)?(?:e[-+]?\d+)?\b|\b(?:nan|inf)\b",
    re.IGNORECASE,
)


class CommonFailure:
    """Recognises that the first trials of a run all failed for one and the same reason.

    Reasons are the same if they are equal without their numbers; a reason starts with the type of
    its error. One trial with a value shows that the reason depends on the configuration.

    Attributes:
        count: The failures so far.
    """

    def __init__(self, limit: float = FAILURES, dependent: Collection[str] = ()) -> None:
        """Take the number of failures, and reasons that are known to depend on configurations."""
        self.count = 0
        self._limit = limit
        self._dependent = {_without_numbers(reason) for reason in dependent}
        self._works = False
        self._reasons: dict[str, str] = {}  # without numbers: the first of each

    def add(self, reason: str | None) -> None:
        """Count a failure by its reason; None stands for a trial with a value."""
        if reason is None:
            self._works = True
            return
        self.count += 1
        self._reasons.setdefault(_without_numbers(reason), reason)

    @property
    def reason(self) -> str | None:
        """The reason that all trials share, or None if there is no such reason."""
        if self._works or self.count < self._limit or len(self._reasons) > 1:
            return None
        [(key, reason)] = self._reasons.items()
        return None if key in self._dependent else reason


def dependent_reasons(records: Sequence[Record]) -> list[str]:
    """The reasons of a log that occurred while other trials had values."""
    if all(record.objective is None for record in records):
        return []
    return [record.reason for record in records if record.reason]


def _without_numbers(reason: str) -> str:
    return _VARYING.sub("#", reason)
