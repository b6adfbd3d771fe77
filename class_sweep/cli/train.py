"""`class-sweep train`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def train(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="A file without axes, such as best.yaml.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The model folder, new or to be gone on with. Default: models/NAME-TIME."
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Train so many, each under a seed, in folders below --out."),
    ] = None,
) -> None:
    """Train one configuration over its full budget, into a model folder.

    Example: `class-sweep train results/first/best.yaml --out models/first`
    """
    from class_sweep.models.training import summary_of
    from class_sweep.models.training import train as train_config
    from class_sweep.report.training import TrainingView, print_trained

    folder = out or Path("models") / f"{config.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    console = Console()
    view = TrainingView(console)
    with view.watching():
        done = train_config(config, folder, seeds=seeds, callback=view)
    print_trained(console, summary_of(done))
