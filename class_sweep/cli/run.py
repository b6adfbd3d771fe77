"""`class-sweep run`, and the frame that `run`, `resume` and `rerun` share."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import Address, SpaceFile, StorageOption
from class_sweep.cli.locations import new_storage
from class_sweep.cli.report import write_report
from class_sweep.errors import InterruptedSweepError

if TYPE_CHECKING:
    from class_sweep.config.objective import Objective
    from class_sweep.report.live_view import LiveView
    from class_sweep.sweep import Sweep


def run(
    file: SpaceFile,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
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
) -> None:
    """Run a sweep: count look-alikes once, search, confirm, and write the winner as YAML.

    With `--record`, the sweep writes every learning curve to curves.csv, for `class-sweep replay`.
    With `--storage`, the storage holds a copy of the results folder, under the folder's name.

    Example: `class-sweep run search_spaces/demo.yaml --out results/first`
    """
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import load_space
    from class_sweep.config.recording import as_recording
    from class_sweep.sweep import run as run_sweep

    space = load_space(file)
    if record:
        space = as_recording(space, record)
    folder = out or Path("results") / f"{file.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    copy = new_storage(storage, folder)
    cache = ArrayCache(default_cache_folder())
    follow(
        folder,
        space.objective,
        lambda view: run_sweep(
            space, folder, cache=cache, callback=view, storage=copy, address=address
        ),
    )


def follow(folder: Path, objective: "Objective", sweep: Callable[["LiveView"], "Sweep"]) -> None:
    """Run a sweep under the live view; then print its summary and write its report.

    Args:
        folder: The results folder.
        objective: The objective of the sweep.
        sweep: Runs the sweep with the view as its callback.

    Raises:
        InterruptedSweepError: On Ctrl-C, if the sweep can be resumed.
    """
    from class_sweep.report.final_summary import final_summary
    from class_sweep.report.live_view import LiveView
    from class_sweep.report.rendering.terminal import print_chapters

    console = Console()
    try:
        with LiveView(console, objective) as view:
            done = sweep(view)
    except KeyboardInterrupt:
        if folder.exists():
            raise InterruptedSweepError(folder) from None
        typer.echo("interrupted: nothing was written")
        raise typer.Exit(130) from None
    print_chapters(console, final_summary(done.summary, folder))
    write_report(console, folder)
