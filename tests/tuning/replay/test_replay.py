"""Simulated sweeps over small tables with outcomes that can be computed by hand."""

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from class_sweep.config.components import PRUNERS
from class_sweep.config.document import parse_space
from class_sweep.config.objective import parse_objective
from class_sweep.config.pruning import PruningSettings
from class_sweep.errors import InputError, ResultsError
from class_sweep.results.callback import Callback
from class_sweep.results.curves import Configuration, CurveTable, Point
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.pruners.no_pruning import NoPruner
from class_sweep.tuning.pruners.pruner import make_pruner
from class_sweep.tuning.replay.replay import (
    SimulatedSearch,
    correlation_between_seeds,
    curves_at,
    replay,
    reports_of,
    run_search,
    rung_correlations,
    searches,
)
from class_sweep.tuning.replay.replay_table import settings_to_try
from class_sweep.tuning.replay.table_study import OrderedStudy, SampledStudy
from class_sweep.tuning.simulate import Simulation
from class_sweep.tuning.tuner import Limits, SweepTuner


def pruning(**settings):
    return TypeAdapter(PruningSettings).validate_python(settings)


def curve(scores, *, fails=False, length=100):
    """Reports at each epoch of `length` samples; the last one ends the trial."""
    ends = [False] * (len(scores) - 1) + [not fails]
    return tuple(
        Point(math.inf if end else epoch, epoch * length, score, end)
        for epoch, (score, end) in enumerate(zip(scores, ends, strict=True), start=1)
    )


def table_of(*curves, names=(), values=None):
    """A table with one seed for each curve of an entry."""
    configurations = []
    for number, entry in enumerate(curves):
        by_seed = dict(enumerate(entry)) if isinstance(entry, list) else {0: entry}
        name = names[number] if number < len(names) else ""
        config = values[number] if values else {}
        configurations.append(Configuration(number, name, config, by_seed))
    seeds = tuple(configurations[0].curves)
    return CurveTable(parse_objective("validation/mrr"), tuple(configurations), seeds)


def run(table, settings, workers=1):
    """One search over all configurations of a table, with a rung at its first epoch."""
    order = table.configurations
    search = SimulatedSearch(
        {row.number: 0 for row in order}, {None: len(order)}, lambda: OrderedStudy(order)
    )
    pruners = PrunerGroups({None: make_pruner(pruning(**settings), 1, len(order))})
    return run_search(table, search, pruners, curves_at(table, [1]), workers)


def test_a_rung_is_at_the_first_report_that_reaches_it():
    recorded = curve([0.1, 0.2, 0.3, 0.4, 0.5])
    reports = reports_of(table_of(recorded), recorded, [0.5, 1.5, 2, 9])
    assert [(r.rung, r.samples, r.last) for r in reports] == [
        (0, 100, False), (2, 200, False), (None, 500, True),
    ]  # fmt: skip


def test_a_rung_of_the_own_schedule_is_on_the_line_between_two_reports():
    recorded = curve([0.1, 0.2, 0.4, 0.5])
    table = table_of(recorded, curve([0.1] * 8))
    assert table.epochs == 8
    [own, *_] = curves_at(table, [1, 3, 4, 5, 7], own_schedule=True).values()
    assert [(r.rung, r.samples, r.last) for r in own] == [
        (0, 100, False), (1, 150, False), (2, 200, False), (3, 250, False), (4, 350, False),
        (None, 400, True),
    ]  # fmt: skip
    values = [r.metrics["split/mrr"] for r in own]
    assert values == pytest.approx([0.1, 0.15, 0.2, 0.3, 0.45, 0.5])


def test_a_failed_trial_meets_the_own_rungs_before_its_failure_alone():
    whole, failed = curve([0.1, 0.2, 0.3, 0.4]), curve([0.1, 0.2], fails=True)
    table = table_of([whole, failed])
    reports = curves_at(table, [1, 3], own_schedule=True)[0, 1]
    assert [(r.rung, r.samples, r.failure is None) for r in reports] == [
        (0, 100, True), (None, 200, False),
    ]  # fmt: skip


@given(st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=6), min_size=3, max_size=8))
def test_full_data_has_the_same_reports_under_both_kinds_of_rungs(curve_scores):
    length = max(map(len, curve_scores))
    table = table_of(*(curve((scores * 6)[:length]) for scores in curve_scores))
    rungs = [epoch for epoch in (1, 2, 4) if epoch < table.epochs]
    assert curves_at(table, rungs) == curves_at(table, rungs, own_schedule=True)
    for rung in rung_correlations(table):
        assert rung.own_schedule == pytest.approx(rung.correlation)


def test_rungs_of_own_schedules_do_not_favour_a_short_schedule():
    short, long = curve([0.3, 0.45, 0.5]), curve([0.2, 0.41, 0.5, 0.6])
    table = table_of(short, short, long)
    kinds = [
        pruning(kind="one_rung", grace_epochs=2, min_kept=1, rungs=rungs)
        for rungs in ("samples", "own_schedule")
    ]
    at_samples, own = replay(table, searches(table, None, 5, 3, 0), kinds, 1)
    assert (at_samples.best_kept, own.best_kept) == (0, 1)
    assert at_samples.regret == pytest.approx(0.1)
    assert own.regret == 0


def test_a_failed_trial_costs_the_samples_of_its_last_report():
    table = table_of(curve([0.9, 0.9], fails=True), curve([0.1, 0.2]))
    outcome = run(table, {"kind": "none"})
    assert outcome.finished == {1: 0.2}
    assert outcome.samples == 400


def test_a_pruned_trial_costs_no_samples_beyond_its_rung():
    rising, falling = curve([0.5, 0.6, 0.7]), curve([0.4, 0.9, 1.0])
    outcome = run(table_of(rising, falling), {"kind": "asha"})
    assert outcome.finished == {0: 0.7}
    assert outcome.samples == 300 + 100
    assert outcome.time == 400


def test_more_workers_reduce_the_time_but_not_the_samples():
    table = table_of(*[curve([0.1, 0.2])] * 4)
    alone, four = (run(table, {"kind": "none"}, workers) for workers in (1, 4))
    assert (alone.samples, alone.time) == (800, 800)
    assert (four.samples, four.time) == (800, 200)


def test_one_rung_finishes_the_best_trials_once_all_have_reached_it():
    curves = [curve([score, score, score]) for score in (0.3, 0.1, 0.5, 0.2, 0.4)]
    outcome = run(table_of(*curves), {"kind": "one_rung", "min_kept": 2}, workers=2)
    assert outcome.finished == {2: 0.5, 4: 0.4}
    assert outcome.samples == 5 * 100 + 2 * 200
    assert outcome.time == 300 + 200


def test_a_baseline_runs_to_its_end_and_is_not_selected():
    table = table_of(curve([0.1, 0.1]), curve([0.5, 0.6]), names=["full_data"])
    outcome = run(table, {"kind": "asha"})
    assert outcome.finished == {0: 0.1, 1: 0.6}
    assert outcome.samples == 400


def test_a_baseline_is_selected_if_no_other_configuration_finished():
    better, worse = curve([0.9, 0.5]), curve([0.1, 0.7])
    table = table_of(better, worse, names=["full_data"])
    simulated = searches(table, None, 2, 1, 0)
    pruned, whole = replay(table, simulated, [pruning(kind="asha"), pruning(kind="none")], 1)
    assert pruned.regret == pytest.approx(0.2)
    assert pruned.best_kept == 0
    assert whole.regret == 0


scores = st.lists(st.floats(0, 1), min_size=1, max_size=4)


@given(st.lists(scores, min_size=1, max_size=12), st.sampled_from(list(PRUNERS)), st.integers(1, 4))
def test_every_pruner_ends_and_sees_no_more_samples_than_no_pruner(curve_scores, kind, workers):
    table = table_of(*map(curve, curve_scores))
    whole = run(table, {"kind": "none"}, workers)
    outcome = run(table, {"kind": kind}, workers)
    assert whole.samples == sum(100 * len(curve) for curve in curve_scores)
    assert len(whole.finished) == len(curve_scores)
    assert 0 < outcome.samples <= whole.samples
    assert outcome.finished.items() <= whole.finished.items()
    assert outcome.finished


@pytest.fixture
def noisy():
    """The first configuration is better by 0.1 in the mean, and tied under its second seed."""
    return table_of(*[[curve([a / 2, a]), curve([b / 2, b])] for a, b in [(0.6, 0.4), (0.4, 0.4)]])


def test_a_search_without_pruning_has_the_regret_of_a_selection_on_one_seed(noisy):
    simulated = searches(noisy, None, 400, 2, 0)
    [none] = replay(noisy, simulated, [pruning(kind="none")], 2)
    assert none.samples == none.time == none.best_kept == 1
    # It ties under its second seed and is then second in half of the orders: a quarter regret 0.1.
    assert none.regret == pytest.approx(0.025, abs=0.006)


def test_regret_uses_means_over_seeds_in_the_unit_of_the_objective():
    table = table_of([curve([0.9, 0.5]), curve([0.9, 0.5])], [curve([0.1, 0.8]), curve([0.1, 0.6])])
    simulated = searches(table, None, 8, 2, 0)
    [outcome] = replay(table, simulated, [pruning(kind="one_rung", min_kept=1, grace_epochs=1)], 1)
    assert outcome.regret == pytest.approx(0.2)
    assert outcome.worst_regret == pytest.approx(0.2)
    assert outcome.best_kept == 0


def test_equal_seeds_give_equal_orders_and_different_seeds_different_orders(noisy):
    def drawn(seed):
        simulated = searches(noisy, None, 9, 2, seed)
        return [
            ([c.number for c in search.open_study.args[0]], search.seeds) for search in simulated
        ]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert {tuple(sorted(order)) for order, _ in drawn(1)} == {(0, 1)}
    assert {seed for _, seeds in drawn(1) for seed in seeds.values()} == {0, 1}


def test_rung_correlations_follow_the_agreement_of_ranks():
    def both(*scores):
        return [curve(list(scores)), curve(list(scores))]

    table = table_of(both(0.3, 0.1, 0.1), both(0.2, 0.2, 0.2), both(0.1, 0.3, 0.3))
    first, second = rung_correlations(table)
    assert (first.epoch, first.correlation, first.configurations) == (1, pytest.approx(-1), 3)
    assert second.correlation == pytest.approx(1)
    assert correlation_between_seeds(table) == pytest.approx(1)


def test_a_search_without_a_finished_configuration_is_an_error():
    table = table_of(curve([0.1, 0.2], fails=True), curve([0.1, 0.2], fails=True))
    simulated = searches(table, None, 1, 2, 0)
    with pytest.raises(ResultsError, match="must finish a configuration"):
        replay(table, simulated, [pruning(kind="none")], 1)


@pytest.fixture
def sampled_table(small_space_text):
    """Scores that rise with alpha alone, over the axes of the small space."""
    space = parse_space(small_space_text)
    values, curves = [], []
    for number in range(60):
        alpha = 0.3 + 0.01 * number
        values.append(
            {"curriculum.order": ("easy_first", "random")[number % 2],
             "curriculum.alpha": f"{alpha}", "curriculum.beta": f"{0.05 + number % 7 / 50}",
             "curriculum.sigma": "0.5", "curriculum.intensity": "constant"}
        )  # fmt: skip
        curves.append(curve([alpha / 2, alpha]))
    return table_of(*curves, values=values), space


def under(space, sampler):
    """The space under another sampler."""
    search = space.settings.search.model_copy(update={"sampler": sampler})
    return space.changed(settings=space.settings.model_copy(update={"search": search}))


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_sampler_learns_from_the_configurations_that_replaced_its_proposals(
    sampled_table, sampler
):
    table, space = sampled_table
    [search] = searches(table, under(space, sampler), 1, 40, 0)
    ledger = TrialLedger(MemoryLog(), Callback())
    one = Limits(slots=lambda _: 1)
    tuner = SweepTuner(
        table.objective, search.open_study(), ledger, PrunerGroups({None: NoPruner()}), limits=one
    )
    curves = curves_at(table, [1])
    Simulation(tuner, lambda trial: curves[trial.config["configuration"], 0]).run()
    order = [trial.config["configuration"] for trial in ledger.trials()]
    assert len(set(order)) == len(order) == 40
    assert 59 in order[:30]  # the best, found before half of the table was run
    assert fmean(order[10:25]) > fmean(order[:10]) + 8  # scores rise with the number
    again = searches(table, under(space, sampler), 1, 40, 0)[0].open_study()
    assert isinstance(again, SampledStudy)
    assert again.propose(0, None).config == {"configuration": order[0]}


def test_every_combination_is_tried_once():
    tried = settings_to_try(None, [1, 2], [2, 3], [4])
    assert [settings.kind for settings in tried] == (
        ["successive_halving"] * 4
        + ["asha"] * 4
        + ["hyperband"] * 4
        + ["median"] * 2
        + ["one_rung"] * 2
        + ["none"]
    )
    assert len(set(tried)) == len(tried)


@pytest.mark.parametrize(
    ("kind", "grace", "why"),
    [("ahsa", 1, "must be one of successive_halving, asha"), ("median", -1, "epochs above 0")],
)
def test_an_unknown_pruner_and_an_invalid_value_are_refused(kind, grace, why):
    with pytest.raises(InputError, match=why):
        settings_to_try([kind], [grace], [3], [2])
