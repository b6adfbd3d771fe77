"""A sweep under `search.hours` ends in time, whatever the machine does meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from time_world import HALVING, World, sweep_size

from class_sweep.tuning.time_left import Pace
from class_sweep.tuning.time_plan import Costs

COSTS = Costs(step=0.05, evaluation=0.3, start=0.1, machine="EPYC", overhead=0.2, worker=4.0)
PRUNERS = {
    "successive_halving": HALVING,
    "equal_samples": "{kind: successive_halving, grace_epochs: 2, rungs: samples}",
    "one_rung": "{kind: one_rung, grace_epochs: 2}",
    "asha": "{kind: asha, grace_epochs: 2, reduction_factor: 2}",
    "hyperband": "{kind: hyperband, grace_epochs: 2, reduction_factor: 2}",
    "median": "{kind: median, grace_epochs: 2}",
    "none": "{kind: none}",
}
# By when it changes, in parts of the hours: how many times as long everything takes, before, after.
SLOWNESS = {
    "as measured": (0.0, 1, 1),
    "three times as fast": (0.0, 1 / 3, 1 / 3),
    "half as fast": (0.0, 2, 2),
    "a third as fast": (0.0, 3, 3),
    "soon slower": (0.3, 1, 3),
    "soon faster": (0.3, 3, 1),
    "late slower": (0.6, 1, 2),
    "late faster": (0.6, 2, 1),
}


def world(slowness, *, pruning, workers=2, finalists=0, trials_long=40, trials=2000, **changes):
    """A world of so many lengths of a full trial; a twentieth is used before the first trial."""
    size = sweep_size(pruning=pruning, finalists=finalists, trials=trials)
    hours = trials_long * size.full_trial(COSTS)
    change, before, after = slowness
    return hours, World(
        size, COSTS, hours, workers=workers, begin=0.05 * hours,
        slowness=lambda t: before if t < change * hours else after, **changes,
    )  # fmt: skip


@pytest.mark.parametrize("slowness", SLOWNESS.values(), ids=SLOWNESS)
@pytest.mark.parametrize("pruner", ["successive_halving", "asha"])
def test_a_search_ends_within_a_tenth_of_its_hours(pruner, slowness):
    hours, sweep = world(slowness, pruning=PRUNERS[pruner])
    assert sweep.run() == pytest.approx(hours, rel=0.1)
    assert len(sweep.log.records) > 20


@pytest.mark.long
@pytest.mark.parametrize("slowness", SLOWNESS.values(), ids=SLOWNESS)
@pytest.mark.parametrize("pruner", PRUNERS)
@pytest.mark.parametrize(("workers", "trials_long"), [(1, 70), (4, 30)])
def test_so_does_any_pruner_on_few_or_many_workers(workers, trials_long, pruner, slowness):
    hours, sweep = world(
        slowness, pruning=PRUNERS[pruner], workers=workers, trials_long=trials_long
    )
    assert sweep.run() == pytest.approx(hours, rel=0.1)


@pytest.mark.parametrize("slowness", SLOWNESS.values(), ids=SLOWNESS)
@pytest.mark.parametrize("pruner", [
    "successive_halving",
    *(pytest.param(pruner, marks=pytest.mark.long) for pruner in list(PRUNERS)[1:]),
])  # fmt: skip
def test_a_confirmation_ends_in_time_or_before_a_look_that_does_not_fit(pruner, slowness):
    hours, sweep = world(slowness, pruning=PRUNERS[pruner], finalists=2, trials_long=50)
    end = sweep.run()
    assert end <= 1.1 * hours
    assert end >= 0.9 * hours or end + sweep.next_look() > hours
    assert sweep.looks, "the confirmation has no look"


@pytest.mark.parametrize("slowness", SLOWNESS.values(), ids=SLOWNESS)
@pytest.mark.parametrize("trials_long", [6, 12])
def test_few_hours_are_held_to_the_length_of_a_trial(trials_long, slowness):
    hours, sweep = world(slowness, pruning=HALVING, workers=2, finalists=2, trials_long=trials_long)
    longest = max(slowness[1:]) * sweep.size.full_trial(COSTS)
    assert sweep.run() <= max(1.07 * hours + longest, sweep.least_end)


@pytest.mark.parametrize("overhead", [0.0, 3.0, 10.0])
def test_time_outside_the_workers_is_learnt(overhead):
    hours, sweep = world(SLOWNESS["as measured"], pruning=HALVING, overhead=overhead)
    assert sweep.run() == pytest.approx(hours, rel=0.1)
    assert sweep.time.pace.costs.overhead == pytest.approx(overhead, rel=0.2, abs=0.2)


def test_a_sweep_of_few_trials_ends_when_they_have():
    hours, sweep = world(SLOWNESS["as measured"], pruning=HALVING, trials=10)
    assert sweep.run() < 0.5 * hours
    assert len(sweep.tuner.ledger) == 10


def test_fewer_trials_are_promoted_once_the_machine_is_slower():
    _, sweep = world((0.5, 1, 3), pruning=HALVING)
    sweep.run()
    finished = sum(record.decision == "finish" for record in sweep.log.records)
    _, same = world(SLOWNESS["as measured"], pruning=HALVING)
    same.run()
    assert finished < sum(record.decision == "finish" for record in same.log.records)
    # Every trial has ended, those that are not promoted as pruned.
    assert not sweep.tuner.ledger.unfinished


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.integers(1, 500)), max_size=30),
    st.floats(0.3, 3),
    st.floats(0, 5),
)
def test_the_pace_is_a_mean_of_what_was_measured_and_seen(legs, factor, overhead):
    pace = Pace(COSTS, trial=100.0, memory=50.0)
    for at, steps in sorted(legs):
        pace.leg(at, steps, factor * COSTS.in_worker(steps), overhead, new=False)
    assert min(1, factor) - 1e-9 <= pace.factor <= max(1, factor) + 1e-9
    assert min(0.2, overhead) - 1e-9 <= pace.costs.overhead <= max(0.2, overhead) + 1e-9


def test_a_late_leg_counts_more_than_an_early_one():
    pace = Pace(COSTS, trial=100.0, memory=50.0)
    pace.work(0.0, 100.0, 300.0)
    assert pace.factor == pytest.approx(400 / 200)
    pace.work(100.0, 100.0, 100.0)
    kept = 2.718281828**-2
    assert pace.factor == pytest.approx((kept * 400 + 100) / (kept * 200 + 100))
