"""What a confirmation says on a terminal: its verdict, and a reading of the test split."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from class_sweep.config.objective import DIRECTIONS, METRICS, POOLS
from class_sweep.results import formatting
from class_sweep.results.summary import ConfirmationSummary
from class_sweep.results.test_log import TestReading


def verdict_lines(confirm: ConfirmationSummary, folder: Path) -> list[str]:
    """The winner, then each finalist against each control, then what it took.

    Args:
        confirm: What `summary.json` says of the confirmation.
        folder: Of the sweep.
    """
    winner, *pairs = confirm.words
    enough = confirm.enough
    more = f"class-sweep confirm {folder} --seeds {enough} --max-seeds {enough}"
    seeds = len(confirm.seeds)
    failed = f", {len(confirm.failed)} of them failed" if confirm.failed else ""
    return [
        winner,
        *pairs,
        f"{confirm.runs} runs over up to {seeds} paired seeds{failed}; all these claims together"
        " are wrong in at most 5 % of sweeps in which nothing differs.",
        *([f"More seeds may settle what is open: {more}"] if enough else []),
    ]


def print_test(console: Console, reading: TestReading) -> None:
    """Print a reading of the test split: the arms' means, and how the winner differs."""
    table = Table(
        title=f"test, {len(reading.seeds)} seeds, {reading.queries:,} queries",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("")
    for arm in reading.arms:
        table.add_column(arm, justify="right")
    for name in _metrics():
        row = [formatting.metric(name, metrics[name]) for metrics in reading.arms.values()]
        table.add_row(f"  {name}", *row)
    console.print(table)
    for pair in reading.pairs:
        found = pair.metrics[reading.metric]
        t, drawn = (
            formatting.interval(reading.metric, ends) for ends in (found.t, found.bootstrap)
        )
        difference = formatting.difference(reading.metric, found.difference)
        console.print(
            f"  {reading.winner} − {pair.arm}, {reading.metric}:"
            f" {difference}, 95 % {t} over seeds,"
            f" {drawn} over seeds and queries",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if reading.reading > 1:
        console.print(
            f"[bold red]The test split of this sweep has now been read {reading.reading} times;"
            " only the first reading was a test.[/bold red]",
            soft_wrap=True,
        )


def _metrics() -> list[str]:
    return [f"{p}/{d}/{m}" for p in POOLS for d in DIRECTIONS for m in METRICS]
