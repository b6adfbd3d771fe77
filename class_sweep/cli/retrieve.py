"""`class-sweep retrieve`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import ModelFolder


def retrieve(
    model: ModelFolder,
    text: Annotated[str | None, typer.Argument(help="A description: find molecules.")] = None,
    smiles: Annotated[str | None, typer.Option(help="A molecule: find texts.")] = None,
    top: Annotated[int, typer.Option(help="How many answers.")] = 10,
    candidates: Annotated[
        Path | None,
        typer.Option("--from", help="A file of SMILES, or of texts. Default: the model's data."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="PAGE.html", help="Also write a page with drawings.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Find the molecules that a text describes, or the texts that describe a molecule.

    Example: `class-sweep retrieve models/first "a fatty acid with two double bonds" --top 5`
    """
    from class_sweep.base.files import write_atomic
    from class_sweep.errors import ResultsError
    from class_sweep.models import Model
    from class_sweep.models.retrieval import RERANKED, query_of
    from class_sweep.report.retrieval import hits_page, print_hits

    query = query_of(text, smiles)
    if html and not html.absolute().parent.is_dir():
        raise ResultsError(f"--html must be a file in a folder that exists, got {html}")
    loaded = Model.load(model)
    hits = loaded.retrieve(text, smiles=smiles, top=top, candidates=candidates)
    tree = {
        "model": str(model),
        "query": query,
        "asked": "text" if smiles is None else "molecule",
        "reranked": max(top, RERANKED) if loaded.backbone.reranks else 0,
        "hits": [asdict(hit) for hit in hits],
    }
    if as_json:
        typer.echo(json.dumps(tree, indent=2, ensure_ascii=False))
    else:
        print_hits(Console(), tree)
    if html:
        from class_sweep.data.molecule import draw

        drawn = {hit.smiles for hit in hits if hit.smiles} | ({smiles} if smiles else set())
        write_atomic(html, hits_page(tree, {one: draw(one) for one in drawn}))
        typer.echo(f"wrote {html}", err=True)
