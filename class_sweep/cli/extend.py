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
from class_sweep.cli.following import follow


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
    from class_sweep.api.locations import folder_to_continue
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.results.folder import ResultsFolder
    from class_sweep.results.provenance import load_begun
    from class_sweep.sweep import extend as extend_sweep

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    folder, copy = folder_to_continue(results, out, storage)
    space = load_begun(ResultsFolder.existing(folder), to_continue=True)
    cache = ArrayCache(default_cache_folder())
    follow(
        folder,
        space.objective,
        lambda view: extend_sweep(
            folder,
            trials,
            cache=cache,
            callback=view,
            storage=copy,
            address=address,
            tracking=tracking,
        ),
        allow_pickle=allow_pickle,
    )
