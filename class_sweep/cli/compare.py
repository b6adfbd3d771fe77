"""`class-sweep compare`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from class_sweep.cli.locations import looking_at


def compare(
    results: Annotated[
        list[str],
        typer.Argument(metavar="RESULTS…", help="Two results folders or storages, or more."),
    ],
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page.")
    ] = None,
) -> None:
    """Put sweeps side by side, such as those of several backbones or data sets.

    Sweeps over different data or objectives are shown beside each other, but not ranked.

    Example: `class-sweep compare results/aman results/orma`
    """
    from contextlib import ExitStack

    from class_sweep.base.files import write_atomic
    from class_sweep.report.compare import TITLE
    from class_sweep.report.compare import compare as compare_sweeps
    from class_sweep.report.html import document
    from class_sweep.report.terminal import print_chapters

    with ExitStack() as looks:
        paths = [looks.enter_context(looking_at(one)).path for one in results]
        chapters = compare_sweeps(paths, results)
    print_chapters(Console(), chapters)
    if html:
        write_atomic(html, document(TITLE, [], chapters))
        typer.echo(f"wrote {html}", err=True)
