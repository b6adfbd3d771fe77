"""Where the time and the samples went."""

from class_sweep.report.blocks import Block, Chapter, Plot, Plots, Table, Text
from class_sweep.report.plots import OURS, THIRD, Figure, figure
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting


def spent(sweep: SweepFacts) -> Chapter:
    """Wall time of each stage, and samples by how the trials ended."""
    title = "Time and samples"
    seconds = dict(sweep.summary.seconds) if sweep.summary else {}
    samples: dict[str, int] = {}
    trials: dict[str, int] = {}
    for state, record in sweep.ended:
        trials[state] = trials.get(state, 0) + 1
        samples[state] = samples.get(state, 0) + (
            0 if record.same_as is not None else record.samples
        )
    if not seconds and not samples:
        return Chapter("spent", title, [Text("Nothing has been spent yet.")])
    plots = []
    if seconds:
        says = "Wall time; preparation is paid once, and is free where it was cached."
        plots.append(Plot("seconds", "Time by stage", says, _bars(seconds, "seconds", OURS)))
    if sweep.verdict:
        samples["confirmation"] = sweep.verdict.samples
    if samples:
        says = "Samples seen; those of pruned trials are what the search itself cost."
        plots.append(Plot("spent", "Samples by outcome", says, _bars(samples, "samples", THIRD)))
    training = sum(r.seconds for some in sweep.curves.values() for r in some if r.same_as is None)
    blocks: list[Block] = []
    if sweep.summary:
        budget = sweep.summary.samples.full_budget
        seen = sweep.trials.samples
        said = (
            f"{seen:,} samples seen by the trials, {100 * seen / budget:.1f} % of what every trial"
            f" over the full data would take. Training and evaluation took"
            f" {formatting.seconds(training)} of the workers' time."
        )
        blocks.append(Text(said))
    if sweep.trials.repeated:
        said = (
            f"{sweep.trials.repeated} trials were not trained: an earlier one had done each step."
        )
        blocks.append(Text(said))
    stages = Table(("stage", "seconds"), [[name, f"{s:.1f}"] for name, s in seconds.items()])
    outcomes = [[state, str(trials.get(state, "–")), f"{samples[state]:,}"] for state in samples]
    ends = Table(("trials", "number", "samples"), outcomes)
    return Chapter("spent", title, [*blocks, Plots(plots), stages, ends])


def _bars(values: dict[str, float] | dict[str, int], unit: str, colour: str) -> Figure:
    names = list(values)[::-1]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "x": [values[name] for name in names],
        "marker": {"color": colour},
        "hovertemplate": "%{y}: %{x:,}<extra></extra>",
    }
    across = {"rangemode": "tozero", "tickformat": "~s"}
    return figure([bars], unit, "", xaxis=across, yaxis={"type": "category"})
