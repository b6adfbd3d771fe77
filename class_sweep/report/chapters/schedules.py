"""λ and γ of the best schedules beside those of the paper."""

from collections.abc import Mapping

from class_sweep.config.axes import Value
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.curriculum.schedule_table import ScheduleTable, schedule_table
from class_sweep.errors import ClassSweepError
from class_sweep.rendering.blocks import Block, Chapter, Collapsible, Table, Text
from class_sweep.report.plots import BLUE, GREEN, ORANGE, PURPLE
from class_sweep.report.schedule_blocks import (
    schedule_grid,
    schedule_overview,
)
from class_sweep.report.sweep_facts import SweepFacts

_MAX_SHOWN = 3  # schedules beside the paper's
_STYLES = ((BLUE, "solid"), (GREEN, "dot"), (PURPLE, "dashdot"))
_PAPER_STYLE = (ORANGE, "dash")
_TITLE = "Schedules"


def schedules(sweep: SweepFacts) -> Chapter:
    """Pacing, intensity and samples by epoch, as plots and as tables."""
    if sweep.pairs is None:
        return Chapter("schedules", _TITLE, [Text("The pairs have not been counted yet.")])
    blocks: list[Block] = []
    chosen = dict(list(_chosen(sweep).items())[:_MAX_SHOWN])
    if not chosen:
        blocks.append(Text("No trial has finished: this is the paper's schedule alone."))
    tables: dict[str, ScheduleTable] = {}
    for name, values in {**chosen, "paper": baseline_config(sweep.space, "paper")}.items():
        try:
            tables[name] = schedule_table(sweep.space, values, sweep.pairs)
        except ClassSweepError as error:
            blocks.append(Text(f"{name} is not drawn: {error}", "note"))
    if not tables:
        return Chapter("schedules", _TITLE, blocks)
    styles = {**dict(zip(chosen, _STYLES, strict=False)), "paper": _PAPER_STYLE}
    blocks += [
        schedule_grid((name, table, *styles[name]) for name, table in tables.items()),
        schedule_overview(tables),
        Collapsible("Epoch by epoch", [_epochs(tables)]),
    ]
    return Chapter("schedules", _TITLE, blocks)


def _chosen(sweep: SweepFacts) -> dict[str, Mapping[str, Value]]:
    """The finalists of a confirmation, or the best finished trials; name to values."""
    if sweep.verdict:
        arms = {arm.arm: arm.config for arm in sweep.verdict.arms}
        return {name: arms[name] for name in sweep.verdict.finalists if name in arms}
    return {f"trial {r.trial}": r.config for r in sweep.ranked if r.name != "paper"}


def _epochs(schedules: Mapping[str, ScheduleTable]) -> Table:
    head, columns = ["epoch"], []
    for name, schedule in schedules.items():
        head += [f"λ {name}", *(f"γ {name}" + _suffix(part) for part in schedule.intensity)]
        columns += [schedule.share, *schedule.intensity.values()]
    epochs = range(max(len(column) for column in columns))
    rows = [[str(k + 1), *(f"{c[k]:.3f}" if k < len(c) else "–" for c in columns)] for k in epochs]
    return Table(head, rows)


def _suffix(part: str) -> str:
    return "" if part == "loss" else f" ({part})"
