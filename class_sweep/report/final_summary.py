"""The closing tables of a sweep: what was best, what it cost, and how far to trust it."""

import math
from pathlib import Path

from rich.console import Console
from rich.table import Table

from class_sweep.config.objective import DIRECTIONS, METRICS, POOLS
from class_sweep.errors import ResultsError
from class_sweep.report.verdict import verdict_lines
from class_sweep.results import formatting
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary, TrialSummary


def print_closing(console: Console, summary: SweepSummary, folder: Path) -> None:
    """Print the outcome of a finished sweep."""
    best = _best(summary)
    console.print(f"\n[bold]Best finished trial[/bold]: trial {best.trial}", highlight=False)
    console.print(f"  {best.name or formatting.schedule(best.config)}", highlight=False)
    console.print(_metrics(summary))
    console.print(_spent(summary), soft_wrap=True)
    if summary.confirm:
        console.print("\n[bold]Verdict[/bold], of new runs under seeds that the sweep did not use")
        for line in verdict_lines(summary.confirm, folder):
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    for line in caution(summary):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    verdict = ""
    if summary.confirm:
        verdict = f"  {folder / 'verdict.json'}   every figure of the verdict\n"
    console.print(
        f"\n  {folder / 'best.yaml'}      the best configuration, complete\n{verdict}"
        f"  {folder / 'trials.jsonl'}   every report\n"
        f"  {folder / 'summary.json'}   this summary\n"
        f"  {folder / 'study.db'}       the Optuna study",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def caution(summary: SweepSummary) -> list[str]:
    """What a sweep must not be read without; unconfirmed, how far its best lead may be luck."""
    lines = [f"[bold red]{warning}[/bold red]" for warning in summary.warnings]
    if summary.confirm:
        return lines
    full = summary.references.get("full_data")
    return [*lines, single_run_caution(_best(summary), full, summary.pairs.validation)]


def single_run_caution(
    best: TrialSummary | Record, full: TrialSummary | Record | None, queries: int
) -> str:
    """How far the lead of an unconfirmed best trial may be luck.

    Args:
        best: The best finished trial.
        full: The trial of the baseline `full_data`, if one finished.
        queries: Pairs of the validation split.
    """
    share = best.metrics["split/hits@1"]
    error = 100 * math.sqrt(share * (1 - share) / queries)
    if full is None:
        lead = "No full_data trial finished to compare with (search: {baselines: [full_data]})."
    elif full.trial == best.trial:
        lead = "The best trial is full_data itself: no schedule of this sweep beat no curriculum."
    else:
        points = 100 * (share - full.metrics["split/hits@1"])
        lead = f"Hits@1 (split, both directions) is {points:+.1f} points from full_data's."
    return (
        f"{lead} One run's standard error is about {error:.1f} points on {queries} queries, and the"
        " best of many runs is also the luckiest: this is a candidate, not a finding."
    )


def _best(summary: SweepSummary) -> TrialSummary:
    if summary.best is None:
        raise ResultsError("a finished sweep must have a best trial: summary.json has none")
    return summary.best


def _metrics(summary: SweepSummary) -> Table:
    columns = {"best": _best(summary), **summary.references}
    table = Table(title="validation", title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    for pool in POOLS:
        for direction in DIRECTIONS:
            for metric in METRICS:
                name = f"{pool}/{direction}/{metric}"
                row = [formatting.metric(name, trial.metrics[name]) for trial in columns.values()]
                table.add_row(f"  {name}", *row)
    table.add_row(
        "  samples, of full data's",
        *(f"{100 * trial.share_of_full_data:.1f} %" for trial in columns.values()),
    )
    return table


def _spent(summary: SweepSummary) -> str:
    trials, samples = summary.trials, summary.samples
    total = formatting.seconds(sum(summary.seconds.values()))
    stages = ", ".join(f"{name} {formatting.seconds(s)}" for name, s in summary.seconds.items())
    repeated = ""
    if trials.repeated:
        repeated = f", {trials.repeated} of them not trained: an earlier trial had every step"
    return (
        f"\n  {trials.proposed} trials: {trials.finished} finished, {trials.pruned} pruned"
        f" at {summary.rung_decisions} rung decisions, {trials.failed} failed{repeated}\n"
        f"  {samples.seen:,} samples seen, {100 * samples.share:.1f} % of what every trial"
        f" over the full data would take\n  {total} in all: {stages}"
    )
