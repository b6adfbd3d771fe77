"""`class-sweep index`."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import SpaceFile


def index(
    file: SpaceFile,
    out: Annotated[
        Path | None, typer.Option(metavar="PAGE.html", help="Also write a page with plots.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show what a space's order by difficulty is worth, and which σ to search. Trains nothing.

    Example: `class-sweep index search_spaces/demo.yaml --out index.html`
    """
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.base.files import write_atomic
    from class_sweep.config.document import load_space
    from class_sweep.data.molecule import draw
    from class_sweep.errors import ResultsError
    from class_sweep.preparation.difficulty_report import difficulty_report
    from class_sweep.preparation.prepare import Clock, prepare
    from class_sweep.report.index_page import index_page
    from class_sweep.report.index_tables import print_index
    from class_sweep.report.index_words import warnings
    from class_sweep.report.live import LiveView

    space = load_space(file)
    if out and not out.absolute().parent.is_dir():
        raise ResultsError(f"--out must be a file in a folder that exists, got {out}")
    cache, clock = ArrayCache(default_cache_folder()), Clock()
    with LiveView(Console(stderr=True), space.objective) as view:
        prepared = prepare(space, cache, clock, view)
        with clock.stage("report", view):
            report = difficulty_report(space, prepared, cache)
    notes = {"seconds": clock.seconds, "warnings": warnings(report.tree())}
    tree = report.model_copy(update=notes).tree()
    if as_json:
        typer.echo(json.dumps(tree, indent=2, ensure_ascii=False))
    else:
        print_index(Console(), tree)
    if out:
        drawings = {
            one["smiles"]: draw(one["smiles"]) for some in tree["examples"].values() for one in some
        }
        write_atomic(out, index_page(tree, drawings))
        typer.echo(f"wrote {out}", err=True)
