"""The verdict: what a confirmation showed, or that nothing is confirmed."""

from typing import Any

from class_sweep.config.objective import DIRECTIONS, METRICS, POOLS
from class_sweep.report.blocks import Block, Chapter, More, Plot, Table, Text
from class_sweep.report.final_summary import single_run_caution
from class_sweep.report.plots import GREY, OURS, THEIRS, dots, figure, mark
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.verdict import MetricSpread, PairVerdict, Verdict

_METRICS = [f"{p}/{d}/{m}" for p in POOLS for d in DIRECTIONS for m in METRICS]
_LOOKS = {  # outcome to its colour and its symbol
    "better": (OURS, "diamond"),
    "worse": (THEIRS, "x"),
    "open": (GREY, "circle-open"),
}


def verdict(sweep: SweepFacts) -> Chapter:
    """Differences with their intervals where there is a confirmation, else a plain no."""
    found = _unconfirmed(sweep) if sweep.verdict is None else _confirmed(sweep, sweep.verdict)
    return Chapter("verdict", "Verdict", [*found, *_tests(sweep)])


def _unconfirmed(sweep: SweepFacts) -> list[Block]:
    if sweep.best is None:
        return [
            Text("Nothing is confirmed: no trial has finished, so there is no winner.", "finding")
        ]
    record = sweep.space.settings.search.record
    if record is not None:
        said = (
            "Nothing is confirmed: this is a recording of learning curves, each configuration under"
            f" {record} seeds, and not a search for a winner."
        )
        return [Text(said, "finding"), _metrics(sweep)]
    said = (
        f"Nothing is confirmed. The best of {len(sweep.trials.finished)} finished trials"
        f" (trial {sweep.best.trial}: {sweep.schedule(sweep.best)}) reached"
        f" {sweep.shown(sweep.best.objective)} of {sweep.objective} in a single run."
    )
    doubt = _caution(sweep)
    return [Text(said, "finding"), *doubt, _metrics(sweep)]


def _caution(sweep: SweepFacts) -> list[Text]:
    if sweep.summary is None or sweep.best is None:
        return []
    full = sweep.references.get("full_data")
    said = single_run_caution(sweep.best, full, sweep.summary.pairs.validation)
    return [Text(said, "warning")]


def _metrics(sweep: SweepFacts) -> Table:
    """Every metric of the best trial beside the references'."""
    assert sweep.best is not None  # noqa: S101 - its callers have asked
    columns = {f"best: trial {sweep.best.trial}": sweep.best, **sweep.references}
    rows = [
        [name, *(formatting.metric(name, r.metrics[name]) for r in columns.values())]
        for name in _METRICS
        if all(name in r.metrics for r in columns.values())
    ]
    rows.append(["samples", *(f"{r.samples:,}" for r in columns.values())])
    return Table(["validation, one run each", *columns], rows)


def _confirmed(sweep: SweepFacts, tree: Verdict) -> list[Block]:
    winner, *pairs = tree.words
    done = (
        f"{tree.runs} runs under up to {len(tree.seeds)} paired seeds that the sweep did not"
        f" use, {tree.samples:,} samples. Intervals are corrected for all the comparisons"
        f" together: in at most {100 * tree.rule.alpha:g} % of sweeps in which nothing"
        " differs is any of them claimed."
    )
    blocks: list[Block] = [Text(winner, "finding"), *(Text(line) for line in pairs)]
    blocks.append(Text(done, "quiet"))
    blocks += [
        Text(f"{one.arm} failed under seed {one.seed}: {one.reason}", "warning")
        for one in tree.failed
    ]
    compared = [pair for pair in tree.pairs if pair.metrics]
    if compared:
        blocks += [_forest(sweep, tree, compared), _pairs(tree, compared)]
        blocks.append(More("Every metric and direction", [_differences(compared)]))
    blocks.append(More("Means of every configuration", [_arms(tree)]))
    return blocks


def _label(pair: PairVerdict) -> str:
    return f"{pair.finalist} − {pair.control.replace('_', ' ')}"


def _ticked(pair: PairVerdict) -> str:
    """Broken in two, for a telephone; the space keeps it from the axis."""
    return _label(pair).replace(" − ", "<br>− ") + " "


def _forest(sweep: SweepFacts, tree: Verdict, pairs: list[PairVerdict]) -> Plot:
    scale = 1 if tree.metric.endswith("mean_rank") else 100
    lines = []
    for outcome, (colour, symbol) in _LOOKS.items():
        some = [pair for pair in pairs if pair.outcome == outcome]
        rows = [pair.metrics[tree.metric] for pair in some]
        if not rows:
            continue
        middle = [scale * row.difference for row in rows]
        up = [scale * (row.interval[1] - row.difference) for row in rows]
        down = [scale * (row.difference - row.interval[0]) for row in rows]
        bars: dict[str, Any] = {"type": "data", "symmetric": False, "array": up}
        bars |= {"arrayminus": down, "color": colour, "thickness": 2}
        name = "not told apart" if outcome == "open" else outcome
        marker = {"symbol": symbol, "size": 10}
        spots = dots(name, middle, [_ticked(p) for p in some], colour, marker=marker, error_x=bars)
        lines.append(spots)
    unit = "places" if scale == 1 else "points"
    drawn = figure(
        lines,
        f"difference ({unit})",
        "",
        yaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [_ticked(pair) for pair in reversed(pairs)],
        },
        shapes=[mark(0)],
        showlegend=True,
    )
    says = (
        "A mark is the mean over the seeds of finalist − control, its bar the corrected interval;"
        f" a bar that crosses 0 claims nothing; {sweep.better}."
    )
    return Plot(
        "verdict",
        f"Finalists against their controls, {sweep.objective}",
        says,
        drawn,
        150 + 40 * len(pairs),
    )


def _pairs(tree: Verdict, pairs: list[PairVerdict]) -> Table:
    def interval(pair: PairVerdict) -> str:
        low, high = pair.metrics[tree.metric].interval
        return f"{_points(tree.metric, low)} … {_points(tree.metric, high)}"

    rows = [
        [
            _label(pair),
            "not told apart" if pair.outcome == "open" else pair.outcome,
            _points(tree.metric, pair.metrics[tree.metric].difference),
            interval(pair),
            f"{pair.p_adjusted:.3g}",
            str(pair.seeds),
            "–" if pair.seeds_needed is None else str(pair.seeds_needed),
            f"{100 * pair.samples_share:.0f} %",
            "–" if pair.time_share is None else f"{100 * pair.time_share:.0f} %",
        ]
        for pair in pairs
    ]
    head = (
        "finalist − control", "outcome", "difference", "corrected interval", "corrected p",
        "seeds", "seeds to settle", "of its samples", "of its time",
    )  # fmt: skip
    return Table(head, rows, frozenset({1}))


def _differences(pairs: list[PairVerdict]) -> Table:
    rows = []
    for pair in pairs:
        for name, row in pair.metrics.items():
            ends = [_points(name, end) for end in (*row.t, *row.bootstrap)]
            values = [formatting.metric(name, value) for value in (row.finalist, row.control)]
            difference = _points(name, row.difference)
            spans = [f"{ends[0]} … {ends[1]}", f"{ends[2]} … {ends[3]}"]
            rows.append([_label(pair), name, *values, difference, *spans])
    head = (
        "finalist − control", "metric", "finalist", "control", "difference", "95 %, paired t",
        "95 %, bootstrap over queries × seeds",
    )  # fmt: skip
    return Table(head, rows, frozenset({1}))


def _arms(tree: Verdict) -> Table:
    names = [arm.arm for arm in tree.arms]
    rows = [
        ["seeds", *(str(len(arm.seeds)) for arm in tree.arms)],
        ["samples", *(f"{arm.samples:,}" for arm in tree.arms)],
        ["of full data's", *(f"{100 * arm.share_of_full_data:.1f} %" for arm in tree.arms)],
    ]
    rows += [
        [metric, *(_spread(metric, arm.metrics.get(metric)) for arm in tree.arms)]
        for metric in _METRICS
    ]
    return Table(["mean ± standard deviation between seeds", *names], rows)


def _spread(metric: str, found: MetricSpread | None) -> str:
    if found is None:
        return "–"
    shown = formatting.metric(metric, found.mean)
    return shown if found.sd is None else f"{shown} ± {formatting.metric(metric, found.sd)}"


def _points(metric: str, value: float) -> str:
    """A difference with its sign: points of a share, or places of a mean rank."""
    scaled = value if metric.endswith("mean_rank") else 100 * value
    return f"{scaled:+.2f}".replace("-", "−")


def _tests(sweep: SweepFacts) -> list[Block]:
    blocks: list[Block] = []
    if not sweep.tests:
        return blocks
    first = sweep.tests[0]
    arms = first.arms
    rows = [
        [name, *(formatting.metric(name, metrics[name]) for metrics in arms.values())]
        for name in _METRICS
    ]
    said = (
        f"The test split was read on {first.at} under {len(first.seeds)} seeds:"
        f" {first.queries:,} queries."
    )
    if len(sweep.tests) > 1:
        again = f"It was read {len(sweep.tests)} times; only the first reading, shown, was a test."
        blocks.append(Text(again, "warning"))
    return [Text(said), *blocks, Table(["test, means over the seeds", *arms], rows)]
