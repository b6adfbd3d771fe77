"""`class-sweep report`."""

from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import Plugins, Results
from class_sweep.cli.locations import open_results, path_argument, require_writable, write_output
from class_sweep.cli.streams import print_document


def report(
    results: Results,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            parser=path_argument,
            metavar="PAGE",
            help="The page. Default: report.html in the folder, or NAME.html for a storage.",
        ),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown instead of writing a page.")
    ] = False,
    old_out: Annotated[Path | None, typer.Option("-o", "--out", hidden=True)] = None,
    plugin: Plugins = None,
) -> None:
    """Write the report of a sweep as one HTML page, during or after the run.

    Example: `class-sweep report results/first`
    """
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.errors import InputError
    from class_sweep.report.sweep_page import sweep_markdown, sweep_page
    from class_sweep.results.file_names import REPORT

    load_plugins(plugin)
    if old_out:
        raise InputError("--out of report has another name: --html PAGE, or --markdown > FILE")
    if html and as_markdown:
        raise InputError("--html and --markdown exclude each other; write --markdown > FILE")
    require_writable("--html", html)
    with open_results(results) as opened:
        if as_markdown:
            print_document(sweep_markdown(opened.path))
            return
        by_default = Path(f"{opened.path.name}.html") if opened.is_copy else opened.path / REPORT
        write_output(html or by_default, sweep_page(opened.path))
        typer.echo(str(html or by_default))
