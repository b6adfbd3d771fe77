"""`class-sweep run` and `class-sweep resume`."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import Address, Results, SpaceFile
from class_sweep.cli.report import write_report
from class_sweep.errors import InterruptedSweepError

if TYPE_CHECKING:
    from class_sweep.config.objective import Objective
    from class_sweep.report.live import LiveView
    from class_sweep.sweep.runner import Sweep


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
    address: Address = None,
) -> None:
    """Sweep a space: index once, then trials, then the best configuration as YAML.

    With `--record`, every learning curve to its end, in a `curves.csv` for `class-sweep replay`.

    Example: `class-sweep run search_spaces/demo.yaml --out results/first`
    """
    from class_sweep.config.document import load_space
    from class_sweep.config.recording import as_recording
    from class_sweep.encoders.cache import FeatureCache, default_cache_folder
    from class_sweep.sweep.runner import run as run_sweep

    space = load_space(file)
    if record:
        space = as_recording(space, record)
    folder = out or Path("results") / f"{file.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    cache = FeatureCache(default_cache_folder())
    _follow(
        folder,
        space.objective,
        lambda view: run_sweep(space, folder, cache=cache, listener=view, address=address),
    )


def resume(results: Results, address: Address = None) -> None:
    """Go on with a sweep that was interrupted, killed or lost its machine.

    Example: `class-sweep resume results/first`
    """
    from class_sweep.config.document import load_space
    from class_sweep.encoders.cache import FeatureCache, default_cache_folder
    from class_sweep.results.store import ResultsFolder
    from class_sweep.sweep.runner import resume as resume_sweep

    space = load_space(ResultsFolder.existing(results).space)
    cache = FeatureCache(default_cache_folder())
    _follow(
        results,
        space.objective,
        lambda view: resume_sweep(results, cache=cache, listener=view, address=address),
    )


def rerun(
    results: Results,
    failed: Annotated[
        bool, typer.Option("--failed", help="The trials that failed; the only choice there is.")
    ] = False,
    address: Address = None,
) -> None:
    """Run the failed trials of a sweep once more, after what made them fail is mended.

    Example: `class-sweep rerun results/first --failed`
    """
    from class_sweep.config.document import load_space
    from class_sweep.encoders.cache import FeatureCache, default_cache_folder
    from class_sweep.errors import InputError
    from class_sweep.results.store import ResultsFolder
    from class_sweep.sweep.runner import resume as resume_sweep

    if not failed:
        raise InputError(f"say which trials to run again: class-sweep rerun {results} --failed")
    space = load_space(ResultsFolder.existing(results).space)
    cache = FeatureCache(default_cache_folder())
    _follow(
        results,
        space.objective,
        lambda view: resume_sweep(
            results, cache=cache, listener=view, rerun_failed=True, address=address
        ),
    )


def _follow(folder: Path, objective: "Objective", sweep: Callable[["LiveView"], "Sweep"]) -> None:
    from class_sweep.report.closing import print_closing
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
