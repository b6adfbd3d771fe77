"""`class-sweep extend`."""

from typing import Annotated

import typer

from class_sweep.cli.arguments import (
    AcceptChangedPlugins,
    Address,
    AllowPickle,
    DownloadFolder,
    Plugins,
    Results,
    StorageOption,
    UseTrackers,
)
from class_sweep.cli.following import interruptible, print_outcome


def extend(
    results: Results,
    trials: Annotated[
        int, typer.Option(min=1, help="The new number of trials, baselines included.")
    ],
    out: DownloadFolder = None,
    storage: StorageOption = None,
    address: Address = None,
    allow_pickle: AllowPickle = False,
    tracking: UseTrackers = False,
    plugin: Plugins = None,
    accept_changed_plugin: AcceptChangedPlugins = False,
) -> None:
    """Give a sweep more trials, after its end or an interruption.

    Its trials stay as they are, and the search continues as one of the new size. Warnings say what
    differs from a sweep of that size from the start.

    Example: `class-sweep extend results/first --trials 64`
    """
    from class_sweep.api.results import open as open_sweep
    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    with interruptible():
        sweep = open_sweep(results, out=out).extend(
            trials,
            address=address,
            storage=storage,
            tracking=tracking,
            allow_pickle=allow_pickle,
        )
    print_outcome(sweep)
