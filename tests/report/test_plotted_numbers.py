"""The numbers in the figures and tables of a sweep's report, against the log by hand."""

import pytest
from made_sweeps import CONFIG, FULL, made_saving, made_verdict, make_folder, report_of, searched

from class_sweep.config.axes import LogUniform
from class_sweep.config.document import parse_space
from class_sweep.config.recording import as_recording
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.rendering.blocks import Collapsible, Plot, PlotGrid, Table
from class_sweep.report.chapters.axes import position_on
from class_sweep.report.chapters.cost import cost
from class_sweep.report.chapters.curves import curves
from class_sweep.report.chapters.importance import importance
from class_sweep.report.chapters.parallel import parallel
from class_sweep.report.chapters.schedules import schedules
from class_sweep.report.chapters.trials import trials
from class_sweep.report.chapters.verdict import verdict
from class_sweep.report.plots import BLUE, ORANGE
from class_sweep.report.sweep_facts import read_sweep


def flat(blocks):
    for block in blocks:
        inner = {Collapsible: "blocks", PlotGrid: "plots"}.get(type(block))
        yield from flat(getattr(block, inner)) if inner else [block]


def traces(chapter, plot):
    """The traces of a plot by name."""
    (figure,) = [b.figure for b in flat(chapter.blocks) if isinstance(b, Plot) and b.name == plot]
    return {trace["name"]: trace for trace in figure["data"]}


def columns(chapter, *names):
    """The cells of some columns of the only table with them, row by row."""
    (table,) = [
        b for b in flat(chapter.blocks) if isinstance(b, Table) and set(names) <= set(b.head)
    ]
    places = [list(table.head).index(name) for name in names]
    return [[row[place] for place in places] for row in table.rows]


@pytest.fixture
def facts(tmp_path, small_space_text):
    def read(records=None, *, text=small_space_text, **more):
        return read_sweep(make_folder(tmp_path / "made", text, records, **more))

    return read


def test_a_curve_is_the_objective_in_per_cent_over_samples(facts):
    records = [
        report_of(0, "continue", 0.125, CONFIG, samples=576, step=18, rung=0),
        report_of(0, "finish", 0.25, CONFIG, samples=3264, step=102, report=1),
    ]
    trace = traces(curves(facts(records)), "curves")["best trial"]
    assert trace["x"][:2] == [576, 3264]
    assert trace["y"][:2] == [12.5, 25.0]


def test_the_table_of_rungs_has_the_median_and_the_best(facts):
    values = (0.1, 0.2, 0.4)
    records = [
        report_of(trial, "continue", value, CONFIG, samples=576, rung=0)
        for trial, value in enumerate(values)
    ]
    assert columns(curves(facts(records)), "fewest samples", "median", "best") == [
        ["576", "20.0 %", "40.0 %"]
    ]


def test_the_bars_of_the_forest_are_the_ends_of_the_interval(facts):
    tree = made_verdict()
    row = tree["pairs"][0]["metrics"]["split/mrr"]
    row |= {"difference": 0.011, "interval": [0.004, 0.02]}
    trace = traces(verdict(facts(verdict=tree)), "verdict")["better"]
    assert trace["x"] == [pytest.approx(1.1)]
    assert trace["error_x"]["array"] == [pytest.approx(0.9)]
    assert trace["error_x"]["arrayminus"] == [pytest.approx(0.7)]


def test_the_intervals_of_the_t_test_and_over_queries_are_in_their_columns(facts):
    chapter = verdict(facts(verdict=made_verdict()))
    head = "95 %, paired t", "95 %, seeds × queries"
    assert columns(chapter, *head)[0] == ["+0.50 … +1.70", "+0.30 … +1.90"]


def test_a_duplicate_costs_no_samples_in_the_table(facts):
    records = [
        report_of(0, "finish", 0.3, CONFIG, samples=1000),
        report_of(1, "finish", 0.3, CONFIG, samples=1000, same_as=0),
    ]
    assert columns(cost(facts(records)), "trials", "number", "samples") == [
        ["finished", "2", "1,000"]
    ]


def test_a_position_on_a_logarithmic_axis_is_that_of_the_logarithm():
    assert position_on(LogUniform(1e-4, 1e-2), 1e-3) == 0.5
    assert position_on(LogUniform(1e-4, 1e-2), 1e-4) == 0


def test_the_best_third_is_blue_and_ends_at_the_high_end_of_the_objective(facts):
    alphas = (0.35, 0.5, 0.65)
    records = [
        report_of(i, "finish", 0.1 * (i + 1), CONFIG | {"curriculum.alpha": alpha})
        for i, alpha in enumerate(alphas)
    ]
    by_name = traces(parallel(facts(records)), "parallel")
    best, worst = by_name["best third"], by_name["worst third"]
    assert "trial 2" in best["text"][0]
    assert "trial 0" in worst["text"][0]
    assert (best["line"]["color"], worst["line"]["color"]) == (BLUE, ORANGE)
    assert (best["x"][-2], worst["x"][-2]) == (1, 0)


def test_the_samples_of_a_schedule_are_those_of_the_sweep(facts, small_space_text):
    config = baseline_config(parse_space(small_space_text), "full_data")
    sweep = facts([report_of(0, "finish", 0.3, config)])
    # Six epochs of the whole batches of 32 in 560 pairs.
    assert sweep.full_samples == FULL == 6 * (560 // 32 * 32)
    assert columns(schedules(sweep), "samples", "of full data")[0] == ["3,264", "100.0 %"]


def test_the_seconds_of_a_trial_are_those_of_all_its_reports(facts):
    records = [
        report_of(0, "continue", 0.1, CONFIG, samples=576, rung=0, seconds=1.25),
        report_of(0, "finish", 0.2, CONFIG, report=1, seconds=2.5),
    ]
    assert columns(trials(facts(records)), "trial", "seconds") == [["0", "3.75"]]


def test_the_spread_of_a_recording_is_the_sample_standard_deviation(facts, small_space_text):
    records = [
        report_of(trial, "finish", value, CONFIG | {"search.seed": 3 + trial})
        for trial, value in enumerate((0.2, 0.3))
    ]
    chapter = trials(facts(records, text=as_recording(parse_space(small_space_text), 2).text))
    # |0.3 − 0.2| / √2
    assert columns(chapter, "mean", "standard deviation") == [["25.0 %", "7.1 %"]]


def test_a_baseline_that_ran_twice_is_shown_at_its_best(facts):
    records = [
        report_of(trial, "finish", value, CONFIG, name="full_data")
        for trial, value in enumerate((0.2, 0.3, 0.1))
    ]
    assert facts(records).baselines["full_data"].trial == 1


def test_importance_counts_the_finished_trials_alone(facts, small_space_text):
    records = searched(parse_space(small_space_text), 80, first=())
    finished = sum(r.decision == "finish" for r in records)
    assert 8 <= finished < 80
    found = [b for b in importance(facts(records)).blocks if isinstance(b, Table)]
    table, conditional = found
    [[path, _, with_it]] = conditional.rows  # a trial in a random order has no sigma
    assert path == "curriculum.sigma"
    assert 8 <= int(with_it) < finished
    assert list(table.head) == [
        "axis",
        f"at the end, of finished trials ({finished})",
        "at the first rung, of all trials (80)",
    ]


@pytest.mark.parametrize("alpha", [0.5, 0.6])
def test_importance_needs_trials_of_different_configurations(facts, alpha):
    """Runs of one configuration under several seeds have values that no axis explains."""
    last = CONFIG | {"curriculum.alpha": alpha}
    records = [
        report_of(trial, "finish", 0.3 + trial / 100, last if trial == 8 else CONFIG)
        for trial in range(9)
    ]
    chapter = importance(facts(records))
    differ = last != CONFIG
    assert any(isinstance(block, Plot) for block in chapter.blocks) == differ
    if not differ:
        assert "8 trials within the axes, of different configurations" in chapter.blocks[0].text


def test_the_plot_of_savings_has_each_schedule_at_its_share_of_full_datas_samples(facts):
    records = [
        report_of(0, "finish", 0.29, CONFIG, name="full_data", samples=FULL, seconds=4.0),
        report_of(1, "finish", 0.31, CONFIG, samples=FULL // 2, seconds=3.0),
    ]
    chapter = verdict(facts(records, verdict=made_saving()))
    drawn = traces(chapter, "savings")
    single = drawn["one seed, selected"]
    assert (single["x"], single["y"]) == ([50.0, 100.0], [31.0, 29.0])
    confirmed = drawn["confirmed, corrected interval"]
    assert (confirmed["x"], confirmed["y"]) == ([62.01], [pytest.approx(30.2)])
    assert confirmed["error_y"]["array"] == [pytest.approx(0.3)]
    assert confirmed["error_y"]["arrayminus"] == [pytest.approx(0.3)]
    line = drawn["full data, ended earlier"]
    assert line["x"] == [50.0, 75.0, 100.0]
    assert line["y"] == pytest.approx([29.0, 30.4, 30.0])
    band = drawn["full data, ended earlier, 95 %"]
    assert band["x"] == [50.0, 75.0, 100.0, 100.0, 75.0, 50.0]
    assert band["y"] == pytest.approx([29.3, 30.7, 30.0, 30.0, 30.1, 28.7])
    [figure] = [
        b.figure for b in flat(chapter.blocks) if isinstance(b, Plot) and b.name == "savings"
    ]
    [margin] = figure["layout"]["shapes"]
    assert (margin["y0"], margin["y1"]) == (pytest.approx(29.7), pytest.approx(30.0))
    assert (margin["name"], margin["showlegend"]) == ("margin", True)
    assert confirmed["text"] == [" trial 2 "]
    samples, time = figure["layout"]["updatemenus"][0]["buttons"]
    names = [trace["name"] for trace in figure["data"]]
    assert samples["args"][0]["x"] == [trace["x"] for trace in figure["data"]]
    times = dict(zip(names, time["args"][0]["x"], strict=True))
    assert times["one seed, selected"] == [75.0, 100.0]
    assert times["confirmed, corrected interval"] == [70.0]
    assert times["full data, ended earlier"] == [50.0, 75.0, 100.0]


def test_the_plot_of_an_unconfirmed_sweep_has_its_single_runs_and_its_shares(
    facts, small_space_text
):
    text = small_space_text.replace("trials: 8", "trials: 8, shares: [0.75, 0.5]")
    records = [
        report_of(0, "finish", 0.29, CONFIG, name="full_data", samples=FULL, seconds=4.0),
        report_of(1, "finish", 0.31, CONFIG, samples=FULL // 2, seconds=3.0, share=0.5),
        report_of(2, "prune", 0.2, CONFIG, samples=576, seconds=1.0, share=0.75),
    ]
    chapter = verdict(facts(records, text=text))
    [plot] = [b for b in flat(chapter.blocks) if isinstance(b, Plot) and b.name == "savings"]
    assert "Nothing here is confirmed" in plot.caption
    assert "Each dotted line is a share that was searched by itself" in plot.caption
    strata, single, full = plot.figure["data"]
    assert strata["name"] == "searched by itself: 50, 75 %"
    assert strata["x"] == [50.0, 50.0, None, 75.0, 75.0, None]
    assert (strata["y"], strata["yaxis"]) == ([0, 1, None] * 2, "y2")
    assert (single["name"], single["x"]) == ("one seed, selected", [50.0, 100.0])
    assert single["text"] == [
        "trial 1, searched at 50 %: 31.0 %", "trial 0 (full_data): 29.0 %"
    ]  # fmt: skip
    assert (full["name"], full["y"]) == ("best run of full data, one seed", [29.0])
    samples, time = (b["args"][0] for b in plot.figure["layout"]["updatemenus"][0]["buttons"])
    assert samples["visible"] == [True, True, True]
    assert time["visible"] == [False, True, True]  # a share is of samples
    assert time["x"][1] == [75.0, 100.0]


def test_without_a_run_of_full_data_the_plot_has_no_switch_to_its_time(facts):
    records = [report_of(1, "finish", 0.31, CONFIG, samples=FULL // 2, seconds=3.0)]
    chapter = verdict(facts(records))
    [plot] = [b for b in flat(chapter.blocks) if isinstance(b, Plot) and b.name == "savings"]
    assert plot.figure["layout"]["updatemenus"] == []


def test_a_verdict_without_full_data_has_no_plot_of_savings(facts):
    blocks = flat(verdict(facts(verdict=made_verdict())).blocks)
    assert [b.name for b in blocks if isinstance(b, Plot)] == ["verdict"]
