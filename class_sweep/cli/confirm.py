"""`class-sweep confirm`."""

from typing import Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import Address, OutForStorage, Results
from class_sweep.cli.locations import folder_to_go_on
from class_sweep.cli.report import write_report
from class_sweep.errors import InterruptedSweepError


def confirm(
    results: Results,
    finalists: Annotated[
        int | None, typer.Option(min=1, help="Schedules to confirm. Default: the space's.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Of each pair that is not decided before: 3, 5, 10, 20, 40.")
    ] = None,
    max_seeds: Annotated[
        int | None, typer.Option(help="Of a pair that they may yet settle: 3, 5, 10, 20, 40.")
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="Also read the test split, once, with the winner.")
    ] = False,
    out: OutForStorage = None,
    address: Address = None,
) -> None:
    """Retrain a sweep's finalists and controls under paired seeds, and say what that shows.

    `run` does so at its end; this goes on with it, does it later, or with more seeds. No finished
    run is made again.

    Example: `class-sweep confirm results/first --max-seeds 20`
    """
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import load_space
    from class_sweep.confirmation.procedure import ConfirmOptions
    from class_sweep.report.final_summary import print_closing
    from class_sweep.report.live import LiveView
    from class_sweep.report.verdict import print_test
    from class_sweep.results.folder import ResultsFolder
    from class_sweep.sweep import confirm as confirm_sweep

    console = Console()
    folder, place = folder_to_go_on(results, out)
    objective = load_space(ResultsFolder.existing(folder).space).objective
    try:
        with LiveView(console, objective) as view:
            sweep = confirm_sweep(
                folder,
                ConfirmOptions(finalists, seeds, max_seeds, test),
                cache=ArrayCache(default_cache_folder()),
                callback=view,
                storage=place,
                address=address,
            )
    except KeyboardInterrupt:
        raise InterruptedSweepError(folder, "confirm") from None
    print_closing(console, sweep.summary, folder)
    if sweep.test:
        print_test(console, sweep.test)
    write_report(folder)
