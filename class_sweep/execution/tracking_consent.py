"""The consent to send a sweep's reports to the trackers that its results folder names.

`run` obeys the space that it is given. A results folder may come from somebody else, and its
addresses with it. The trackers of each sweep are therefore noted with the user's own state, outside
of the folder, and `resume` obeys an address only if it is noted, or if `--tracking` says so.
"""

import logging
from pathlib import Path

from platformdirs import user_state_path

from class_sweep.base.faults import fault_of
from class_sweep.base.files import make_folder, write_atomic
from class_sweep.config.sections import Tracking
from class_sweep.errors import command_line
from class_sweep.results.folder import ResultsFolder

log = logging.getLogger(__name__)


def note_trackers(tracking: Tracking, folder: ResultsFolder) -> None:
    """Note that this user sends the reports of a sweep to trackers; a failure is logged."""
    note = _note(folder)
    if note is None or not _addresses(tracking):
        return
    try:
        make_folder(note.parent)
        write_atomic(note, _addresses(tracking))
    except Exception as error:
        reason = fault_of(error)
        if reason is None:
            raise
        log.warning(
            "the trackers could not be noted, so resume will ask for --tracking: %s", reason
        )


def allowed_trackers(tracking: Tracking, folder: ResultsFolder, *, asked: bool) -> Tracking:
    """The trackers that a resumed sweep may use: all, or only TensorBoard, whose files are local.

    Args:
        tracking: The trackers of the folder's space.
        folder: The results folder.
        asked: Whether the command line asks for them.
    """
    addresses = _addresses(tracking)
    if not addresses:
        return tracking
    if asked:
        note_trackers(tracking, folder)
        return tracking
    note = _note(folder)
    if note is not None and note.is_file() and note.read_text(encoding="utf-8") == addresses:
        return tracking
    log.warning(
        "this user has not sent the reports of this sweep from this machine to %s, which %s names;"
        " they get none now; to send them, continue with: %s",
        addresses, folder.space, command_line("resume", folder.path, "--tracking"),
    )  # fmt: skip
    return Tracking(tensorboard=tracking.tensorboard)


def _addresses(tracking: Tracking) -> str:
    """The trackers outside of the folder, in words; empty without one."""
    named = {"wandb": tracking.wandb, "mlflow": tracking.mlflow}
    return ", ".join(f"{name} {address}" for name, address in named.items() if address)


def _note(folder: ResultsFolder) -> Path | None:
    """The file with the trackers of a sweep; None for a sweep without an id."""
    sweep_id = folder.sweep_id()
    return user_state_path("class-sweep") / "tracking" / sweep_id if sweep_id else None
