"""How a sweep is run for a person: under the live view, with its report at the end."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from class_sweep.config.objective import Objective
from class_sweep.encoders.pickles import pickles_allowed
from class_sweep.errors import InterruptedSweepError, StorageError
from class_sweep.rendering.terminal import make_console
from class_sweep.report.live_view import LiveView
from class_sweep.report.sweep_page import write_page
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder
from class_sweep.sweep import Sweep

log = logging.getLogger(__name__)


def follow(
    folder: Path,
    objective: Objective,
    sweep: Callable[[Callback], Sweep],
    *,
    command: str = "resume",
    allow_pickle: bool = False,
    progress: bool = True,
) -> Sweep:
    """Run a sweep under the live view.

    Args:
        folder: The results folder.
        objective: The objective of the sweep.
        sweep: Runs the sweep with the view as its callback.
        command: The command that continues the sweep after an interruption.
        allow_pickle: Whether the user allows a pickle of vectors, which can run code.
        progress: Whether to show the view: a table on a terminal, lines elsewhere.

    Raises:
        InterruptedSweepError: On Ctrl-C, if the sweep can be continued.
        KeyboardInterrupt: On Ctrl-C before anything was written.
    """
    try:
        with _view(objective, shown=progress) as view, pickles_allowed(allow_pickle):
            return sweep(view)
    except KeyboardInterrupt:
        if folder.exists():
            raise InterruptedSweepError(folder, command) from None
        raise


@contextmanager
def _view(objective: Objective, *, shown: bool) -> Iterator[Callback]:
    if not shown:
        yield Callback()
        return
    with LiveView(make_console(), objective) as view:
        yield view


def write_report(folder: Path) -> list[tuple[str, str]]:
    """Write the page of a finished sweep into its folder and its storage.

    A failure is logged: the sweep itself has succeeded.

    Returns:
        The locations of the page and of the copy in the storage, each with a description.
    """
    try:
        page = write_page(folder)
    except Exception as error:
        log.warning("no report was written: %s: %s", type(error).__name__, error)
        return []
    locations = [(str(page), "plots, tables, and commands to reproduce them")]
    if storage := ResultsFolder(folder).read_storage():
        try:
            storage.put(page.name, page)
        except StorageError as error:
            log.warning("the report is only in %s: %s", folder, error)
        else:
            locations.append((str(storage), "a copy of all of this, for every node"))
    return locations
