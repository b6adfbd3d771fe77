"""The table of an evaluation."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from class_sweep.config.objective import DIRECTIONS, METRICS
from class_sweep.results import formatting


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
        table.add_column("")
        for direction in (*DIRECTIONS, "mean of both"):
            table.add_column(direction, justify="right")
        for metric in METRICS:
            names = [f"{pool}/{direction}/{metric}" for direction in DIRECTIONS]
            table.add_row(f"  {metric}", *(_value(tree, n) for n in (*names, f"{pool}/{metric}")))
            if metric == "hits@1":
                bounds = [tree["ceilings"][f"{pool}/{direction}"] for direction in DIRECTIONS]
                shown = (f"{100 * b['hits_at_1']:.1f} %, {100 * b['alike']:.1f} % alike"
                         for b in bounds)  # fmt: skip
                table.add_row("    at most", *shown)
        console.print(table, highlight=False, markup=False)
    for line in _notes(tree):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def _value(tree: Mapping[str, Any], name: str) -> str:
    low, high = (formatting.metric(name, bound) for bound in tree["intervals"][name])
    return f"{formatting.metric(name, tree['metrics'][name])} [{low.removesuffix(' %')}, {high}]"


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
