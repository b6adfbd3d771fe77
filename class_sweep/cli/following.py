"""The frame of the commands that run a sweep: the live view, then the summary and the report."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from class_sweep.errors import InterruptedSweepError

if TYPE_CHECKING:
    from class_sweep.config.objective import Objective
    from class_sweep.report.live_view import LiveView
    from class_sweep.sweep import Sweep

log = logging.getLogger(__name__)


def follow(
    folder: Path,
    objective: "Objective",
    sweep: Callable[["LiveView"], "Sweep"],
    *,
    command: str = "resume",
    allow_pickle: bool = False,
) -> None:
    """Run a sweep under the live view; then print its summary and write its report.

    Args:
        folder: The results folder.
        objective: The objective of the sweep.
        sweep: Runs the sweep with the view as its callback.
        command: The command that continues the sweep after an interruption.
        allow_pickle: Whether the user allows a pickle of vectors, which can run code.

    Raises:
        InterruptedSweepError: On Ctrl-C, if the sweep can be continued.
    """
    from class_sweep.encoders.pickles import pickles_allowed
    from class_sweep.rendering.terminal import make_console, print_blocks, print_chapters
    from class_sweep.report.final_summary import files_chapter, final_summary
    from class_sweep.report.live_view import LiveView
    from class_sweep.report.tables.test_reading import test_reading_blocks

    console = make_console()
    try:
        with LiveView(console, objective) as view, pickles_allowed(allow_pickle):
            done = sweep(view)
    except KeyboardInterrupt:
        if folder.exists():
            raise InterruptedSweepError(folder, command) from None
        typer.echo("interrupted: nothing was written")
        raise typer.Exit(130) from None
    verdict = done.folder.read_verdict() if done.summary.confirm else None
    print_chapters(console, final_summary(done.summary, folder, verdict))
    if done.test:
        print_blocks(console, test_reading_blocks(done.test))
    print_chapters(console, [files_chapter(done.summary, folder, write_report(folder))])


def write_report(folder: Path) -> list[tuple[str, str]]:
    """Write the page of a finished sweep into its folder and its storage.

    A failure is logged: the sweep itself has succeeded.

    Returns:
        The locations of the page and of the copy in the storage, each with a description.
    """
    from class_sweep.errors import StorageError
    from class_sweep.report.sweep_page import write_page
    from class_sweep.results.folder import ResultsFolder

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
