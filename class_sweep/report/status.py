"""The state of a sweep, from its folder alone: while it runs, and after."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from class_sweep.config.objective import Objective
from class_sweep.report.eta import seconds_left
from class_sweep.results import formatting
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary
from class_sweep.results.trials import Trials, trials_of


def status_tree(
    summary: SweepSummary,
    records: list[Record],
    objective: Objective,
    *,
    running: bool,
    confirmed: int = 0,
) -> dict[str, Any]:
    """The state as plain values, for `--json`.

    Args:
        summary: `summary.json`, which names the plan from the start of the trials.
        records: Every report so far.
        objective: What the sweep optimises.
        running: Whether a process holds the folder.
        confirmed: The runs of its confirmation so far.
    """
    trials = trials_of(records)
    ranked = trials.ranked(objective)
    state: str = summary.state
    if state in {"running", "confirming"} and not running:
        state = "interrupted"
    full = summary.samples.full_budget
    left = seconds_left(records, summary.trials.wanted, summary.samples.expected)
    return {
        "state": state,
        "objective": summary.objective,
        "trials": {
            "wanted": summary.trials.wanted,
            "running": len(trials.running) if running else 0,
            "interrupted": 0 if running else len(trials.running),
            "paused": len(trials.paused),
            "finished": len(trials.finished),
            "pruned": len(trials.pruned),
            "failed": len(trials.failed),
        },
        "rung_decisions": trials.rung_decisions,
        "samples": {
            "seen": trials.samples,
            "full_budget": full,
            "share": round(trials.samples / full, 4),
        },
        "seconds_left": left if running else None,
        "best": _row(ranked[0]) if ranked else None,
        "confirmed": confirmed,
        "verdict": summary.confirm.words if summary.confirm else [],
        "failures": [{"trial": r.trial, "reason": r.reason} for r in trials.failed],
    }


def headline(tree: Mapping[str, Any]) -> str:
    """The state in one line."""
    counts, samples = tree["trials"], tree["samples"]
    ended = counts["finished"] + counts["pruned"] + counts["failed"]
    left = tree["seconds_left"]
    return (
        f"{tree['state']}: {ended} of {counts['wanted']} trials ended"
        f" ({counts['finished']} finished, {counts['pruned']} pruned, {counts['failed']} failed),"
        f" {tree['rung_decisions']} rung decisions,"
        f" {100 * samples['share']:.1f} % of the full budget's samples"
        + (f", about {formatting.seconds(left)} left" if left is not None else "")
        + (f", {tree['confirmed']} runs of the confirmation" if tree["confirmed"] else "")
    )


def status_view(
    tree: Mapping[str, Any], records: list[Record], objective: Objective, errors: Path
) -> RenderableType:
    """The state as a headline, a table of the trials, and what failed.

    Args:
        tree: As `status_tree` gives it.
        records: Every report so far.
        objective: What the sweep optimises.
        errors: The folder of the tracebacks.
    """
    failures = []
    for failure in tree["failures"]:
        kept = errors / f"trial-{failure['trial']:04d}.txt"
        where = f" ({kept})" if kept.is_file() else ""
        failures.append(Text(f"trial {failure['trial']} failed: {failure['reason']}{where}"))
    verdict = [Text(line) for line in tree["verdict"]]
    return Group(Text(headline(tree)), _table(trials_of(records), objective), *failures, *verdict)


def _table(trials: Trials, objective: Objective) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("trial", str(objective), "samples"):
        table.add_column(column, justify="right")
    table.add_column("state")
    table.add_column("schedule")
    groups = (
        ("finished", trials.ranked(objective)),
        ("running", trials.running),
        ("paused", trials.paused),
        ("pruned", trials.pruned),
        ("failed", trials.failed),
    )
    for state, records in groups:
        for r in records:
            value = "–" if r.objective is None else formatting.metric(objective.metric, r.objective)
            table.add_row(
                str(r.trial),
                value,
                f"{r.samples:,}",
                formatting.state(r, state),
                r.name or formatting.schedule(r.config),
            )
    return table


def _row(record: Record) -> dict[str, Any]:
    return {
        "trial": record.trial,
        "name": record.name,
        "config": record.config,
        "objective": record.objective,
        "samples": record.samples,
    }
