"""What a fault of the machine leaves of a sweep, and the command that continues it."""

from collections.abc import Iterator
from contextlib import contextmanager

from class_sweep.base.faults import faults_advised
from class_sweep.errors import InterruptedSweepError, command_line
from class_sweep.execution.checkpoint_manager import CheckpointManager
from class_sweep.results.folder import ResultsFolder, ResultsWriter


@contextmanager
def faults_explained(folder: ResultsFolder, command: str) -> Iterator[None]:
    """Turn each fault of a disk, a file system or SQLite into one error that says how to go on.

    Args:
        folder: The results folder.
        command: The command that continues the work, `resume` or `confirm`.

    Raises:
        StorageError: In place of the fault.
    """
    with faults_advised(lambda: _how_to_go_on(folder, command)):
        yield


@contextmanager
def new_folder_settled(writer: ResultsWriter, checkpoints: CheckpointManager) -> Iterator[None]:
    """Explain a fault of a new sweep, or remove its folder if no trial has started.

    A removed folder does not stand in the way of the next `run` with the same name. After Ctrl-C
    the folder stays, to be resumed.

    Raises:
        StorageError: In place of a fault after the start of the trials.
    """
    try:
        yield
    except (KeyboardInterrupt, InterruptedSweepError):
        raise
    except BaseException:
        if writer.trials_began:
            with faults_explained(writer.folder, "resume"):
                raise
        writer.discard()
        checkpoints.discard()
        raise


def _how_to_go_on(folder: ResultsFolder, command: str) -> str:
    if folder.space.is_file():
        return f"every report is kept, continue with: {command_line(command, folder.path)}"
    return (
        f"the results folder is no longer at {folder.path}; continue where it is now, with:"
        f" class-sweep {command} FOLDER"
    )
