"""The table of an evaluation."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from class_sweep.config.objective import DIRECTIONS, METRICS
from class_sweep.report import words


def print_evaluation(console: Console, tree: Mapping[str, Any]) -> None:
    """Print metrics with their intervals, and the ceiling beside Hits@1."""
    for pool, sizes in tree["candidates"].items():
        table = Table(
            title=f"{tree['split']}, {tree['queries']:,} queries against {pool}:"
            f" {sizes['molecules']:,} molecules, {sizes['texts']:,} texts",
            title_justify="left",
            box=None,
            pad_edge=False,
        )
        for column in ("", *METRICS):
            table.add_column(column, justify="right" if column else "left")
            if column == "hits@1":
                table.add_column("hits@1 at most", justify="right")
        for direction in (*DIRECTIONS, ""):
            start = f"{pool}/{direction}/" if direction else f"{pool}/"
            row = []
            for metric in METRICS:
                name = f"{start}{metric}"
                low, high = (words.metric(name, bound) for bound in tree["intervals"][name])
                row.append(f"{words.metric(name, tree['metrics'][name])} [{low.removesuffix(' %')}"
                           f" … {high}]")  # fmt: skip
                if metric == "hits@1":
                    row.append(_ceiling(tree["ceilings"].get(f"{pool}/{direction}")))
            table.add_row(f"  {direction or 'mean of both'}", *row)
        console.print(table, highlight=False, markup=False)
    for line in _notes(tree):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def _ceiling(ceiling: Mapping[str, float] | None) -> str:
    if ceiling is None:
        return ""
    return f"{100 * ceiling['hits_at_1']:.1f} % ({100 * ceiling['alike']:.1f} % alike)"


def _notes(tree: Mapping[str, Any]) -> list[str]:
    notes = [
        "In brackets, 95 % bootstrap intervals over the queries. Ties take the middle of their"
        " ranks; a candidate that is right as well is left out. Alike: queries whose answer, or who"
        " themselves, reach the model exactly as another's do."
    ]
    if tree["reranked"]:
        notes.append(
            f"The best {tree['reranked']} candidates of each query are in the order of the"
            " backbone's fine score, the others behind them."
        )
    if not tree["same_data"]:
        notes.append("This is not the data of the training.")
    return notes
