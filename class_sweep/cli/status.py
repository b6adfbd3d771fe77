"""`class-sweep status`."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from class_sweep.cli.arguments import Json, Plugins, Results
from class_sweep.cli.locations import OpenResults, open_results
from class_sweep.cli.streams import print_document, reader_is_gone

if TYPE_CHECKING:
    from class_sweep.report.sweep_facts import SweepFacts
    from class_sweep.report.sweep_status import SweepStatus

_INTERVAL = 2  # seconds between two readings of the folder


def status(
    results: Results,
    as_json: Json = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Update until no process runs the sweep any more.")
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Show the progress of a sweep, from any shell, during or after the run.

    With `--watch`, a terminal shows a live table; elsewhere each change is printed as a line.

    Example: `class-sweep status results/first --watch`
    """
    from rich.live import Live

    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin)
    from class_sweep.rendering.terminal import live_blocks, make_console, print_blocks
    from class_sweep.report.sweep_status import status_blocks
    from class_sweep.results.json_files import json_line, json_text

    console = make_console()
    with open_results(results) as opened:
        states = _states(opened, watch=watch)
        if as_json:
            for state, _ in states:
                print_document(f"{json_line(state)}\n" if watch else json_text(state))
        elif not watch:
            for state, sweep in states:
                print_blocks(console, status_blocks(state, sweep))
        elif not console.is_terminal:
            for state, _ in states:
                typer.echo(state.headline())
        else:
            with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
                for state, sweep in states:
                    live.update(live_blocks(console, status_blocks(state, sweep)), refresh=True)


def _states(results: OpenResults, *, watch: bool) -> "Iterator[tuple[SweepStatus, SweepFacts]]":
    """The current state, and with `watch` each new state while the sweep runs."""
    from class_sweep.report.sweep_facts import read_sweep
    from class_sweep.report.sweep_status import SweepStatus

    previous = None
    while True:
        sweep = read_sweep(results.path)
        state = SweepStatus.of(sweep)
        if state != previous:
            yield state, sweep
        if not watch or not state.active or reader_is_gone():
            return
        previous = state
        time.sleep(_INTERVAL)
        results.update()
