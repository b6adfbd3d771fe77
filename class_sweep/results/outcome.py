"""How the trials of a sweep ended, from their records alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from class_sweep.config.objective import Objective
from class_sweep.results.record import Record


@dataclass(frozen=True)
class Trials:
    """Trials by how they ended; each list holds the last record of its trials, by number."""

    running: list[Record]
    finished: list[Record]
    pruned: list[Record]
    failed: list[Record]
    rung_decisions: int

    @property
    def samples(self) -> int:
        """Samples seen by all trials together."""
        every = (self.running, self.finished, self.pruned, self.failed)
        return sum(record.samples for group in every for record in group)

    def ranked(self, objective: Objective) -> list[Record]:
        """The finished trials, best first; of equals the one that saw fewer samples.

        Only trials that went to their end are ranked: a pruned trial's value is of another budget.
        """
        return sorted(
            self.finished,
            key=lambda r: (-objective.sign * (r.objective or 0.0), r.samples, r.trial),
        )


def trials_of(records: Iterable[Record]) -> Trials:
    """Group the trials of a log by how they ended."""
    last: dict[int, Record] = {}
    decisions = 0
    for record in records:
        last[record.trial] = record
        decisions += record.compared
    groups: dict[str, list[Record]] = {"continue": [], "finish": [], "prune": [], "fail": []}
    for number in sorted(last):
        groups[last[number].decision].append(last[number])
    return Trials(groups["continue"], groups["finish"], groups["prune"], groups["fail"], decisions)
