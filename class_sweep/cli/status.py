"""`class-sweep status`."""

import json
from typing import Annotated

import typer
from rich.console import Console

from class_sweep.cli.arguments import Results


def status(
    results: Results,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show how far a sweep is, from any shell, while it runs or after.

    Example: `class-sweep status results/first --json`
    """
    from class_sweep.config.document import load_space
    from class_sweep.report.status import print_status, status_tree
    from class_sweep.results.store import ResultsFolder

    folder = ResultsFolder.existing(results)
    objective = load_space(folder.space).objective
    records = folder.records()
    tree = status_tree(folder.read_summary(), records, objective, running=folder.in_use())
    if as_json:
        typer.echo(json.dumps(tree, indent=2, ensure_ascii=False))
    else:
        print_status(Console(), tree, records, objective)
