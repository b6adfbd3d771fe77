"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

SpaceFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A search space, such as search_spaces/demo.yaml.")
]
Results = Annotated[
    Path, typer.Argument(metavar="RESULTS", help="The folder of a sweep, as `run` made it.")
]
ModelFolder = Annotated[
    Path, typer.Argument(metavar="MODEL", help="The folder of a model, as `train` made it.")
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="The Ray cluster to run on, from one of its machines: auto, or host:port. Default:"
        " RAY_ADDRESS, else a Ray of its own.",
    ),
]
