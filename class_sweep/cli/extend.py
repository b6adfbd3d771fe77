"""`class-sweep extend`."""

from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import (
    AcceptChangedPlugins,
    Address,
    AllowPickle,
    Plugins,
    Results,
    StorageOption,
    UseTrackers,
)
from class_sweep.cli.following import interruptible, print_outcome
from class_sweep.cli.locations import path_argument
from class_sweep.errors import InputError


def extend(
    results: Results,
    trials: Annotated[
        int | None, typer.Option(min=1, help="The new number of trials, baselines included.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="A larger budget: all trials are run anew, in a new folder."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=path_argument,
            metavar="FOLDER",
            help="With --epochs the new results folder, by default RESULTS-EPOCHS; else the folder"
            " for a sweep from a storage.",
        ),
    ] = None,
    storage: StorageOption = None,
    address: Address = None,
    allow_pickle: AllowPickle = False,
    tracking: UseTrackers = False,
    plugin: Plugins = None,
    accept_changed_plugin: AcceptChangedPlugins = False,
) -> None:
    """Give a sweep more trials, or run its space again with a larger budget.

    With `--trials`, the trials so far stay as they are, and the search continues as one of the new
    size. Warnings say what differs from a sweep of that size from the start.

    With `--epochs`, no trial continues, because its schedule and its learning rate depend on the
    whole budget. A new sweep tries the best configurations first and learns from the trials so far.

    Example: `class-sweep extend results/first --trials 64`
    """
    from class_sweep.api.results import open as open_sweep
    from class_sweep.api.results import run as run_sweep
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.storage.connection import local_path
    from class_sweep.sweep import with_larger_budget

    if (trials is None) == (epochs is None):
        raise InputError("extend takes one of --trials and --epochs, got both or neither")
    load_plugins(plugin, accept_changes=accept_changed_plugin)
    if epochs is not None:
        earlier = local_path(results)
        space = with_larger_budget(earlier, epochs)
        new = out or earlier.with_name(f"{earlier.absolute().name}-{epochs}")
        with interruptible():
            sweep = run_sweep(
                space, new, address=address, storage=storage, allow_pickle=allow_pickle
            )
    elif trials is not None:
        with interruptible():
            sweep = open_sweep(results, out=out).extend(
                trials,
                address=address,
                storage=storage,
                tracking=tracking,
                allow_pickle=allow_pickle,
            )
    print_outcome(sweep)
