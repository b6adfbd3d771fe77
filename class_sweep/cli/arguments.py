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
