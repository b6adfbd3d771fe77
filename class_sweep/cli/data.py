"""`class-sweep data fetch` and `class-sweep data describe`."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from class_sweep.cli.arguments import SpaceFile

data_app = typer.Typer(help="Bring a data set, or look at one.", no_args_is_help=True)


class PublicDataSet(StrEnum):
    """The data sets that can be fetched."""

    CHEBI20 = "chebi20"


@data_app.command()
def fetch(
    name: Annotated[PublicDataSet, typer.Argument(help="Which data set.")],
    to: Annotated[Path, typer.Option(help="The folder to put it in.")],
) -> None:
    """Download a public data set: resumable, checksummed, whole or not at all.

    Example: `class-sweep data fetch chebi20 --to ~/data/chebi20`
    """
    from rich.progress import Progress

    from class_sweep.data.fetch import fetch_chebi20

    assert name is PublicDataSet.CHEBI20  # noqa: S101 - the only one there is
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bars: dict[str, int] = {}

        def show(file: str, done: int, total: int | None) -> None:
            if file not in bars:
                bars[file] = progress.add_task(file, total=total)
            progress.update(bars[file], completed=done, total=total)  # type: ignore[arg-type]

        for path in fetch_chebi20(to, progress=show):
            typer.echo(str(path))


@data_app.command()
def describe(
    file: SpaceFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Count what the data set of a space holds: pairs, molecules, lengths, what was dropped.

    Example: `class-sweep data describe search_spaces/demo.yaml`
    """
    from class_sweep.config.document import load_space
    from class_sweep.data.corpus import load_pairs
    from class_sweep.data.describe import LEVELS
    from class_sweep.data.describe import describe as describe_pairs

    summary = describe_pairs(load_pairs(load_space(file).settings.data))
    if as_json:
        typer.echo(json.dumps(asdict(summary), indent=2, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("", "pairs", "molecules", "texts", "repeated", "words", "heavy atoms"):
        table.add_column(column, justify="right" if column else "left")
    for split, part in {**summary.splits, "all": summary.total}.items():
        table.add_row(
            split,
            f"{part.pairs:,}",
            f"{part.molecules:,}",
            f"{part.texts:,}",
            f"{part.duplicates:.1%}",
            " ".join(f"{q:g}" for q in part.words),
            " ".join(f"{q:g}" for q in part.heavy_atoms),
        )
    console = Console()
    console.print(table)
    console.print(
        f"words and heavy atoms at the quantiles {' '.join(f'{level:g}' for level in LEVELS)};"
        f" {len(summary.dropped)} rows dropped;"
        f" SHA-256 {summary.checksum}",
        highlight=False,
        soft_wrap=True,
    )
