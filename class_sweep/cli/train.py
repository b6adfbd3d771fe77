"""`class-sweep train`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import AcceptChangedPlugins, AllowPickle, Plugins
from class_sweep.cli.locations import path_argument


def train(
    config: Annotated[
        Path,
        typer.Argument(
            parser=path_argument, metavar="CONFIG", help="A space without axes, e.g. best.yaml."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=path_argument,
            metavar="FOLDER",
            help="The model folder, new or to be continued. Default: models/NAME-TIME.",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Train a model for each of this many seeds, in folders below."),
    ] = None,
    allow_pickle: AllowPickle = False,
    plugin: Plugins = None,
    accept_changed_plugin: AcceptChangedPlugins = False,
) -> None:
    """Train one configuration over its full budget, into a model folder.

    Example: `class-sweep train results/first/best.yaml --out models/first`
    """
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.models import train_models
    from class_sweep.models.model_training import seed_summary
    from class_sweep.rendering.terminal import make_console, print_blocks
    from class_sweep.report.tables.trained_models import trained_blocks
    from class_sweep.report.training_view import TrainingView

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    folder = out or Path("models") / f"{config.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    console = make_console()
    view = TrainingView(console)
    with view.watching():
        models = train_models(config, folder, seeds=seeds, callback=view, allow_pickle=allow_pickle)
    print_blocks(console, trained_blocks(seed_summary(models)))
