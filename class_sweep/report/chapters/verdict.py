"""The verdict: the result of a confirmation, or the statement that nothing is confirmed."""

from collections.abc import Sequence

from class_sweep.config.objective import directed_metric_names, metric_of
from class_sweep.rendering.blocks import (
    Block,
    Chapter,
    Collapsible,
    Plot,
    Table,
    Text,
)
from class_sweep.report.final_summary import single_run_caution, tuned_control
from class_sweep.report.plots import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    Figure,
    dots,
    figure,
    two_lines,
    vertical_line,
)
from class_sweep.report.savings_plot import savings_plot, unconfirmed_plot
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.report.tables.metrics import metric_table
from class_sweep.report.winner_facts import spread_text, winner_blocks
from class_sweep.results import formatting
from class_sweep.results.json_files import Interval
from class_sweep.results.record import Record
from class_sweep.results.verdict import ComparisonVerdict, Verdict

_TIME_CAUTION = (
    "Times are wall times. Runs share a machine with other runs, and perhaps with other work, so"
    " compare costs by their samples."
)
_EQUAL_TAILS = 0.5
_MARKERS = {  # outcome of a comparison, in words, to its colour and marker
    "better": (BLUE, "diamond"),
    "worse": (ORANGE, "x"),
    "not worse": (GREEN, "diamond-open"),
    "not told apart": (GREY, "circle-open"),
}


def verdict(sweep: SweepFacts) -> Chapter:
    """The comparisons with their intervals after a confirmation; the readings of the test split."""
    if sweep.verdict:
        blocks = _confirmed(sweep, sweep.verdict)
    elif sweep.best:
        blocks = _unconfirmed(sweep, sweep.best)
    else:
        message = "Nothing is confirmed: no trial has finished, so there is no winner."
        blocks = [Text(message, "finding")]
    own = sum(record.tuned for _, record in sweep.last_reports)
    control = tuned_control(own, sweep.baselines)
    return Chapter("verdict", "Verdict", [*blocks, *control, *_tests(sweep)])


def _unconfirmed(sweep: SweepFacts, best: Record) -> list[Block]:
    columns = {f"best: trial {best.trial}": best, **sweep.baselines}
    table = metric_table(
        {name: record.metrics for name, record in columns.items()},
        corner="validation, one run each",
        last_row=("samples", *(f"{record.samples:,}" for record in columns.values())),
    )
    seeds = sweep.space.settings.search.record
    if seeds is not None:
        message = (
            "Nothing is confirmed: this is a recording of learning curves, each configuration"
            f" trained with {seeds} seeds, and not a search for a winner."
        )
        return [Text(message, "finding"), table]
    message = (
        f"Nothing is confirmed. The best of {len(sweep.trials.finished)} finished trials"
        f" (trial {best.trial}: {sweep.schedule(best)}) reached"
        f" {sweep.shown(best.objective)} of {sweep.objective} in a single run."
    )
    blocks: list[Block] = [Text(message, "finding")]
    if sweep.summary:
        queries = sweep.summary.pairs.validation
        blocks.append(Text(single_run_caution(best, sweep.baselines, queries), "warning"))
    plot = unconfirmed_plot(sweep)
    return [*blocks, *([plot] if plot else []), table]


def _confirmed(sweep: SweepFacts, verdict: Verdict) -> list[Block]:
    winner, *comparisons = verdict.words
    method = (
        f"{verdict.runs} runs with up to {len(verdict.seeds)} paired seeds that the search did not"
        f" use, {verdict.samples:,} samples. Intervals are corrected for all comparisons together:"
        " if nothing differs, the probability that any of these claims is made is at most"
        f" {100 * verdict.rule.alpha:g} %."
    )
    if verdict.rule.better_share > _EQUAL_TAILS:
        method += " Most of this error is for better, so an interval is longer on that side."
    blocks: list[Block] = [
        Text(winner, "finding"),
        *winner_blocks(
            verdict, {name: r.metrics for name, r in sweep.baselines.items()}, sweep.path
        ),
        *(Text(line) for line in comparisons),
    ]
    blocks.append(Text(method, "note"))
    blocks += [
        Text(f"{run.arm} failed with seed {run.seed}: {run.reason}", "warning")
        for run in verdict.failed
    ]
    if savings := savings_plot(sweep, verdict):
        blocks.append(savings)
    compared = [pair for pair in verdict.pairs if pair.metrics]
    if compared:
        blocks += [_forest_plot(sweep, verdict.metric, compared), _pairs(verdict.metric, compared)]
        blocks.append(Text(_TIME_CAUTION, "note"))
        blocks.append(Collapsible("Every metric and direction", [_differences(compared)]))
    blocks.append(Collapsible("Means of every configuration", [_arms(verdict)]))
    return blocks


def _label(pair: ComparisonVerdict) -> str:
    return f"{pair.finalist} − {_control(pair)}"


def _control(pair: ComparisonVerdict) -> str:
    return pair.control.replace("_", " ")


def _tick(pair: ComparisonVerdict) -> str:
    """A label that fits a narrow screen."""
    return two_lines(pair.finalist, f"− {_control(pair)}")


def _forest_plot(sweep: SweepFacts, metric: str, pairs: Sequence[ComparisonVerdict]) -> Plot:
    traces = [
        _forest_trace(outcome, metric, matching)
        for outcome in _MARKERS
        if (matching := [pair for pair in pairs if _outcome(pair) == outcome])
    ]
    no_difference = metric_of(metric).no_difference
    drawn = figure(
        traces,
        f"difference ({sweep.difference_unit})",
        "",
        yaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [_tick(pair) for pair in reversed(pairs)],
        },
        shapes=[vertical_line(no_difference)],
        showlegend=True,
    )
    caption = (
        "A marker is the mean over the seeds of finalist − control, its bar the corrected interval;"
        f" a bar that crosses {no_difference:g} shows neither better nor worse;"
        f" {sweep.better}."
    )
    title = f"Finalists against their controls, {sweep.objective}"
    return Plot("verdict", title, caption, drawn, 150 + 40 * len(pairs))


def _forest_trace(outcome: str, metric: str, pairs: Sequence[ComparisonVerdict]) -> Figure:
    colour, symbol = _MARKERS[outcome]
    rows = [pair.metrics[metric] for pair in pairs]
    shown = metric_of(metric).shown_difference
    error_bars = {
        "type": "data",
        "symmetric": False,
        "array": [shown(row.interval[1]) - shown(row.difference) for row in rows],
        "arrayminus": [shown(row.difference) - shown(row.interval[0]) for row in rows],
        "color": colour,
        "thickness": 2,
    }
    return dots(
        outcome,
        [shown(row.difference) for row in rows],
        [_tick(pair) for pair in pairs],
        colour,
        marker={"symbol": symbol, "size": 10},
        error_x=error_bars,
    )


def _outcome(pair: ComparisonVerdict) -> str:
    if pair.outcome == "open":
        return "not worse" if pair.non_inferior else "not told apart"
    return pair.outcome


def _not_worse(pair: ComparisonVerdict) -> str:
    return "–" if pair.p_ni_adjusted is None else f"{pair.p_ni_adjusted:.3g}"


def _pairs(metric: str, pairs: Sequence[ComparisonVerdict]) -> Table:
    margin = any(pair.p_ni_adjusted is not None for pair in pairs)
    rows = [
        [
            _label(pair),
            _outcome(pair),
            _signed(metric, pair.metrics[metric].difference),
            _range(metric, pair.metrics[metric].interval),
            f"{pair.p_adjusted:.3g}",
            *([_not_worse(pair)] if margin else []),
            str(pair.seeds),
            "–" if pair.seeds_needed is None else str(pair.seeds_needed),
            f"{100 * pair.samples_share:.0f} %",
            "–" if pair.time_share is None else f"{100 * pair.time_share:.0f} %",
        ]
        for pair in pairs
    ]
    head = (
        "finalist − control", "outcome", "difference", "corrected interval", "corrected p",
        *(["corrected p, not worse"] if margin else []), "seeds", "seeds may decide",
        "of its samples", "of its time",
    )  # fmt: skip
    return Table(head, rows, text_columns={1})


def _differences(pairs: Sequence[ComparisonVerdict]) -> Table:
    rows = [
        [
            _label(pair),
            metric,
            formatting.metric(metric, row.finalist),
            formatting.metric(metric, row.control),
            _signed(metric, row.difference),
            _range(metric, row.t),
            _range(metric, row.over_queries),
        ]
        for pair in pairs
        for metric, row in pair.metrics.items()
    ]
    head = (
        "finalist − control", "metric", "finalist", "control", "difference", "95 %, paired t",
        "95 %, seeds × queries",
    )  # fmt: skip
    return Table(head, rows, text_columns={1})


def _arms(verdict: Verdict) -> Table:
    rows = [
        ["seeds", *(str(len(arm.seeds)) for arm in verdict.arms)],
        ["samples", *(f"{arm.samples:,}" for arm in verdict.arms)],
        ["of full data's", *(formatting.percent(arm.share_of_full_data) for arm in verdict.arms)],
    ]
    rows += [
        [metric, *(spread_text(metric, arm.metrics.get(metric)) for arm in verdict.arms)]
        for metric in directed_metric_names()
    ]
    head = ["mean ± standard deviation between seeds", *(arm.arm for arm in verdict.arms)]
    return Table(head, rows)


def _range(metric: str, interval: Interval) -> str:
    return " … ".join(_signed(metric, end) for end in interval)


def _signed(metric: str, value: float) -> str:
    """A difference as it is shown: points or ranks with a sign, or a ratio."""
    shown = metric_of(metric).shown_difference(value)
    return (
        f"×{shown:.3f}"
        if metric_of(metric).unit == "log_rank"
        else f"{shown:+.2f}".replace("-", "−")
    )


def _tests(sweep: SweepFacts) -> list[Block]:
    if not sweep.tests:
        return []
    first = sweep.tests[0]
    message = (
        f"The test split was read on {first.at} with {len(first.seeds)} seeds:"
        f" {first.queries:,} queries."
    )
    blocks: list[Block] = [Text(message)]
    if len(sweep.tests) > 1:
        again = f"It was read {len(sweep.tests)} times; only the first reading, shown, was a test."
        blocks.append(Text(again, "warning"))
    return [*blocks, metric_table(first.arms, corner="test, means over the seeds")]
