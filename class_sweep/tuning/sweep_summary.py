"""The summary of a sweep: what its log says of its trials, for `summary.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from class_sweep.config.document import Space
from class_sweep.config.pruning import RungPruning
from class_sweep.curriculum.schedule import full_data_samples
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


@dataclass(frozen=True)
class Summarizer:
    """Summarises the log of a sweep.

    Attributes:
        space: The search space.
        pairs: Pairs in each split.
        difficulty: Similarity to the distribution of N at each σ.
        warnings: Warnings about the data, for a sweep that has ended.
        planned: The number of trials that are expected; None for all of the space.
    """

    space: Space
    pairs: SplitSizes
    difficulty: Mapping[str, list[SigmaSummary]] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    planned: int | None = None

    @cached_property
    def full_samples(self) -> int:
        """Samples of one trial over the full data."""
        settings = self.space.settings
        return full_data_samples(self.pairs.train, settings.optimizer.batch_size, settings.budget)

    @cached_property
    def expected_samples(self) -> int | None:
        """Expected samples of all trials; None where the pruner cannot tell."""
        rungs = Rungs.of(self.space, self.pairs.train)
        return expected_samples(
            self.space,
            rungs.samples,
            self.full_samples,
            own_schedule=rungs.fractions is not None,
            trials=self.planned,
        )

    def summary(
        self,
        state: State,
        records: Sequence[Record],
        *,
        trials_wanted: int,
        seconds: Mapping[str, float],
    ) -> SweepSummary:
        """The summary of a log.

        Args:
            state: The state of the sweep.
            records: Every report so far.
            trials_wanted: The number of planned trials.
            seconds: Stage to wall time.
        """
        space, trials = self.space, trials_of(records)
        full_budget = self.full_samples * trials_wanted
        ranked = trials.ranked(space.objective)
        return SweepSummary(
            state=state,
            objective=str(space.objective),
            direction=space.objective.direction,
            pruning=space.settings.pruning.kind,
            pairs=self.pairs,
            trials=TrialCounts(
                wanted=trials_wanted,
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
            difficulty=dict(self.difficulty),
            seconds=dict(seconds),
        )

    def _warnings(self, rung_decisions: int) -> list[str]:
        """The warnings of a sweep that has ended."""
        return self._pruning_warnings(rung_decisions) + list(self.warnings)

    def _pruning_warnings(self, rung_decisions: int) -> list[str]:
        space = self.space
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
