"""`class-sweep report`."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import Results
from class_sweep.cli.locations import looking_at

log = logging.getLogger(__name__)


def report(
    results: Results,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The file; report.html in the folder, or NAME.html of a storage, unless given.",
        ),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Tables as Markdown, to the terminal or the file.")
    ] = False,
) -> None:
    """Write what a sweep found as one HTML page, while it runs or after.

    Example: `class-sweep report results/first`
    """
    from class_sweep.base.files import write_atomic
    from class_sweep.report.sweep_page import sweep_markdown, write_page

    with looking_at(results) as look:
        if not as_markdown:
            beside = Path(f"{look.path.name}.html") if look.is_copy else None
            typer.echo(str(write_page(look.path, output or beside)))
        elif output is None:
            typer.echo(sweep_markdown(look.path), nl=False)
        else:
            write_atomic(output, sweep_markdown(look.path))
            typer.echo(str(output))


def write_report(folder: Path) -> None:
    """Leave the page beside the results; what goes wrong here takes nothing from the sweep."""
    from class_sweep.errors import StorageError
    from class_sweep.report.sweep_page import write_page
    from class_sweep.results.folder import ResultsFolder

    try:
        page = write_page(folder)
    except Exception as error:
        log.warning("no report was written: %s: %s", type(error).__name__, error)
        return
    typer.echo(f"  {page}     plots, tables, and how to reproduce them")
    if storage := ResultsFolder(folder).read_storage():
        try:
            storage.put(page.name, page)
        except StorageError as error:
            log.warning("the report is in %s alone: %s", folder, error)
        else:
            typer.echo(f"  {storage}     all of this, where every node reaches it")
