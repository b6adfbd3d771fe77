"""`class-sweep confirm`."""

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
)
from class_sweep.cli.following import interruptible, print_outcome


def confirm(
    results: Results,
    finalists: Annotated[
        int | None,
        typer.Option(min=1, help="The number of schedules to confirm. Default: the space's."),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="Seeds before a comparison may be given up: 3, 5, 7, 10, 20 or 40."),
    ] = None,
    max_seeds: Annotated[
        int | None,
        typer.Option(
            help="Most seeds of a comparison that is still open: 3, 5, 7, 10, 20 or 40."
            " Default: the space's, or --seeds where these are more."
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Loss within which a finalist counts as not worse: points, places of a mean rank,"
            " or a ratio of a log rank. 0: no such claim.",
        ),
    ] = None,
    prefer: Annotated[
        str | None,
        typer.Option(help="The winner: quality, or cheapest_within_margin."),
    ] = None,
    full_data_frontier: Annotated[
        list[float] | None,
        typer.Option(
            help="Also end full data at this share of its samples; give the option once a share."
        ),
    ] = None,
    test: Annotated[
        bool,
        typer.Option("--test", help="Also evaluate the winner on the test split; do this once."),
    ] = False,
    out: DownloadFolder = None,
    storage: StorageOption = None,
    address: Address = None,
    allow_pickle: AllowPickle = False,
    plugin: Plugins = None,
    accept_changed_plugin: AcceptChangedPlugins = False,
) -> None:
    """Retrain a sweep's finalists and controls with paired seeds, and print the verdict.

    `run` confirms at its end. This command continues an interrupted confirmation, confirms later,
    or adds seeds. Finished runs are never repeated.

    Example: `class-sweep confirm results/first --max-seeds 20`
    """
    from class_sweep.api.results import open as open_sweep
    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin, accept_changes=accept_changed_plugin)
    with interruptible():
        sweep = open_sweep(results, out=out).confirm(
            finalists=finalists,
            seeds=seeds,
            max_seeds=max_seeds,
            margin=margin,
            prefer=prefer,
            full_data_frontier=full_data_frontier or None,
            test=test,
            address=address,
            storage=storage,
            allow_pickle=allow_pickle,
        )
    print_outcome(sweep, test=test)
