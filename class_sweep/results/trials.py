"""How the trials of a sweep ended, from their records alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from class_sweep.config.objective import Objective
from class_sweep.results.record import Decision, Record


@dataclass(frozen=True)
class Trials:
    """Trials by how they ended; each list holds the last record of its trials, by number."""

    running: list[Record]
    paused: list[Record]
    finished: list[Record]
    pruned: list[Record]
    failed: list[Record]
    replaced: list[Record]  # that failed, and were run again as other trials
    rung_decisions: int

    @property
    def count(self) -> int:
        """How many trials have reported, beside those that were replaced."""
        return sum(map(len, self._groups)) - len(self.replaced)

    @property
    def samples(self) -> int:
        """Samples seen by all trials together; one that stands for another saw none."""
        return sum(r.samples for group in self._groups for r in group if r.same_as is None)

    @property
    def repeated(self) -> int:
        """How many trials were not trained, since an earlier one had done every step of theirs."""
        return sum(r.same_as is not None for group in self._groups for r in group)

    @property
    def _groups(self) -> tuple[list[Record], ...]:
        return (self.running, self.paused, self.finished, self.pruned, self.failed, self.replaced)

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
    groups: dict[str, list[Record]] = {decision: [] for decision in get_args(Decision)}
    again = {record.rerun_of for record in last.values()}
    replaced = [last[number] for number in sorted(last) if number in again]
    for number in sorted(last.keys() - again):
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
