"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

SpaceFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A search space, such as search_spaces/demo.yaml.")
]
Results = Annotated[
    str,
    typer.Argument(
        metavar="RESULTS", help="The folder of a sweep, as `run` made it, or its storage."
    ),
]
ModelFolder = Annotated[
    Path, typer.Argument(metavar="MODEL", help="The folder of a model, as `train` made it.")
]
StorageOption = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="Keep a copy of the results, and the trials' checkpoints, below s3://bucket/prefix,"
        " gs://bucket/prefix or a path that every node sees.",
    ),
]
OutForStorage = Annotated[
    Path | None,
    typer.Option(
        help="The folder for a sweep that is taken from a storage. Default: results/NAME."
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="The Ray cluster to run on: auto or host:port, on one of its machines."
        " Default: RAY_ADDRESS, else a Ray instance of its own.",
    ),
]
