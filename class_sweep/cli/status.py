"""`class-sweep status`."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from class_sweep.cli.arguments import Results
from class_sweep.cli.locations import Look, looking_at

if TYPE_CHECKING:
    from class_sweep.config.objective import Objective
    from class_sweep.results.folder import ResultsFolder
    from class_sweep.results.record import Record

_EVERY = 2  # seconds between two looks at the folder


def status(
    results: Results,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until no process runs the sweep any more.")
    ] = False,
) -> None:
    """Show how far a sweep is, from any shell, while it runs or after.

    With `--watch` a terminal is kept up to date; elsewhere every change is a line.

    Example: `class-sweep status results/first --watch`
    """
    from class_sweep.config.document import load_space
    from class_sweep.report.status import headline, status_view
    from class_sweep.results.folder import ResultsFolder

    with looking_at(results) as look:
        folder = ResultsFolder.existing(look.path)
        objective = load_space(folder.space).objective
        console = Console()
        states = _states(look, folder, objective, watch=watch)
        if as_json:
            for tree, _ in states:
                typer.echo(json.dumps(tree, indent=None if watch else 2, ensure_ascii=False))
        elif watch and not console.is_terminal:
            for tree, _ in states:
                typer.echo(headline(tree))
        else:
            with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
                for tree, records in states:
                    view = status_view(tree, records, objective, folder.errors)
                    live.update(view, refresh=True)


def _states(
    look: Look, folder: "ResultsFolder", objective: "Objective", *, watch: bool
) -> "Iterator[tuple[dict[str, Any], list[Record]]]":
    """The state now, and at every change of it while the sweep runs."""
    from class_sweep.report.status import status_tree
    from class_sweep.results.confirmation_log import ConfirmLog

    before = None
    while True:
        running = folder.in_use()  # asked first: a sweep that ends here has written all it will
        records = folder.records()
        tree = status_tree(
            folder.read_summary(),
            records,
            objective,
            running=running,
            confirmed=len(ConfirmLog(folder).runs()),
        )
        if tree != before:
            yield tree, records
        if not watch or tree["state"] not in {"running", "confirming"}:
            return
        before = tree
        time.sleep(_EVERY)
        look.again()
