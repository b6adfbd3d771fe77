"""`class-sweep report`."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import Results
from class_sweep.cli.locations import open_results

log = logging.getLogger(__name__)


def report(
    results: Results,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="The file. Default: report.html in the folder, or NAME.html for a storage.",
        ),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown, by default to the terminal.")
    ] = False,
) -> None:
    """Write the report of a sweep as one HTML page, during or after the run.

    Example: `class-sweep report results/first`
    """
    from class_sweep.base.files import write_atomic
    from class_sweep.report.sweep_page import sweep_markdown, write_page

    with open_results(results) as opened:
        if not as_markdown:
            local = Path(f"{opened.path.name}.html") if opened.is_copy else None
            typer.echo(str(write_page(opened.path, out or local)))
        elif out is None:
            typer.echo(sweep_markdown(opened.path), nl=False)
        else:
            write_atomic(out, sweep_markdown(opened.path))
            typer.echo(str(out))


def write_report(console: Console, folder: Path) -> None:
    """Write the page at the end of a sweep. A failure is logged: the sweep itself has succeeded."""
    from class_sweep.errors import StorageError
    from class_sweep.report.blocks import KeyValues
    from class_sweep.report.rendering.terminal import print_blocks
    from class_sweep.report.sweep_page import write_page
    from class_sweep.results.folder import ResultsFolder

    try:
        page = write_page(folder)
    except Exception as error:
        log.warning("no report was written: %s: %s", type(error).__name__, error)
        return
    locations = [(str(page), "plots, tables, and commands to reproduce them")]
    if storage := ResultsFolder(folder).read_storage():
        try:
            storage.put(page.name, page)
        except StorageError as error:
            log.warning("the report is only in %s: %s", folder, error)
        else:
            locations.append((str(storage), "a copy of all of this, for every node"))
    print_blocks(console, [KeyValues(locations)], indent=2)
