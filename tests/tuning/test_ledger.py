import math
from dataclasses import replace

import pytest

from class_sweep.config.objective import parse_objective
from class_sweep.errors import StorageError
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.tuning.ledger import Judge, Outcome, Proposal
from class_sweep.tuning.pruners.asha import Asha
from class_sweep.tuning.pruners.successive_halving import SuccessiveHalving


def outcome(value, *, report=0, rung=0, last=False, failure=None):
    metrics = {} if failure else {"split/mrr": value}
    return Outcome(report, 10 * (report + 1), 320, rung, last, metrics, 1.0, 0.1, failure)


@pytest.fixture
def writer(tmp_path):
    with ResultsWriter.create(tmp_path / "results", "space") as writer:
        yield writer


@pytest.fixture
def make_judge(writer, callback):
    def make(objective="validation/mrr", pruner=None):
        judge = Judge(parse_objective(objective), pruner or Asha(2), writer, callback)
        for number in range(6):
            judge.propose(Proposal(number, {"curriculum.alpha": 0.5}, f"id{number}"))
        return judge

    return make


def test_the_line_is_on_disk_before_the_verdict_is_given(make_judge, writer):
    judge = make_judge()
    assert judge.receive(0, outcome(0.5)) == "continue"
    records = ResultsFolder(writer.folder.path).records()
    assert [(r.trial, r.objective, r.decision) for r in records] == [(0, 0.5, "continue")]


def test_a_weak_trial_is_pruned_and_a_strong_one_goes_on(make_judge):
    judge = make_judge()
    decisions = [judge.receive(n, outcome(v)) for n, v in enumerate([0.5, 0.6, 0.4])]
    assert decisions == ["continue", "continue", "prune"]


def test_for_a_mean_rank_less_is_better(make_judge):
    judge = make_judge("validation/mean_rank")
    values = [50.0, 40.0, 60.0]
    decisions = [
        judge.receive(n, Outcome(0, 1, 32, 0, False, {"split/mean_rank": v}, 1.0, 0.1))
        for n, v in enumerate(values)
    ]
    assert decisions == ["continue", "continue", "prune"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_fails_the_trial_and_enters_no_cutoff(make_judge, value):
    judge = make_judge()
    assert judge.receive(0, outcome(value)) == "fail"
    assert judge.last[0].reason.startswith("the objective must be a finite number")
    assert judge.last[0].objective is None
    assert judge.receive(1, outcome(-1e9)) == "continue"  # still the first at its rung
    assert not judge.last[1].compared


def test_a_missing_objective_fails_the_trial(make_judge):
    judge = make_judge()
    assert judge.receive(0, Outcome(0, 1, 32, 0, False, {}, 1.0, 0.1)) == "fail"


def test_a_trial_that_says_why_it_failed_is_written_down_with_it(make_judge):
    judge = make_judge()
    assert judge.receive(0, outcome(0.0, failure="the loss must stay finite")) == "fail"
    assert judge.last[0].reason == "the loss must stay finite"


def test_the_last_report_finishes_whatever_it_is_worth(make_judge):
    judge = make_judge()
    judge.receive(0, outcome(0.9, rung=None, last=True))
    assert judge.receive(1, outcome(0.1, rung=None, last=True)) == "finish"


def test_a_reference_is_never_pruned_but_stands_on_its_rungs(make_judge):
    judge = make_judge()
    judge.receive(0, outcome(0.5))
    judge.propose(Proposal(7, {}, "id7", name="full_data"))
    assert judge.receive(7, outcome(0.1)) == "continue"
    assert not judge.last[7].compared
    assert judge.receive(1, outcome(0.2)) == "prune"  # cutoff 0.3, the median of 0.5 and 0.1


def test_a_report_that_comes_again_after_a_restart_is_not_written_twice(make_judge, writer):
    judge = make_judge()
    judge.receive(0, outcome(0.5))
    assert judge.receive(0, outcome(0.5)) == "continue"
    assert len(writer.folder.records()) == 1


def test_a_replayed_log_judges_as_the_uninterrupted_sweep(make_judge, writer):
    values = [0.5, 0.6, 0.4, 0.55]
    judge = make_judge()
    whole = [judge.receive(n, outcome(v)) for n, v in enumerate(values)]
    again = make_judge()
    again.replay(writer.folder.records()[:2])
    assert [again.receive(n, outcome(values[n])) for n in (2, 3)] == whole[2:]


def test_a_death_without_a_report_keeps_what_was_known(make_judge, writer):
    judge = make_judge()
    judge.receive(0, outcome(0.5))
    judge.fail(0, "killed", "Traceback of 0")
    assert judge.last[0].decision == "fail"
    assert judge.last[0].samples == 320
    judge.fail(1, "never started", "Traceback of 1")
    assert judge.last[1].samples == 0
    assert (writer.folder.errors / "trial-0000.txt").read_text() == "Traceback of 0"


def test_the_traceback_of_a_trial_that_raised_is_kept(make_judge, writer):
    judge = make_judge()
    raised = Outcome(0, 0, 0, None, False, {}, None, failure="KeyError: 'x'", traceback="Trace…")
    assert judge.receive(2, raised) == "fail"
    assert (writer.folder.errors / "trial-0002.txt").read_text() == "Trace…"


def test_a_log_that_cannot_be_written_is_kept_as_the_reason(make_judge, writer, monkeypatch):
    judge = make_judge()

    def full(_):
        raise StorageError("a report must be written down: No space left on device")

    monkeypatch.setattr(writer, "append", full)
    with pytest.raises(StorageError):
        judge.receive(0, outcome(0.5))
    assert "No space left" in str(judge.broken)
    assert judge.last == {}


def test_a_paused_trial_that_loses_its_place_is_pruned_in_a_line_of_its_own(make_judge, writer):
    judge = make_judge(pruner=SuccessiveHalving([1]))
    assert judge.receive(0, outcome(0.4)) == "pause"
    assert judge.receive(1, outcome(0.3)) == "prune"
    assert judge.receive(2, outcome(0.5)) == "pause"
    records = writer.folder.records()
    assert [(r.trial, r.report, r.rung, r.decision) for r in records] == [
        (0, 0, 0, "pause"), (1, 0, 0, "prune"), (2, 0, 0, "pause"), (0, 1, None, "prune"),
    ]  # fmt: skip
    assert records[-1].objective == 0.4
    assert records[-1].samples == 320


def test_a_log_cut_before_that_line_is_completed(make_judge, writer):
    judge = make_judge(pruner=SuccessiveHalving([1]))
    for trial, value in enumerate([0.4, 0.3, 0.5]):
        judge.receive(trial, outcome(value))
    *before, dropped = writer.folder.records()
    writer.folder.trials.write_text("".join(record.to_json() + "\n" for record in before))
    writer.close()
    with ResultsWriter(writer.folder) as again:
        judge = Judge(parse_objective("validation/mrr"), SuccessiveHalving([1]), again, Callback())
        judge.replay(before)
        assert replace(writer.folder.records()[-1], at="") == replace(dropped, at="")
        assert judge.last[2].decision == "pause"


def test_a_paused_trial_goes_on_only_when_it_is_proposed_again(make_judge):
    judge = make_judge(pruner=SuccessiveHalving([2]))
    assert judge.receive(0, outcome(0.4)) == "pause"
    written = judge.reports
    # Its worker died as it was being stopped, and Tune began it anew.
    assert judge.receive(0, outcome(0.4)) == "pause"
    assert judge.receive(0, outcome(0.6, report=1, rung=None, last=True)) == "pause"
    assert judge.reports == written
    judge.propose(Proposal(0, {"curriculum.alpha": 0.5}, "id0"))
    assert judge.receive(0, outcome(0.4)) == "continue"  # its checkpoint was torn
    assert judge.receive(0, outcome(0.6, report=1, rung=None, last=True)) == "finish"
