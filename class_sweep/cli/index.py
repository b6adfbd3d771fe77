"""`class-sweep index`."""

import typer

from class_sweep.cli.arguments import AllowPickle, HtmlPage, Json, Plugins, SpaceFile
from class_sweep.cli.locations import require_writable, write_output
from class_sweep.cli.streams import print_document


def index(
    file: SpaceFile,
    html: HtmlPage = None,
    allow_pickle: AllowPickle = False,
    as_json: Json = False,
    plugin: Plugins = None,
) -> None:
    """Show how well difficulty orders the pairs of a space, and recommend σ.

    It trains nothing, unless `margin` is among the difficulties of the space.

    Example: `class-sweep index search_spaces/demo.yaml --html index.html`
    """
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import load_space
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.data.molecule import draw
    from class_sweep.encoders.pickles import pickles_allowed
    from class_sweep.preparation.clock import Clock
    from class_sweep.preparation.difficulty_report import difficulty_report
    from class_sweep.preparation.prepare import prepare
    from class_sweep.rendering.terminal import make_console, print_blocks
    from class_sweep.report.index_report.index_tables import index_blocks
    from class_sweep.report.index_report.page import index_page
    from class_sweep.report.index_report.wording import order_warnings
    from class_sweep.report.live_view import LiveView

    load_plugins(plugin)
    space = load_space(file)
    require_writable("--html", html)
    cache, clock = ArrayCache(default_cache_folder()), Clock()
    with LiveView(make_console(stderr=True), space.objective) as view:
        with pickles_allowed(allow_pickle):
            prepared = prepare(space, cache, clock, view)
        with clock.stage("report", view):
            report = difficulty_report(space, prepared, cache)
    report = report.model_copy(
        update={"seconds": clock.seconds, "warnings": order_warnings(report)}
    )
    if as_json:
        print_document(f"{report.json_text()}\n")
    else:
        print_blocks(make_console(), index_blocks(report))
    if html:
        drawings = {smiles: draw(smiles) for smiles in report.shown_molecules}
        write_output(html, index_page(report, drawings))
        typer.echo(f"wrote {html}", err=True)
