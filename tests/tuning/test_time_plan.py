"""A sweep and its confirmation are fitted into a number of hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.document import parse_space
from class_sweep.errors import ConfigError
from class_sweep.tuning.milestones import Rungs
from class_sweep.tuning.time_plan import (
    CONFIRMATION_PART,
    SweepSize,
    most_trials,
    plan_time,
    planned_space,
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


def size(trials=100, finalists=2, pruning="successive_halving", search=""):
    text = SPACE.format(trials=trials, finalists=finalists, pruning=pruning, search=search)
    space = parse_space(text)
    return SweepSize(space, Rungs.of(space, PAIRS), FULL)


@given(st.floats(1e4, 3e6), st.integers(0, 3), st.integers(3, 200), st.sampled_from([0.5, 3.0]))
def test_a_plan_fits_and_one_more_trial_would_not(samples, finalists, trials, rate):
    sweep = size(trials, finalists)
    seconds = samples / rate
    plan = plan_time(sweep, rate, seconds)
    if plan is None:
        assert sweep.search(sweep.least) > samples
        return
    assert plan.search_seconds + plan.confirm_seconds == pytest.approx(seconds)
    assert plan.confirm_seconds <= CONFIRMATION_PART * seconds
    assert plan.confirm_seconds == pytest.approx(sweep.confirmation(plan.seeds) / rate)
    assert plan.seeds in ((0, 3, 5) if finalists else (0,))
    assert sweep.search(plan.trials) <= plan.search_seconds * rate
    if plan.trials < trials:
        assert sweep.search(plan.trials + 1) > plan.search_seconds * rate


def test_a_plan_grows_with_the_time_and_has_a_confirmation_when_it_fits():
    plans = [plan_time(size(), 100.0, seconds) for seconds in (100, 600, 1500, 4000, 10_000)]
    assert plans[0] is None
    assert [plan.seeds for plan in plans[1:]] == [0, 3, 5, 5]
    trials = [plan.trials for plan in plans[1:]]
    assert trials[-1] == 100
    assert trials[1:] == sorted(trials[1:])


def test_the_confirmation_counts_finalists_the_first_control_and_the_frontier():
    assert size(finalists=0).confirmation(5) == 0
    assert size(finalists=2).confirmation(5) == 15 * FULL
    text = SPACE.format(trials=9, finalists=2, pruning="none", search=", shares: [0.5, 0.7]")
    text = text.replace("seeds: 5", "seeds: 5, full_data_frontier: [0.5]")
    space = parse_space(text)
    sweep = SweepSize(space, Rungs.of(space, PAIRS), FULL)
    assert sweep.confirmation(10) == round((10 * (1 + 2 * 0.6) + 5 * 0.5) * FULL)
    assert sweep.least == 4


def test_the_first_trials_of_a_sweep_take_less_than_all():
    sweep = size(40)
    needed = [sweep.proposed(trials) for trials in range(2, 41)]
    assert needed == sorted(needed)
    assert needed[-1] == sweep.search(40)
    # The capacities of the rungs are those of all forty, so few trials are all promoted.
    assert sweep.proposed(10) >= sweep.search(10)


def test_a_pruner_that_cannot_tell_may_have_all_trials():
    assert most_trials(size(50, pruning="asha"), 1e9) == 50
    assert most_trials(size(50, pruning="asha"), 1e3) is None
    assert planned_space(size(50).space, 7).settings.search.trials == 7


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
