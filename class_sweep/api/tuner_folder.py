"""The results folder of a tuner: begun, continued or extended, and its files at the end."""

from collections.abc import Sequence
from contextlib import ExitStack
from os.path import lexists
from pathlib import Path
from typing import Self

from class_sweep.config.document import Space, load_space
from class_sweep.config.extension import TRIALS, with_trials
from class_sweep.config.settings_changes import differences
from class_sweep.errors import ResultsError
from class_sweep.preparation.environment import describe_told_sweep
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.outcome import write_outcome
from class_sweep.results.provenance import extend_begun, listed, load_begun
from class_sweep.results.record import Record
from class_sweep.results.summary import SplitSizes, State
from class_sweep.results.trials import trials_of
from class_sweep.tuning.extension import warn_of_differences
from class_sweep.tuning.sweep_summary import Summarizer

NOTE = "Written by class-sweep: the best finished trial, trained by a loop of one's own."


class TunerFolder:
    """Writes the results folder of a tuner.

    Attributes:
        writer: Writes the files; it holds the folder's lock.
        space: The space of the sweep, with its extensions.
        pairs: The number of training pairs.
    """

    def __init__(self, writer: ResultsWriter, space: Space, pairs: SplitSizes) -> None:
        self.writer, self.space, self.pairs = writer, space, pairs.train
        self._summarizer = Summarizer(space, pairs)
        summary = writer.folder.summary
        self._state = writer.folder.read_summary().state if lexists(summary) else None

    @classmethod
    def begin(cls, path: Path, space: Space, pairs: SplitSizes, data_sha256: str) -> Self:
        """Create the folder of a new sweep.

        Args:
            path: The folder; it must not exist.
            space: The search space.
            pairs: The number of pairs in each split.
            data_sha256: The checksum of the pairs; empty where the loop has data of its own.

        Raises:
            ResultsError: If the folder cannot be created.
        """
        environment = describe_told_sweep(space, pairs, data_sha256)
        return cls(ResultsWriter.create(path, space.text, None, environment), space, pairs)

    @classmethod
    def continued(cls, path: Path, space: Space, pairs: int | None) -> Self:
        """Open the folder of a sweep that continues, and extend it to the trials of a space.

        Args:
            path: The folder.
            space: The space of the sweep; it may have more trials.
            pairs: The number of training pairs; None for that of the folder.

        Raises:
            InputError: If another process has the folder, or it holds another sweep.
        """
        folder = ResultsFolder.existing(path)
        if not lexists(folder.environment) or folder.read_environment().told_pairs is None:
            raise ResultsError(
                f"a tuner must continue a sweep of a tuner, and {path} was begun by `class-sweep"
                " run`"
            )
        with ExitStack() as stack:
            writer = stack.enter_context(ResultsWriter(folder))
            begun, environment = load_begun(folder), folder.read_environment()
            told, trials = environment.told_pairs, space.settings.search.trials
            assert told is not None  # noqa: S101 - it is written once, with the folder
            if pairs not in (None, told.train):
                raise ResultsError(
                    f"a tuner must continue with {told.train} pairs, got {pairs}: {path}"
                )
            changed = differences(environment.settings or {}, space)
            more = changed.keys() == {TRIALS} and trials > begun.settings.search.trials
            if changed and not more:
                raise ResultsError(
                    f"a tuner must continue with the space that {path} began with, got other"
                    f" settings: {listed(changed)}"
                )
            if more:
                begun = with_trials(begun, trials)
                warn_of_differences(folder, begun)
                extend_begun(writer, begun)
            elif load_space(folder.space, recorded=True).settings.search != begun.settings.search:
                writer.write(folder.space, begun.text)  # a process was killed in the extension
            stack.pop_all()
        return cls(writer, begun, told)

    def settle(self, *, finished: bool) -> None:
        """Bring the summary up to date, and write the outcome of a sweep that has just ended.

        Args:
            finished: Whether every trial has ended.
        """
        if finished and self._state not in {"finished", "failed"}:
            records = self.writer.folder.records()
            ranked = trials_of(records).ranked(self.space.objective)
            if ranked:
                full_samples = self._summarizer.full_samples
                write_outcome(self.writer, self.space, records, ranked[0], NOTE, full_samples)
            self._summarize("finished" if ranked else "failed", records)
        elif not finished and self._state != "running":
            self._summarize("running", self.writer.folder.records())

    def _summarize(self, state: State, records: Sequence[Record]) -> None:
        wanted = self.space.settings.search.runs
        seconds = self.writer.folder.seconds()
        self.writer.write_summary(
            self._summarizer.summary(state, records, trials_wanted=wanted, seconds=seconds)
        )
        self._state = state
