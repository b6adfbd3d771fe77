"""`class-sweep report`."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import Results

log = logging.getLogger(__name__)


def report(
    results: Results,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file; report.html in the folder unless given."),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Tables as Markdown, to the terminal or the file.")
    ] = False,
) -> None:
    """Write what a sweep found as one HTML page, while it runs or after.

    Example: `class-sweep report results/first`
    """
    from class_sweep.report.sweep_page import sweep_markdown, write_page
    from class_sweep.results.files import write_atomic

    if not as_markdown:
        typer.echo(str(write_page(results, output)))
    elif output is None:
        typer.echo(sweep_markdown(results), nl=False)
    else:
        write_atomic(output, sweep_markdown(results))
        typer.echo(str(output))


def write_report(folder: Path) -> None:
    """Leave the page beside the results; what goes wrong here takes nothing from the sweep."""
    from class_sweep.report.sweep_page import write_page

    try:
        typer.echo(f"  {write_page(folder)}     plots, tables, and how to reproduce them")
    except Exception as error:
        log.warning("no report was written: %s: %s", type(error).__name__, error)
