"""The frame of the commands that run a sweep: an interruption, and what is printed at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from class_sweep.api.results import Results


@contextmanager
def interruptible() -> Iterator[None]:
    """End the command with 130 on Ctrl-C before anything was written.

    Later Ctrl-C is an error of its own, which names the command that continues.
    """
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing was written")
        raise typer.Exit(130) from None


def print_outcome(results: "Results", *, test: bool = False) -> None:
    """Print the summary of a sweep that has just ended.

    Args:
        results: The sweep.
        test: Whether to print its newest reading of the test split too.
    """
    from class_sweep.rendering.terminal import make_console, print_blocks, print_chapters
    from class_sweep.report.final_summary import files_chapter, final_summary
    from class_sweep.report.tables.test_reading import test_reading_blocks

    console, summary, path = make_console(), results.summary, results.path
    verdict = results.verdict if summary.confirm else None
    print_chapters(console, final_summary(summary, path, verdict))
    if test:
        print_blocks(console, test_reading_blocks(results.test_readings[-1]))
    print_chapters(console, [files_chapter(summary, path, results.pages)])
