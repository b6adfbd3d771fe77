"""The frame of the commands that run a sweep: the live view, then the summary and the report."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from class_sweep.config.objective import Objective
    from class_sweep.results.callback import Callback
    from class_sweep.sweep import Sweep


def follow(
    folder: Path,
    objective: "Objective",
    sweep: Callable[["Callback"], "Sweep"],
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
    from class_sweep.api.following import follow as follow_sweep
    from class_sweep.api.following import write_report
    from class_sweep.rendering.terminal import make_console, print_blocks, print_chapters
    from class_sweep.report.final_summary import files_chapter, final_summary
    from class_sweep.report.tables.test_reading import test_reading_blocks

    try:
        done = follow_sweep(folder, objective, sweep, command=command, allow_pickle=allow_pickle)
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing was written")
        raise typer.Exit(130) from None
    console = make_console()
    verdict = done.folder.read_verdict() if done.summary.confirm else None
    print_chapters(console, final_summary(done.summary, folder, verdict))
    if done.test:
        print_blocks(console, test_reading_blocks(done.test))
    print_chapters(console, [files_chapter(done.summary, folder, write_report(folder))])
