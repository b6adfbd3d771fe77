"""`class-sweep resume` and `class-sweep rerun`."""

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


def resume(
    results: Results,
    out: DownloadFolder = None,
    storage: StorageOption = None,
    address: Address = None,
    allow_pickle: AllowPickle = False,
    tracking: UseTrackers = False,
    plugin: Plugins = None,
    accept_changed_plugin: AcceptChangedPlugins = False,
) -> None:
    """Continue a sweep that was interrupted or killed, or whose machine failed.

    A sweep from a storage continues in a local folder, and the storage keeps its copy.

    Example: `class-sweep resume results/first`
    """
    from class_sweep.api.results import open as open_sweep
    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    with interruptible():
        sweep = open_sweep(results, out=out).resume(
            address=address,
            storage=storage,
            tracking=tracking,
            allow_pickle=allow_pickle,
        )
    print_outcome(sweep)


def rerun(
    results: Results,
    out: DownloadFolder = None,
    storage: StorageOption = None,
    address: Address = None,
    allow_pickle: AllowPickle = False,
    tracking: UseTrackers = False,
    plugin: Plugins = None,
    accept_changed_plugin: AcceptChangedPlugins = False,
) -> None:
    """Run the failed trials of a sweep again, after the cause of their failure is removed.

    Example: `class-sweep rerun results/first`
    """
    from class_sweep.api.results import open as open_sweep
    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    with interruptible():
        sweep = open_sweep(results, out=out).resume(
            rerun_failed=True,
            address=address,
            storage=storage,
            tracking=tracking,
            allow_pickle=allow_pickle,
        )
    print_outcome(sweep)
