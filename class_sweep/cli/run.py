"""`class-sweep run` and `class-sweep resume`."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import (
    Address,
    OutForStorage,
    Results,
    SpaceFile,
    StorageOption,
)
from class_sweep.cli.locations import folder_to_go_on, new_storage
from class_sweep.cli.report import write_report
from class_sweep.errors import InterruptedSweepError

if TYPE_CHECKING:
    from class_sweep.config.objective import Objective
    from class_sweep.report.live import LiveView
    from class_sweep.sweep import Sweep


def run(
    file: SpaceFile,
    out: Annotated[
        Path | None,
        typer.Option(help="The results folder; it must not exist. Default: results/NAME-TIME."),
    ] = None,
    record: Annotated[
        int | None,
        typer.Option(min=1, help="Prune nothing; run each configuration under this many seeds."),
    ] = None,
    storage: StorageOption = None,
    address: Address = None,
) -> None:
    """Sweep a space: index once, then trials, then the best configuration as YAML.

    With `--record`, every learning curve to its end, in a `curves.csv` for `class-sweep replay`.
    With `--storage`, the results folder has a copy there, under its own name.

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
    place = new_storage(storage, folder)
    cache = ArrayCache(default_cache_folder())
    _follow(
        folder,
        space.objective,
        lambda view: run_sweep(
            space, folder, cache=cache, callback=view, storage=place, address=address
        ),
    )


def resume(
    results: Results,
    out: OutForStorage = None,
    storage: StorageOption = None,
    address: Address = None,
) -> None:
    """Go on with a sweep that was interrupted, killed or lost its machine.

    From a storage it goes on in a folder here, and the storage keeps its copy.

    Example: `class-sweep resume results/first`
    """
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import load_space
    from class_sweep.results.folder import ResultsFolder
    from class_sweep.sweep import resume as resume_sweep

    folder, place = folder_to_go_on(results, out)
    if storage:
        place = new_storage(storage, folder)
    space = load_space(ResultsFolder.existing(folder).space)
    cache = ArrayCache(default_cache_folder())
    _follow(
        folder,
        space.objective,
        lambda view: resume_sweep(
            folder, cache=cache, callback=view, storage=place, address=address
        ),
    )


def rerun(
    results: Results,
    out: OutForStorage = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="The trials that failed; the only choice there is.")
    ] = False,
    address: Address = None,
) -> None:
    """Run the failed trials of a sweep once more, after what made them fail is mended.

    Example: `class-sweep rerun results/first --failed`
    """
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import load_space
    from class_sweep.errors import InputError
    from class_sweep.results.folder import ResultsFolder
    from class_sweep.sweep import resume as resume_sweep

    if not failed:
        raise InputError(f"say which trials to run again: class-sweep rerun {results} --failed")
    folder, place = folder_to_go_on(results, out)
    space = load_space(ResultsFolder.existing(folder).space)
    cache = ArrayCache(default_cache_folder())
    _follow(
        folder,
        space.objective,
        lambda view: resume_sweep(
            folder,
            cache=cache,
            callback=view,
            storage=place,
            rerun_failed=True,
            address=address,
        ),
    )


def _follow(folder: Path, objective: "Objective", sweep: Callable[["LiveView"], "Sweep"]) -> None:
    from class_sweep.report.final_summary import print_closing
    from class_sweep.report.live import LiveView

    console = Console()
    try:
        with LiveView(console, objective) as view:
            done = sweep(view)
    except KeyboardInterrupt:
        if folder.exists():
            raise InterruptedSweepError(folder) from None
        console.print("interrupted: nothing was written")
        raise typer.Exit(130) from None
    print_closing(console, done.summary, folder)
    write_report(folder)
