"""The trials of a log, grouped by their state."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from class_sweep.config.objective import Objective
from class_sweep.results.record import Decision, Record


@dataclass(frozen=True)
class Trials:
    """Trials by their state; each list holds the last record of its trials, by number.

    Attributes:
        running: Trials that continue.
        paused: Trials that are paused at a rung.
        finished: Trials that were trained to their end.
        pruned: Trials that the pruner stopped.
        failed: Trials that failed and were not run again.
        replaced: Trials that failed and were run again as other trials.
        rung_decisions: Reports that were compared with those of other trials.
    """

    running: list[Record]
    paused: list[Record]
    finished: list[Record]
    pruned: list[Record]
    failed: list[Record]
    replaced: list[Record]
    rung_decisions: int

    @property
    def count(self) -> int:
        """Number of trials that have reported, without the replaced trials."""
        return sum(map(len, self._groups)) - len(self.replaced)

    def missing(self, wanted: int) -> int:
        """Number of the wanted trials that have not ended, or not even begun."""
        return max(0, wanted - len(self.finished) - len(self.pruned) - len(self.failed))

    @property
    def samples(self) -> int:
        """Samples seen by all trials together; a duplicate sees none."""
        return sum(r.samples for group in self._groups for r in group if r.same_as is None)

    @property
    def repeated(self) -> int:
        """Number of duplicates: trials that copy the reports of an earlier trial."""
        return sum(r.same_as is not None for group in self._groups for r in group)

    @property
    def _groups(self) -> tuple[list[Record], ...]:
        return (self.running, self.paused, self.finished, self.pruned, self.failed, self.replaced)

    def ranked(self, objective: Objective) -> list[Record]:
        """The finished trials, best first; among equal trials, the one with fewer samples first.

        A pruned trial is not ranked, because its value belongs to a smaller budget.
        """
        return sorted(
            self.finished,
            key=lambda r: (-objective.sign * (r.objective or 0.0), r.samples, r.trial),
        )


def reports_by_trial(records: Iterable[Record]) -> dict[int, list[Record]]:
    """The reports of each trial in the order of the log, by number."""
    by_trial: dict[int, list[Record]] = {}
    for record in records:
        by_trial.setdefault(record.trial, []).append(record)
    return by_trial


def trials_of(records: Iterable[Record]) -> Trials:
    """Group the trials of a log by the decision in their last record."""
    last: dict[int, Record] = {}
    decisions = 0
    for record in records:
        last[record.trial] = record
        decisions += record.compared
    groups: dict[str, list[Record]] = {decision: [] for decision in get_args(Decision)}
    rerun = {record.rerun_of for record in last.values()}
    replaced = [last[number] for number in sorted(last) if number in rerun]
    for number in sorted(last.keys() - rerun):
        groups[last[number].decision].append(last[number])
    return Trials(
        running=groups["continue"],
        paused=groups["pause"],
        finished=groups["finish"],
        pruned=groups["prune"],
        failed=groups["fail"],
        replaced=replaced,
        rung_decisions=decisions,
    )
