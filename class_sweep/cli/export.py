"""`class-sweep export`."""

from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import Results


def export(
    results: Results,
    top: Annotated[int, typer.Option(min=1, help="How many of the finished trials.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file; with --top, a number is added to its name."),
    ] = None,
) -> None:
    """Write the best finished trials as complete files that `check` and `run` accept.

    Example: `class-sweep export results/first --top 3 -o best.yaml`
    """
    from class_sweep.config.document import load_space
    from class_sweep.errors import ResultsError
    from class_sweep.results.export import trial_yaml
    from class_sweep.results.files import write_atomic
    from class_sweep.results.outcome import trials_of
    from class_sweep.results.store import ResultsFolder

    folder = ResultsFolder.existing(results)
    space = load_space(folder.space)
    ranked = trials_of(folder.records()).ranked(space.objective)[:top]
    if not ranked:
        raise ResultsError(f"an export needs a finished trial, got none so far: {results}")
    for place, record in enumerate(ranked, start=1):
        text = trial_yaml(space, record, f"Place {place} of the finished trials in {results.name}.")
        if output is None:
            typer.echo(("---\n" if place > 1 else "") + text, nl=False)
            continue
        path = output if top == 1 else output.with_stem(f"{output.stem}-{place}")
        write_atomic(path, text)
        typer.echo(str(path))
