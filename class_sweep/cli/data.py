"""`class-sweep data fetch` and `class-sweep data describe`."""

import csv
import io
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import Json, Plugins, SmilesColumn, TextColumn
from class_sweep.cli.locations import path_argument, require_writable, write_output
from class_sweep.cli.streams import print_json

data_app = typer.Typer(help="Download or describe a data set.", no_args_is_help=True)


class PublicDataSet(StrEnum):
    """The data sets that can be downloaded."""

    CHEBI20 = "chebi20"


@data_app.command()
def fetch(
    name: Annotated[PublicDataSet, typer.Argument(help="The name of the data set.")],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", parser=path_argument, metavar="FOLDER", help="The folder for its files."
        ),
    ],
) -> None:
    """Download a public data set: resumable, with checksums, complete or not at all.

    Example: `class-sweep data fetch chebi20 --out ~/data/chebi20`
    """
    from rich.progress import Progress

    from class_sweep.data.fetch import fetch_chebi20
    from class_sweep.rendering.terminal import make_console

    assert name is PublicDataSet.CHEBI20  # noqa: S101 - the only one
    with Progress(console=make_console(stderr=True), transient=True) as progress:
        bars: dict[str, int] = {}

        def show(file: str, done: int, total: int | None) -> None:
            if file not in bars:
                bars[file] = progress.add_task(file, total=total)
            progress.update(bars[file], completed=done, total=total)  # type: ignore[arg-type]

        for path in fetch_chebi20(out, progress=show):
            typer.echo(str(path))


@data_app.command()
def describe(
    file: Annotated[
        Path,
        typer.Argument(
            parser=path_argument,
            metavar="FILE",
            help="A search space, or a table of texts and SMILES.",
        ),
    ],
    smiles: SmilesColumn = None,
    text: TextColumn = None,
    dropped: Annotated[
        Path | None,
        typer.Option(
            "--dropped", parser=path_argument, metavar="FILE", help="Write all dropped rows as CSV."
        ),
    ] = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Describe the data set of a space, or a table: pairs, molecules, lengths, dropped rows.

    Example: `class-sweep data describe search_spaces/demo.yaml`
    """
    from class_sweep.config.document import load_space
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.data.corpus import load_pairs
    from class_sweep.data.describe import describe as describe_pairs
    from class_sweep.data.table_columns import find_columns
    from class_sweep.rendering.terminal import make_console, print_blocks
    from class_sweep.report.tables.data_summary import data_blocks

    load_plugins(plugin)
    require_writable("--dropped", dropped)
    if file.suffix in {".yaml", ".yml"}:
        space = load_space(file)
        space.require_inputs()
        data = space.settings.data
    else:
        found = find_columns(file, smiles=smiles, text=text)
        data = found.data
        for note in found.notes:
            typer.echo(note, err=True)
    if dropped:  # the rows are listed also where they are too many for a sweep
        data = data.model_copy(update={"max_dropped": 1.0})
    summary = describe_pairs(load_pairs(data))
    if dropped:
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["id", "place", "reason"])
        writer.writerows([row.id, row.place, row.reason] for row in summary.dropped)
        write_output(dropped, lines.getvalue())
    if as_json:
        print_json(asdict(summary))
    else:
        print_blocks(make_console(), data_blocks(summary))
