"""`class-sweep compare`."""

from typing import Annotated

import typer

from class_sweep.cli.arguments import HtmlPage, Plugins
from class_sweep.cli.locations import open_results, require_writable, write_output


def compare(
    results: Annotated[
        list[str],
        typer.Argument(metavar="RESULTS…", help="Two or more results folders or storages."),
    ],
    html: HtmlPage = None,
    plugin: Plugins = None,
) -> None:
    """Show sweeps side by side, e.g. of several backbones or data sets.

    Sweeps over different data or objectives are shown side by side, but not ranked.

    Example: `class-sweep compare results/aman results/orma`
    """
    from contextlib import ExitStack

    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin)
    from class_sweep.rendering.html import page
    from class_sweep.rendering.terminal import make_console, print_chapters
    from class_sweep.report.sweep_comparison import TITLE, compare_sweeps

    require_writable("--html", html)
    with ExitStack() as stack:
        paths = [stack.enter_context(open_results(location)).path for location in results]
        chapters = compare_sweeps(paths, results)
    print_chapters(make_console(), chapters)
    if html:
        write_output(html, page(TITLE, [], chapters))
        typer.echo(f"wrote {html}", err=True)
