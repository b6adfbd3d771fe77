"""`class-sweep report`."""

from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import Results
from class_sweep.cli.locations import open_results


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
