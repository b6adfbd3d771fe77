"""Writes `summary.json` when the trials start and when they end."""

from dataclasses import asdict

from class_sweep.execution.context import SweepContext
from class_sweep.results.summary import SigmaSummary, SplitSizes, State, SweepSummary
from class_sweep.tuning.sweep_summary import Summarizer


class SummaryWriter:
    """Summarises the log of a running sweep.

    Attributes:
        full_samples: Samples of one trial over the full data.
        expected_samples: Expected samples of all trials; None where the pruner cannot tell.
    """

    def __init__(self, context: SweepContext) -> None:
        self._context = context
        prepared = context.prepared
        self._summarizer = Summarizer(
            context.space,
            SplitSizes(
                **{split: len(prepared.pairs.rows(split)) for split in SplitSizes.model_fields}
            ),
            {
                str(similarity): [SigmaSummary(**asdict(diagnosis)) for diagnosis in diagnoses]
                for similarity, diagnoses in prepared.diagnoses.items()
            },
            [prepared.wrong_pairs] if prepared.wrong_pairs else [],
            None if context.time is None else context.trials_wanted,
        )
        self.full_samples = self._summarizer.full_samples
        self.expected_samples = self._summarizer.expected_samples

    def write(self, state: State) -> SweepSummary:
        """Write `summary.json` from the log as it is now."""
        context = self._context
        summary = self._summarizer.summary(
            state,
            context.folder.records(),
            trials_wanted=context.trials_wanted,
            seconds=context.clock.seconds,
        )
        context.writer.write_summary(summary)
        return summary
