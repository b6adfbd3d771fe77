"""A sweep and its confirmation are fitted into a number of hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.document import parse_space
from class_sweep.errors import ConfigError
from class_sweep.tuning.time_plan import (
    CONFIRMATION_PART,
    Costs,
    SweepSize,
    makespan,
    plan_time,
    search_seconds,
)

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum: {{alpha: {{uniform: [0.2, 0.9]}}, beta: {{uniform: [0.0, 0.5]}}}}
optimizer: {{batch_size: 10}}
budget: {{epochs: 9}}
search: {{trials: {trials}, baselines: [paper, full_data]{search}}}
pruning: {{kind: {pruning}}}
confirm: {{finalists: {finalists}, seeds: 5}}
"""
PAIRS, FULL = 1000, 9000


COSTS = Costs(step=0.1, evaluation=2.0, start=1.0, machine="EPYC", overhead=0.5, worker=4.0)
WHOLE = 900 * 0.1 + 2.0 + 1.0 + 0.5  # the seconds of a run that reports once


def size(trials=100, finalists=2, pruning="successive_halving", search="", confirm=""):
    text = SPACE.format(trials=trials, finalists=finalists, pruning=pruning, search=search)
    return SweepSize.of(parse_space(text.replace("seeds: 5", f"seeds: 5{confirm}")), PAIRS)


def test_the_work_of_a_trial_by_hand():
    assert COSTS.in_worker(10) == pytest.approx(1 + 1 + 2)
    assert COSTS.work(900) == pytest.approx(WHOLE)
    assert COSTS.work(900, legs=4) == pytest.approx(90 + 4 * 3.5)
    slower = COSTS.corrected(2.0, overhead=0.1, worker=8.0)
    assert slower.work(900) == pytest.approx(2 * (90 + 3) + 0.1)
    assert slower.worker == 8.0


@pytest.mark.parametrize(
    ("pruning", "work"),
    [
        # Rungs at epochs 1 and 3 of 9: 3 of 8 trials are promoted at each, beside two baselines.
        (
            "successive_halving, grace_epochs: 1, reduction_factor: 3, rungs: samples",
            10 * 13.5 + 5 * 23.5 + 5 * 63.5,
        ),
        ("none", 10 * 93.5),
        ("asha", None),
    ],
)
def test_the_work_of_a_sweep_is_that_of_its_legs(pruning, work):
    sweep = size(10, pruning=pruning)
    found = sweep.work(10, COSTS)
    assert found == (work if work is None else pytest.approx(work))
    if pruning == "none":
        assert sweep.work(10, COSTS, 0.5, [0.25]) == pytest.approx(
            8 * (45 + 3.5) + (22.5 + 3.5) + 93.5
        )


@given(st.floats(500, 1e5), st.integers(0, 3), st.integers(3, 200), st.sampled_from([1, 2, 8]))
def test_a_plan_fits_and_one_more_trial_would_not(seconds, finalists, trials, at_once):
    sweep = size(trials, finalists)

    def needed(trials):
        return COSTS.worker + search_seconds(sweep, trials, COSTS, at_once)

    plan = plan_time(sweep, COSTS, at_once, seconds)
    if plan is None:
        assert needed(sweep.least) > seconds
        return
    assert plan.search_seconds + plan.confirm_seconds == pytest.approx(seconds)
    assert plan.confirm_seconds <= CONFIRMATION_PART * seconds
    assert plan.confirm_seconds == pytest.approx(
        sweep.confirmation(plan.seeds, COSTS, at_once) if plan.seeds else 0.0
    )
    assert plan.seeds in ((0, 3, 5) if finalists else (0,))
    assert needed(plan.trials) <= plan.search_seconds
    if plan.trials < trials:
        assert needed(plan.trials + 1) > plan.search_seconds


def test_a_plan_grows_with_the_time_and_has_a_confirmation_when_it_fits():
    times = (100, 800, 1800, 4000, 10_000)
    plans = [plan_time(size(), COSTS, 1, seconds) for seconds in times]
    assert plans[0] is None
    assert [plan.seeds for plan in plans[1:]] == [0, 3, 5, 5]
    trials = [plan.trials for plan in plans[1:]]
    assert trials[-1] == 100
    assert trials[1:] == sorted(trials[1:])


def test_the_confirmation_counts_finalists_the_first_control_and_the_frontier():
    assert size(finalists=0).confirmation(5, COSTS, 1) == 0
    assert size().confirmation(5, COSTS, 1) == pytest.approx(4 + 15 * WHOLE)
    # Two at once: nine runs, then six.
    assert size().confirmation(5, COSTS, 2) == pytest.approx(4 + (5 + 3) * WHOLE)
    frontier = size(search=", shares: [0.5, 0.7]", confirm=", full_data_frontier: [0.5]")
    assert frontier.looks(3) == [
        pytest.approx([FULL, 0.6 * FULL, 0.6 * FULL] * 3),
        [0.5 * FULL] * 3,
    ]
    assert frontier.least == 4


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(1, 4))
def test_the_makespan_is_that_of_workers_that_take_jobs_in_order(jobs, workers):
    free = [0] * workers
    for job in jobs:
        first = free.index(min(free))
        free[first] += job
    assert makespan(jobs, workers) == max(free)
    assert sum(jobs) / workers <= makespan(jobs, workers) <= sum(jobs) / workers + max(jobs)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (", hours: 0", "search.hours: must be above 0.0, got 0"),
        (", hours: -1", "search.hours: must be above 0.0, got -1"),
        (", hours: two", "search.hours: must be "),
        (", hours: 2, record: 2", "search.hours: must be absent where search.record is set, got 2"),
    ],
)
def test_hours_that_cannot_be_are_one_error(search, message):
    with pytest.raises(ConfigError) as caught:
        size(search=search, pruning="none")
    [line] = str(caught.value).splitlines()
    assert message in line
