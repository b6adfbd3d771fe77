import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.objective import parse_objective
from class_sweep.results.trials import trials_of

MRR = parse_objective("validation/mrr")
MEAN_RANK = parse_objective("validation/mean_rank")


def numbers(records):
    return [record.trial for record in records]


def test_trials_are_grouped_by_their_last_report(record):
    trials = trials_of(
        [
            record(2, "continue"),
            record(1, "continue", samples=10),
            record(0, "continue"),
            record(1, "prune", samples=30, compared=True),
            record(0, "finish", samples=90),
            record(3, "fail", objective=None, samples=5),
        ]
    )
    assert numbers(trials.running) == [2]
    assert numbers(trials.finished) == [0]
    assert numbers(trials.pruned) == [1]
    assert numbers(trials.failed) == [3]


def test_samples_are_those_of_each_trials_last_report(record):
    trials = trials_of(
        [record(0, "continue", samples=10), record(0, samples=90), record(1, "prune", samples=30)]
    )
    assert trials.samples == 120


def test_rung_decisions_are_the_reports_that_were_compared(record):
    reports = [
        record(0, "continue", compared=True),
        record(0, "continue", compared=False),
        record(1, "prune", compared=True),
    ]
    assert trials_of(reports).rung_decisions == 2
    assert trials_of(reports[1:2]).rung_decisions == 0


def test_an_empty_log_has_no_trials():
    trials = trials_of([])
    assert (trials.running, trials.finished, trials.pruned, trials.failed) == ([], [], [], [])
    assert trials.samples == 0
    assert trials.ranked(MRR) == []


@pytest.mark.parametrize("decision", ["prune", "fail", "continue"])
@pytest.mark.parametrize("objective", [MRR, MEAN_RANK])
def test_only_a_finished_trial_is_ranked(record, decision, objective):
    reports = [record(0, objective=0.5)]
    reports += [record(i, decision, objective=value) for i, value in enumerate((0.0, 1.0, 9.0), 1)]
    assert numbers(trials_of(reports).ranked(objective)) == [0]


def test_an_earlier_better_report_does_not_count(record):
    reports = [record(0, "continue", objective=0.9), record(0, objective=0.1), record(1)]
    assert numbers(trials_of(reports).ranked(MRR)) == [1, 0]


def test_higher_is_better_except_for_a_mean_rank(record):
    reports = [record(i, objective=value) for i, value in enumerate((0.2, 0.9, 0.4))]
    assert numbers(trials_of(reports).ranked(MRR)) == [1, 2, 0]
    assert numbers(trials_of(reports).ranked(MEAN_RANK)) == [0, 2, 1]


@pytest.mark.parametrize("objective", [MRR, MEAN_RANK])
def test_equal_trials_are_ranked_by_samples_and_then_by_number(record, objective):
    reports = [record(0, samples=9), record(1, samples=7), record(2, samples=7)]
    assert numbers(trials_of(reports).ranked(objective)) == [1, 2, 0]


ended = st.tuples(
    st.sampled_from(["finish", "prune", "fail", "continue"]), st.integers(0, 3), st.integers(1, 3)
)


@given(st.lists(ended, max_size=12), st.sampled_from([MRR, MEAN_RANK]), st.randoms())
def test_the_ranking_does_not_depend_on_the_order_of_the_log(record, trials, objective, random):
    reports = [
        record(i, decision, objective=float(value), samples=samples)
        for i, (decision, value, samples) in enumerate(trials)
    ]
    ranked = trials_of(reports).ranked(objective)
    assert trials_of(random.sample(reports, len(reports))).ranked(objective) == ranked
    assert len(ranked) == sum(decision == "finish" for decision, *_ in trials)
    scores = [objective.sign * r.objective for r in ranked]
    assert scores == sorted(scores, reverse=True)


def test_a_failed_trial_that_was_run_again_is_replaced_by_the_new_trial(record):
    log = [
        record(0, "fail", objective=None, samples=300),
        record(1, samples=1000),
        record(2, samples=900, rerun_of=0),
    ]
    trials = trials_of(log)
    assert [r.trial for r in trials.finished] == [1, 2]
    assert trials.failed == []
    assert [r.trial for r in trials.replaced] == [0]
    assert trials.count == 2
    assert trials.samples == 2200  # the samples of the failed trial count


def test_wanted_trials_that_have_not_ended_are_missing(record):
    records = [
        record(0, "finish"), record(1, "prune"), record(2, "fail"), record(3, "pause"),
        record(4, "finish", rerun_of=2),
    ]  # fmt: skip
    trials = trials_of(records)
    assert trials.missing(4) == 1  # trial 3; trial 4 replaces trial 2
    assert trials.missing(3) == 0
    assert trials.missing(9) == 6
