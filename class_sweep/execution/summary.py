"""`summary.json`: the state of a sweep and how its trials ended, in one small file."""

from collections.abc import Iterable
from dataclasses import asdict

from class_sweep.config.document import Space
from class_sweep.curriculum.schedule import full_data_samples
from class_sweep.preparation.prepare import Clock, Prepared
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.record import Record
from class_sweep.results.summary import (
    SampleCounts,
    SigmaSummary,
    SplitSizes,
    State,
    SweepSummary,
    TrialCounts,
    TrialSummary,
)
from class_sweep.results.trials import trials_of
from class_sweep.tuning.milestones import ladder
from class_sweep.tuning.pruners.registry import foretold_samples
from class_sweep.tuning.samplers import searched


class Summary:
    """`summary.json`: written when the trials start and when they end."""

    def __init__(
        self, space: Space, prepared: Prepared, clock: Clock, writer: ResultsWriter
    ) -> None:
        self._space, self._clock, self._writer = space, clock, writer
        settings = space.settings
        self._pairs = SplitSizes(
            **{split: len(prepared.pairs.rows(split)) for split in SplitSizes.model_fields}
        )
        self.full_samples = full_data_samples(
            self._pairs.train, settings.optimizer.batch_size, settings.budget
        )
        rungs, references = ladder(space, self._pairs.train), len(settings.search.baselines)
        foretold = foretold_samples(settings.pruning, rungs, searched(space), self.full_samples)
        self.foretold = None if foretold is None else foretold + references * self.full_samples
        self._diagnoses = {
            str(similarity): [SigmaSummary(**asdict(diagnosis)) for diagnosis in diagnoses]
            for similarity, diagnoses in prepared.diagnoses.items()
        }

    def write(self, state: State, records: Iterable[Record]) -> SweepSummary:
        """Write and return it, as it is by these records."""
        trials = trials_of(records)
        wanted = self._space.settings.search.runs
        full_budget = self.full_samples * wanted
        ranked = trials.ranked(self._space.objective)
        summary = SweepSummary(
            state=state,
            objective=str(self._space.objective),
            direction=self._space.objective.direction,
            pruning=self._space.settings.pruning.kind,
            pairs=self._pairs,
            trials=TrialCounts(
                wanted=wanted,
                proposed=trials.count,
                finished=len(trials.finished),
                pruned=len(trials.pruned),
                repeated=trials.repeated,
                failed=len(trials.failed),
            ),
            rung_decisions=trials.rung_decisions,
            warnings=[] if state == "running" else self._warnings(trials.rung_decisions),
            samples=SampleCounts(
                seen=trials.samples,
                full_budget=full_budget,
                expected=self.foretold,
                share=round(trials.samples / full_budget, 4),
            ),
            best=self._trial(ranked[0]) if ranked else None,
            references={r.name: self._trial(r) for r in trials.finished if r.name},
            difficulty=self._diagnoses,
            seconds=self._clock.seconds,
        )
        self._writer.write_summary(summary)
        return summary

    def _warnings(self, rung_decisions: int) -> list[str]:
        """What a finished sweep must not be read without."""
        settings = self._space.settings
        if settings.pruning.kind == "none" or rung_decisions or searched(self._space) < 2:
            return []
        return [
            "No rung decision was made: nothing was ever pruned or compared; lower"
            f" pruning.grace_epochs ({settings.pruning.grace_epochs}) or run more trials."
        ]

    def _trial(self, record: Record) -> TrialSummary:
        return TrialSummary(
            trial=record.trial,
            name=record.name,
            identity=record.identity,
            config=record.config,
            metrics=record.metrics,
            samples=record.samples,
            share_of_full_data=round(record.samples / self.full_samples, 4),
        )
