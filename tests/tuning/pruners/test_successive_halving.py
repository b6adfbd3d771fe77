import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.document import parse_space
from class_sweep.config.pruning import AshaPruning, HalvingPruning, OneRungPruning
from class_sweep.tuning.pruners.pruner import PruningDecision, make_pruner, pruning_notes
from class_sweep.tuning.pruners.successive_halving import SuccessiveHalving, rung_capacities

scores = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 1))


def best(trial_scores, keep):
    """The best of (trial, score) pairs, and those that tie with the last of them."""
    least = sorted((score for _, score in trial_scores), reverse=True)[:keep][-1:]
    return {trial for trial, score in trial_scores if [score] >= least}


@given(st.lists(scores, min_size=1, max_size=30), st.integers(1, 6))
def test_the_best_k_trials_and_their_ties_stay_paused(values, keep):
    pruner = SuccessiveHalving([keep])
    for trial, value in enumerate(values):
        pruner.decide(trial, 0, value)
    assert pruner.paused == best(list(enumerate(values)), keep)


def test_a_better_trial_evicts_the_worst_paused_trial():
    pruner = SuccessiveHalving([2])
    assert pruner.decide(0, 0, 0.5) == PruningDecision("pause", compared=False)
    assert pruner.decide(1, 0, 0.4) == PruningDecision("pause", compared=True)
    assert pruner.decide(2, 0, 0.3) == PruningDecision("prune", compared=True)
    assert pruner.decide(3, 0, 0.6) == PruningDecision("pause", compared=True)
    assert pruner.paused == {0, 3}


def test_a_baseline_takes_no_capacity():
    pruner = SuccessiveHalving([1])
    pruner.decide(0, 0, 0.9, baseline=True)
    assert pruner.decide(1, 0, 0.1) == PruningDecision("pause", compared=False)
    assert pruner.paused == {1}


def test_a_trial_is_promotable_once_no_other_can_evict_it():
    pruner = SuccessiveHalving([2])
    for trial, value in enumerate([0.5, 0.4]):
        pruner.decide(trial, 0, value)
    assert pruner.promotable({0, 1}, under_way={2, 3}) == []
    pruner.decide(2, 0, 0.1)
    assert pruner.promotable({0, 1}, under_way={3}) == [0]  # whatever trial 3 reports
    pruner.decide(3, 0, 0.45)
    assert pruner.promotable({0, 3}, under_way=set()) == [0, 3]


def test_trials_before_a_rung_count_as_possible_rivals_at_it():
    pruner = SuccessiveHalving([3, 1])
    for trial, value in enumerate([0.5, 0.4, 0.3]):
        pruner.decide(trial, 0, value)
    assert pruner.promotable({0, 1, 2}, under_way=set()) == [0, 1, 2]
    pruner.decide(0, 1, 0.6)
    assert pruner.promotable({0, 1, 2}, under_way=set()) == [1, 2]
    assert pruner.promotable({0, 2}, under_way={1}) == [2]
    pruner.decide(1, 1, 0.5)
    assert pruner.promotable({0}, under_way={2}) == []
    assert pruner.promotable({0}, under_way=set()) == [0]  # trial 2 has failed


def expected_samples(settings, rungs, trials, full):
    return make_pruner(settings, len(rungs), trials).expected_samples(rungs, trials, full)


curves = st.lists(st.tuples(scores, scores, scores), min_size=1, max_size=20)
keeps = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(lambda k: sorted(k, reverse=True))


@given(curves, keeps, st.integers(1, 5), st.randoms(use_true_random=False))
def test_promotions_depend_on_the_scores_alone(curves, keep, workers, random):
    """Compare with synchronous halving, for any workers and any order of their reports."""
    alive = set(range(len(curves)))
    for rung, most in enumerate(keep):
        alive = best([(trial, curves[trial][rung]) for trial in alive], most)
    pruner = SuccessiveHalving(keep)
    unproposed, under_way, paused, finished = list(range(len(curves))), set(), set(), set()
    next_rung = dict.fromkeys(unproposed, 0)
    while unproposed or under_way or paused:
        while len(under_way) < workers:
            start = [unproposed.pop()] if unproposed else pruner.promotable(paused, under_way)
            if not start:
                break
            under_way.add(start[0])
            paused.discard(start[0])
        trial = random.choice(sorted(under_way))  # fails if no trial runs: a deadlock
        under_way.discard(trial)
        rung = next_rung[trial]
        if rung == len(keep):
            finished.add(trial)
            continue
        next_rung[trial] += 1
        if pruner.decide(trial, rung, curves[trial][rung]).decision == "pause":
            paused.add(trial)
        paused &= pruner.paused
    assert finished == alive


@pytest.mark.parametrize(
    ("trials", "eta", "rungs", "expected"),
    [(32, 2, 5, [16, 8, 4, 3, 3]), (27, 3, 3, [9, 3, 3]), (52, 4, 2, [13, 3]), (5, 2.5, 2, [3, 3])],
)
def test_capacities_are_the_floor_of_the_share_and_at_least_min_kept(trials, eta, rungs, expected):
    assert rung_capacities(trials, eta, rungs, 3) == expected


@given(st.integers(1, 500), st.floats(1.1, 10), st.integers(1, 6), st.integers(1, 9))
def test_capacities_never_grow_from_rung_to_rung(trials, eta, rungs, least):
    capacities = rung_capacities(trials, eta, rungs, least)
    assert capacities == sorted(capacities, reverse=True)
    assert all(
        capacity == least or abs(capacity - math.floor(trials / eta**r)) <= 1
        for r, capacity in enumerate(capacities, start=1)
    )


def test_expected_samples_follow_from_the_capacities():
    halving = HalvingPruning(reduction_factor=2, min_kept=1)
    # 8 trials reach the first rung, 4 the second, 2 the third and 1 the end.
    assert expected_samples(halving, [100, 200, 400], 8, 1000) == 800 + 400 + 400 + 600
    assert expected_samples(halving, [], 8, 1000) == 8000
    assert expected_samples(halving, [100, 2000], 8, 1000) == 800 + 4 * 900
    one_rung = OneRungPruning(kind="one_rung", min_kept=4)
    assert expected_samples(one_rung, [100], 3, 1000) == 3000
    assert expected_samples(AshaPruning(kind="asha"), [100], 8, 1000) is None


def test_a_pruner_that_prunes_nothing_has_a_note(small_space_text):
    def notes(pruning):
        halving = "pruning: {grace_epochs: 1, reduction_factor: 2}"
        return pruning_notes(parse_space(small_space_text.replace(halving, pruning)))

    assert notes("pruning: {kind: successive_halving, min_kept: 6}") == []
    [note] = notes("pruning: {kind: successive_halving, min_kept: 7}")
    assert "none of the 7 compared trials" in note
    assert len(notes("pruning: {kind: one_rung, min_kept: 9}")) == 1
    assert notes("pruning: {kind: asha}") == []
