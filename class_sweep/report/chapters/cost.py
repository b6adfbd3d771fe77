"""The time of each stage, and the samples of the trials by their final state."""

from collections import Counter
from collections.abc import Mapping

from class_sweep.rendering.blocks import Block, Chapter, Plot, PlotGrid, Table, Text
from class_sweep.report.plots import BLUE, GREEN, Figure, bars, figure, hover
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting

_TITLE = "Time and samples"


def cost(sweep: SweepFacts) -> Chapter:
    """Wall time of each stage, and samples by the state of the trials."""
    samples: Counter[str] = Counter()
    trials: Counter[str] = Counter()
    for state, record in sweep.last_reports:
        trials[state] += 1
        samples[state] += 0 if record.same_as is not None else record.samples
    if not sweep.seconds and not samples:
        return Chapter("cost", _TITLE, [Text("Nothing has been spent yet.")])
    if sweep.verdict:
        samples["confirmation"] = sweep.verdict.samples
    stages = Table(("stage", "seconds"), [[name, f"{s:.1f}"] for name, s in sweep.seconds.items()])
    outcomes = [[state, str(trials.get(state, "–")), f"{n:,}"] for state, n in samples.items()]
    plots = PlotGrid(_plots(sweep.seconds, samples))
    by_state = Table(("trials", "number", "samples"), outcomes)
    return Chapter("cost", _TITLE, [*_totals(sweep), plots, stages, by_state])


def _plots(seconds: Mapping[str, float], samples: Mapping[str, int]) -> list[Plot]:
    plots = []
    if seconds:
        caption = "Wall time. Preparation is cached: a second sweep does not pay for it again."
        figure_ = _figure(seconds, "seconds", BLUE)
        plots.append(Plot("stage-seconds", "Time by stage", caption, figure_))
    if samples:
        caption = "Samples seen. The samples of pruned trials are the cost of the search itself."
        figure_ = _figure(samples, "samples", GREEN)
        plots.append(Plot("outcome-samples", "Samples by outcome", caption, figure_))
    return plots


def _totals(sweep: SweepFacts) -> list[Block]:
    blocks: list[Block] = []
    if sweep.full_budget:
        share = formatting.percent(sweep.trials.samples / sweep.full_budget)
        training = sum(r.seconds for c in sweep.curves.values() for r in c if r.same_as is None)
        message = (
            f"The trials saw {sweep.trials.samples:,} samples, {share} of the samples if every"
            " trial trained on the full data. Training and evaluation took"
            f" {formatting.seconds(training)} of the workers' time."
        )
        blocks.append(Text(message))
    if sweep.trials.repeated:
        message = (
            f"{sweep.trials.repeated} trials were not trained: they are duplicates of earlier"
            " trials."
        )
        blocks.append(Text(message))
    return blocks


def _figure(values: Mapping[str, float], unit: str, colour: str) -> Figure:
    names = list(values)[::-1]
    trace = bars(unit, names, [values[name] for name in names], colour) | hover("%{y}: %{x:,}")
    x_axis = {"rangemode": "tozero", "tickformat": "~s"}
    return figure([trace], unit, "", xaxis=x_axis, yaxis={"type": "category"})
