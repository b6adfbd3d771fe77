"""`class-sweep evaluate`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import AcceptChangedPlugins, Json, ModelFolder, Plugins
from class_sweep.cli.locations import path_argument
from class_sweep.cli.streams import print_json


def evaluate(
    model: ModelFolder,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    pool: Annotated[
        list[str] | None,
        typer.Option(help="The candidates: split or all; may be repeated. Default: both."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            parser=path_argument,
            metavar="PATH",
            help="The new path of the data set, or another data set of the same form.",
        ),
    ] = None,
    extra_molecules: Annotated[
        Path | None,
        typer.Option(
            parser=path_argument,
            metavar="FILE",
            help="A file of SMILES: further candidates of the pool all.",
        ),
    ] = None,
    rerank: Annotated[
        int,
        typer.Option(
            min=0, help="The number of candidates that the backbone's fine score, if any, reorders."
        ),
    ] = 100,
    as_json: Json = False,
    plugin: Plugins = None,
    accept_changed_plugin: AcceptChangedPlugins = False,
) -> None:
    """Rank a split in both directions: metrics, 95 % intervals, and bounds of Hits@1.

    Example: `class-sweep evaluate models/first --split test --pool all`
    """
    from class_sweep.config.objective import POOLS
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.models import Model
    from class_sweep.rendering.terminal import make_console, print_blocks
    from class_sweep.report.tables.evaluation_metrics import evaluation_blocks

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    evaluation = Model.load(model).evaluate(
        split, pool or POOLS, data=data, extra_molecules=extra_molecules, rerank=rerank
    )
    if as_json:
        print_json(asdict(evaluation))
    else:
        print_blocks(make_console(), evaluation_blocks(evaluation))
