"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.locations import path_argument

SpaceFile = Annotated[
    Path,
    typer.Argument(
        parser=path_argument, metavar="FILE", help="The search space, e.g. search_spaces/demo.yaml."
    ),
]
Results = Annotated[
    str,
    typer.Argument(metavar="RESULTS", help="The results folder of a sweep, or its storage."),
]
ModelFolder = Annotated[
    Path,
    typer.Argument(
        parser=path_argument, metavar="MODEL", help="A model folder, as `train` writes it."
    ),
]
StorageOption = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="Keep a copy of the results and the trials' checkpoints below s3://bucket/prefix,"
        " gs://bucket/prefix or a path that every node can access.",
    ),
]
DownloadFolder = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        parser=path_argument,
        metavar="FOLDER",
        help="The results folder for a sweep from a storage. Default: results/NAME.",
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
AllowPickle = Annotated[
    bool,
    typer.Option(
        "--allow-pickle",
        help="Read a pickle of vectors. A pickle can run any code: allow it only if you trust its"
        " author.",
    ),
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        parser=path_argument,
        metavar="FILE",
        help="A Python file with parts of your own; may be repeated. Its code is run here and by"
        " the workers.",
    ),
]
AcceptChangedPlugins = Annotated[
    bool,
    typer.Option(
        "--accept-changed-plugin",
        help="Go on with a plug-in file that has changed, or is new, since the sweep, training or"
        " model began.",
    ),
]
UseTrackers = Annotated[
    bool,
    typer.Option(
        "--tracking",
        help="Use the W&B and MLflow that the results folder names, though you did not begin the"
        " sweep on this machine.",
    ),
]
SmilesColumn = Annotated[
    str | None,
    typer.Option(
        "--smiles", metavar="COLUMN", help="The column of the SMILES; found if not given."
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option("--text", metavar="COLUMN", help="The column of the texts; found if not given."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
HtmlPage = Annotated[
    Path | None,
    typer.Option("--html", parser=path_argument, metavar="PAGE", help="Also write an HTML page."),
]
