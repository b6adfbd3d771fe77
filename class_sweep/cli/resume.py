"""`class-sweep resume` and `class-sweep rerun`."""

from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from class_sweep.storage.remote import Storage


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
    from class_sweep.api.locations import folder_to_continue
    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    folder, copy = folder_to_continue(results, out, storage)
    _continue(folder, copy, address, allow_pickle=allow_pickle, tracking=tracking)


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
    from class_sweep.api.locations import folder_to_continue
    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    folder, copy = folder_to_continue(results, out, storage)
    _continue(
        folder, copy, address, allow_pickle=allow_pickle, tracking=tracking, rerun_failed=True
    )


def _continue(
    folder: Path,
    storage: "Storage | None",
    address: str | None,
    *,
    allow_pickle: bool,
    tracking: bool,
    rerun_failed: bool = False,
) -> None:
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.results.folder import ResultsFolder
    from class_sweep.results.provenance import load_begun
    from class_sweep.sweep import resume as resume_sweep

    space = load_begun(ResultsFolder.existing(folder), to_continue=True)
    cache = ArrayCache(default_cache_folder())
    follow(
        folder,
        space.objective,
        lambda view: resume_sweep(
            folder,
            cache=cache,
            callback=view,
            storage=storage,
            rerun_failed=rerun_failed,
            address=address,
            tracking=tracking,
        ),
        allow_pickle=allow_pickle,
    )
