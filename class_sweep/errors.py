"""The exceptions that a user can meet; the command line catches these and no others."""

import shlex
from pathlib import Path


def command_line(*words: object) -> str:
    """A command of class-sweep as a shell reads it: a name with a blank or a `;` is quoted."""
    return shlex.join(["class-sweep", *map(str, words)])


class ClassSweepError(Exception):
    """Something a user can act on. The message states the rule, then the value, then the place."""

    exit_code = 1


class InputError(ClassSweepError):
    """What was given cannot be used: a space file, a data set, an option. Nothing was written."""

    exit_code = 2


class ConfigError(InputError):
    """A space file with mistakes; the message lists every one of them, a line each."""


class PluginError(InputError):
    """A plug-in file or a part of one's own that cannot be loaded or breaks a rule of its kind."""


class DataError(InputError):
    """A data set that is missing, malformed or inconsistent."""


class EncoderError(InputError):
    """An encoder that cannot be loaded or does not fit the data."""


class ResultsError(InputError):
    """A results folder that is missing, taken or unreadable."""


class LockedError(InputError):
    """A file that another process has locked."""


class ModelError(InputError):
    """A model folder that is missing, altered, or of another version."""


class QueryError(InputError):
    """A query, or what is asked of a model, that has no answer."""


class TunerError(InputError):
    """A call of a tuner that does not fit its state: `ask` after the end, `tell` twice."""


class StorageError(ClassSweepError):
    """A disk that would not take what a sweep has to write; what was written before stands."""


class OutputError(ClassSweepError):
    """Standard output that did not take what a command printed, for example on a full disk."""


class TrainingError(ClassSweepError):
    """A trial that could not be trained to its end, with the reason."""


class SweepError(ClassSweepError):
    """A sweep that ended without a usable result."""


class InterruptedTrainingError(ClassSweepError):
    """A training that was told to stop, and the command that continues it."""

    exit_code = 130

    def __init__(self, command: str) -> None:
        super().__init__(f"the training was interrupted; continue it with: {command}")


class InterruptedSweepError(ClassSweepError):
    """A sweep that was told to stop, and the command that continues it."""

    exit_code = 130

    def __init__(self, folder: Path, command: str = "resume") -> None:
        super().__init__(
            f"the sweep was interrupted; continue it with: {command_line(command, folder)}"
        )
        self.folder = folder
