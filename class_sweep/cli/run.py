"""`class-sweep run`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import Address, AllowPickle, Plugins, SpaceFile, StorageOption
from class_sweep.cli.following import interruptible, print_outcome
from class_sweep.cli.locations import path_argument


def run(
    file: SpaceFile,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=path_argument,
            metavar="FOLDER",
            help="The results folder, a new one. Default: results/NAME-TIME.",
        ),
    ] = None,
    record: Annotated[
        int | None,
        typer.Option(
            min=1, help="Record learning curves: no pruning, this many seeds per configuration."
        ),
    ] = None,
    storage: StorageOption = None,
    address: Address = None,
    allow_pickle: AllowPickle = False,
    plugin: Plugins = None,
) -> None:
    """Run a sweep: count look-alikes once, search, confirm, and write the winner as YAML.

    With `--record`, the sweep writes every learning curve to curves.csv, for `class-sweep replay`.
    With `--storage`, the storage holds a copy of the results folder, under the folder's name.

    Example: `class-sweep run search_spaces/demo.yaml --out results/first`
    """
    from class_sweep.api.results import run as run_sweep
    from class_sweep.config.document import load_space
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.config.recording import as_recording

    load_plugins(plugin)
    space = load_space(file)
    if record:
        space = as_recording(space, record)
    folder = out or Path("results") / f"{file.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    with interruptible():
        results = run_sweep(
            space, folder, address=address, storage=storage, allow_pickle=allow_pickle
        )
    print_outcome(results)
