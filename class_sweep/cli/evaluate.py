"""`class-sweep evaluate`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import ModelFolder


def evaluate(
    model: ModelFolder,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    pool: Annotated[
        list[str] | None,
        typer.Option(help="split or all, may be repeated. Default: both."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Where the data set is now, or another in its form.")
    ] = None,
    extra_molecules: Annotated[
        Path | None, typer.Option(help="A file of SMILES: further candidates of the pool all.")
    ] = None,
    rerank: Annotated[
        int, typer.Option(min=0, help="Candidates that a fine score, if any, orders anew.")
    ] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Rank a split in both directions: metrics, 95 % intervals, and what bounds Hits@1.

    Example: `class-sweep evaluate models/first --split test --pool all`
    """
    from class_sweep.config.objective import POOLS
    from class_sweep.models import Model
    from class_sweep.report.evaluation import print_evaluation

    found = Model.load(model).evaluate(
        split, pool or POOLS, data=data, extra_molecules=extra_molecules, rerank=rerank
    )
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        print_evaluation(Console(), asdict(found))
