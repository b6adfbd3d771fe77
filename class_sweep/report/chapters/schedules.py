"""λ and γ of the best schedules beside the paper's."""

from collections.abc import Mapping
from typing import Any

from class_sweep.config.axes import Value
from class_sweep.curriculum.baselines import reference_config
from class_sweep.curriculum.schedule_table import schedule_table
from class_sweep.errors import ClassSweepError
from class_sweep.report.blocks import Block, Chapter, More, Plot, Plots, Table, Text
from class_sweep.report.plots import FOURTH, OURS, THEIRS, THIRD, schedule_plots
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting

SHOWN = 3  # schedules beside the paper's
_LOOKS = ((OURS, "solid"), (THIRD, "dot"), (FOURTH, "dashdot"))


def schedules(sweep: SweepFacts) -> Chapter:
    """Pacing, intensity and samples by epoch, and the schedules in formatting."""
    title = "Schedules"
    if sweep.pairs is None:
        return Chapter("schedules", title, [Text("The pairs have not been counted yet.")])
    found: dict[str, dict[str, Any]] = {}
    blocks: list[Block] = []
    wanted = dict(list(_chosen(sweep).items())[:SHOWN])
    for name, values in {**wanted, "paper": reference_config(sweep.space, "paper")}.items():
        try:
            found[name] = schedule_table(sweep.space, values, sweep.pairs)
        except ClassSweepError as error:
            blocks.append(Text(f"{name} is not drawn: {error}", "quiet"))
    if not wanted:
        blocks.insert(0, Text("No trial has finished; the paper's schedule stands alone."))
    if not found:
        return Chapter("schedules", title, blocks)
    looks = [*zip(wanted, _LOOKS, strict=False), ("paper", (THEIRS, "dash"))]
    drawn = schedule_plots((n, found[n], *look) for n, look in looks if n in found)
    titles = (
        ("share", "Pacing λ", "How much of the training set each epoch draws from."),
        ("intensity", "Intensity γ", "What an epoch's loss, or its rate, is multiplied by."),
        ("samples", "Samples an epoch", "What each epoch costs; the area is the whole cost."),
    )
    plots = [
        Plot(name, title, says, figure)
        for (name, title, says), figure in zip(titles, drawn, strict=True)
    ]
    rows = [
        [name, _in_words(one), f"{one['total']:,}", formatting.percent(one["of_full_data"])]
        for name, one in found.items()
    ]
    table = Table(("", "schedule", "samples", "of full data"), rows, frozenset({1}))
    return Chapter(
        "schedules", title, [*blocks, Plots(plots), table, More("Epoch by epoch", [_epochs(found)])]
    )


def _chosen(sweep: SweepFacts) -> dict[str, Mapping[str, Value]]:
    """The finalists of a confirmation, or the best finished trials; name to values."""
    if sweep.verdict:
        arms = {arm.arm: arm.config for arm in sweep.verdict.arms}
        return {name: arms[name] for name in sweep.verdict.finalists if name in arms}
    return {f"trial {r.trial}": r.config for r in sweep.ranked if r.name != "paper"}


def _in_words(one: Mapping[str, Any]) -> str:
    c = one["curriculum"]
    curves = c["intensity"]
    if isinstance(curves, dict):
        curves = ", ".join(f"{curve} on {part}" for part, curve in curves.items())
    return f"{c['order']}, {c['pacing']} α {c['alpha']:.3g} β {c['beta']:.3g}, γ {curves}"


def _epochs(found: Mapping[str, Mapping[str, Any]]) -> Table:
    head, columns = ["epoch"], []
    for name, one in found.items():
        head += [f"λ {name}", *(f"γ {name}" + _part(part) for part in one["intensity"])]
        columns += [one["share"], *one["intensity"].values()]
    epochs = range(max(len(column) for column in columns))
    rows = [[str(k + 1), *(f"{c[k]:.3f}" if k < len(c) else "–" for c in columns)] for k in epochs]
    return Table(head, rows)


def _part(part: str) -> str:
    return "" if part == "loss" else f" ({part})"
