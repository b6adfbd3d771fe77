"""What `class-sweep replay` prints: what pruners save and cost on recorded curves."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

GOAL_SAMPLES, GOAL_POINTS = 0.25, 0.2


def print_replay(console: Console, tree: Mapping[str, Any]) -> None:
    """Print the tables of a replay; see `class_sweep.cli.replay` for the tree."""
    console.print(
        f"{tree['configurations']} configurations × {tree['seeds']} seeds of {tree['objective']},"
        f" {tree['references']} references; {tree['orders']} searches of {tree['trials']} trials by"
        f" {tree['sampler']}, {tree['workers']} workers",
        highlight=False,
        soft_wrap=True,
    )
    console.print(_rungs(tree))
    between = tree["between_seeds"]
    if between is not None:
        console.print(f"final scores under one seed against another's: {between:.2f}\n")
    console.print(_pruners(tree))
    console.print(_verdict(tree), highlight=False, soft_wrap=True)


def _rungs(tree: Mapping[str, Any]) -> Table:
    table = Table(
        box=None, pad_edge=False, title="rank correlation with the final score",
        title_justify="left",
    )  # fmt: skip
    for column in ("epochs of full data", "trials there", "Spearman's ρ"):
        table.add_column(column, justify="right")
    for rung in tree["rungs"]:
        table.add_row(f"{rung['epoch']}", f"{rung['configurations']}", f"{rung['correlation']:.2f}")
    return table


def _pruners(tree: Mapping[str, Any]) -> Table:
    unit = tree["unit"]
    table = Table(
        box=None, pad_edge=False, title="against the same search without pruning",
        title_justify="left",
    )  # fmt: skip
    table.add_column("pruner")
    for column in ("samples", "time", f"regret, {unit}", "its 90 %", "best kept"):
        table.add_column(column, justify="right")
    for row in tree["pruners"]:
        table.add_row(
            pruner(row["pruning"]),
            f"{100 * row['samples']:.1f} %",
            f"{100 * row['time']:.1f} %",
            f"{row['regret']:.2f}",
            f"{row['worst_regret']:.2f}",
            f"{100 * row['best_kept']:.0f} %",
        )
    return table


def pruner(settings: Mapping[str, Any]) -> str:
    """A pruner in words: `asha, grace 2, η 3`."""
    words = {"grace_epochs": "grace", "reduction_factor": "η", "min_kept": "min kept"}
    parts = [f"{words[name]} {value:g}" for name, value in settings.items() if name in words]
    return ", ".join([settings["kind"], *parts])


def _verdict(tree: Mapping[str, Any]) -> str:
    within = [row for row in tree["pruners"] if row["samples"] <= GOAL_SAMPLES]
    if not within:
        return f"no pruner stays within {100 * GOAL_SAMPLES:.0f} % of the samples"
    best = min(within, key=lambda row: (row["regret"], row["samples"]))
    return (
        f"within {100 * GOAL_SAMPLES:.0f} % of the samples the least regret is that of"
        f" {pruner(best['pruning'])}: {best['regret']:.2f} {tree['unit']} on"
        f" {100 * best['samples']:.1f} %"
    )
