"""Writes `summary.json` when the trials start and when they end."""

from dataclasses import asdict

from class_sweep.config.pruning import RungPruning
from class_sweep.curriculum.schedule import full_data_samples
from class_sweep.execution.context import SweepContext
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
from class_sweep.tuning.milestones import Rungs
from class_sweep.tuning.pruner_groups import expected_samples


class SummaryWriter:
    """Summarises the log of a running sweep.

    Attributes:
        full_samples: Samples of one trial over the full data.
        expected_samples: Expected samples of all trials; None where the pruner cannot tell.
    """

    def __init__(self, context: SweepContext) -> None:
        self._context = context
        space, pairs = context.space, context.prepared.pairs
        settings = space.settings
        self._pairs = SplitSizes(
            **{split: len(pairs.rows(split)) for split in SplitSizes.model_fields}
        )
        self.full_samples = full_data_samples(
            self._pairs.train, settings.optimizer.batch_size, settings.budget
        )
        rungs = Rungs.of(space, self._pairs.train)
        self.expected_samples = expected_samples(
            space, rungs.samples, self.full_samples, own_schedule=rungs.fractions is not None
        )
        self._difficulty = {
            str(similarity): [SigmaSummary(**asdict(diagnosis)) for diagnosis in diagnoses]
            for similarity, diagnoses in context.prepared.diagnoses.items()
        }

    def write(self, state: State) -> SweepSummary:
        """Write `summary.json` from the log as it is now."""
        space = self._context.space
        trials = trials_of(self._context.folder.records())
        wanted = self._context.trials_wanted
        full_budget = self.full_samples * wanted
        ranked = trials.ranked(space.objective)
        summary = SweepSummary(
            state=state,
            objective=str(space.objective),
            direction=space.objective.direction,
            pruning=space.settings.pruning.kind,
            pairs=self._pairs,
            trials=TrialCounts(
                wanted=wanted,
                full_data=space.full_data_trials,
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
                expected=self.expected_samples,
                share=round(trials.samples / full_budget, 4),
            ),
            best=self._trial(ranked[0]) if ranked else None,
            references={r.name: self._trial(r) for r in reversed(ranked) if r.name},
            difficulty=self._difficulty,
            seconds=self._context.clock.seconds,
        )
        self._context.writer.write_summary(summary)
        return summary

    def _warnings(self, rung_decisions: int) -> list[str]:
        """The warnings of a sweep that has ended."""
        suspect = self._context.prepared.wrong_pairs
        return self._pruning_warnings(rung_decisions) + ([suspect] if suspect else [])

    def _pruning_warnings(self, rung_decisions: int) -> list[str]:
        space = self._context.space
        pruning = space.settings.pruning
        if not isinstance(pruning, RungPruning) or rung_decisions or space.schedule_trials < 2:
            return []
        return [
            "No rung decision was made: nothing was ever pruned or compared; lower"
            f" pruning.grace_epochs ({pruning.grace_epochs}) or run more trials."
        ]

    def _trial(self, record: Record) -> TrialSummary:
        return TrialSummary(
            trial=record.trial,
            name=record.name,
            tuned=record.tuned,
            share=record.share,
            identity=record.identity,
            config=record.config,
            metrics=record.metrics,
            samples=record.samples,
            share_of_full_data=round(record.samples / self.full_samples, 4),
        )
