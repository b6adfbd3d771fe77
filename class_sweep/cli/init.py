"""`class-sweep init`."""

from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import SmilesColumn, TextColumn
from class_sweep.cli.locations import path_argument, require_writable, write_output


def init(
    file: Annotated[
        Path,
        typer.Argument(
            parser=path_argument, metavar="TABLE", help="A CSV, TSV, Parquet or JSON Lines file."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=path_argument,
            metavar="FILE",
            help="The space. Default: space.yaml beside the table.",
        ),
    ] = None,
    smiles: SmilesColumn = None,
    text: TextColumn = None,
    index: Annotated[
        bool,
        typer.Option(help="Also encode the pairs and count look-alikes, to fit the range of σ."),
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Write a first search space for a table of texts and SMILES.

    It finds the delimiter and the columns, and fits σ, the batches and the budget to the data. The
    features that it computes are kept for `check` and `run`.

    Example: `class-sweep init mine.csv`
    """
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.json_schema import SCHEMA_FILE, schema_text
    from class_sweep.config.objective import parse_objective
    from class_sweep.data.table_columns import find_columns
    from class_sweep.errors import InputError, command_line
    from class_sweep.preparation.clock import Clock
    from class_sweep.preparation.new_space import new_space
    from class_sweep.rendering.terminal import make_console
    from class_sweep.report.live_view import LiveView

    target = out or file.parent / "space.yaml"
    require_writable("--out", target)
    if target.exists() and not force:
        raise InputError(f"--out must be a new file, got {target}; --force replaces it")
    found = find_columns(file, smiles=smiles, text=text)
    with LiveView(make_console(stderr=True), parse_objective("validation/mrr")) as view:
        cache = ArrayCache(default_cache_folder())
        space = new_space(found.data, target, cache, Clock(), view, fit_sigma=index)
    write_output(target, space.text)
    schema = target.with_name(SCHEMA_FILE)
    if not schema.exists():
        write_output(schema, schema_text())
    for note in (*found.notes, *space.notes):
        typer.echo(note)
    typer.echo(f"wrote {target}\nnext: {command_line('check', target)}")
