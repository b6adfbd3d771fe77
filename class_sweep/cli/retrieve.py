"""`class-sweep retrieve`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import AcceptChangedPlugins, HtmlPage, Json, ModelFolder, Plugins
from class_sweep.cli.locations import path_argument, require_writable, write_output
from class_sweep.cli.streams import print_json


def retrieve(
    model: ModelFolder,
    text: Annotated[str | None, typer.Argument(help="A description, to find molecules.")] = None,
    smiles: Annotated[str | None, typer.Option(help="A molecule, to find texts.")] = None,
    top: Annotated[int, typer.Option(help="The number of answers.")] = 10,
    candidates: Annotated[
        Path | None,
        typer.Option(
            "--from",
            parser=path_argument,
            metavar="FILE",
            help="A file of SMILES or of texts. Default: the model's data.",
        ),
    ] = None,
    html: HtmlPage = None,
    as_json: Json = False,
    plugin: Plugins = None,
    accept_changed_plugin: AcceptChangedPlugins = False,
) -> None:
    """Find the molecules that a text describes, or the texts that describe a molecule.

    Example: `class-sweep retrieve models/first "a fatty acid with two double bonds" --top 5`
    """
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.data.molecule import draw
    from class_sweep.models import Model
    from class_sweep.models.query import RERANKED, parse_query
    from class_sweep.rendering.terminal import make_console, print_blocks
    from class_sweep.report.tables.retrieved_hits import RetrievalResult, hit_blocks, hit_page

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    query = parse_query(text, smiles)
    require_writable("--html", html)
    loaded = Model.load(model)
    result = RetrievalResult(
        model=str(model),
        query=query,
        asked="text" if smiles is None else "molecule",
        reranked=max(top, RERANKED) if loaded.backbone.reranks else 0,
        hits=loaded.retrieve(text, smiles=smiles, top=top, candidates=candidates),
    )
    if as_json:
        print_json(asdict(result))
    else:
        print_blocks(make_console(), hit_blocks(result))
    if html:
        drawn = {hit.smiles for hit in result.hits if hit.smiles} | ({smiles} if smiles else set())
        write_output(html, hit_page(result, {molecule: draw(molecule) for molecule in drawn}))
        typer.echo(f"wrote {html}", err=True)
