"""A session of rounds of Ray Tune: it ends although its workers never report."""

from types import SimpleNamespace

import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.objective import parse_objective
from class_sweep.execution.interrupts import StopRequest
from class_sweep.execution.tune.session import Session
from class_sweep.results.callback import Callback
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.pruners.no_pruning import NoPruner
from class_sweep.tuning.trial import Trial, TrialReport
from class_sweep.tuning.tuner import NoTrial, SweepTuner


class ThreeTrials:
    """A study of three trials."""

    trials_wanted = 3

    def stored(self):
        return []

    def propose(self, index, _):
        return Trial(index, {}, f"id{index}", f"plan {index}")

    def tell(self, *records):
        pass


@pytest.fixture
def session(small_space_text):
    """A session over three trials, each with two retries."""
    text = small_space_text.replace("resources: {cpus: 1}", "resources: {cpus: 1, retries: 2}")
    ledger = TrialLedger(MemoryLog(), Callback())
    tuner = SweepTuner(
        parse_objective("validation/mrr"), ThreeTrials(), ledger, PrunerGroups({None: NoPruner()})
    )
    return Session(SimpleNamespace(space=parse_space(text), stop=StopRequest()), tuner)


@pytest.fixture
def rounds(monkeypatch):
    """Replaces the rounds of Ray Tune: whether each reports the end of a trial, in turn."""

    def replace(*reports):
        made = []

        def run_round(session):
            made.append(1)
            assert len(made) < 20, "the session never ends"
            if len(made) <= len(reports) and reports[len(made) - 1]:
                trial = session.tuner.ask()
                assert not isinstance(trial, NoTrial)
                end = TrialReport(0, 1, 32, None, True, {"split/mrr": 0.5}, 1.0)
                session.tuner.tell(trial.number, end)
                session.tuner.release(trial.number)

        monkeypatch.setattr(Session, "_run_round", run_round)
        return made

    return replace


def test_a_session_without_a_report_ends_after_more_rounds_than_retries(session, rounds):
    made = rounds()
    assert not session.run([])
    assert len(made) == 3


def test_each_report_allows_as_many_rounds_again(session, rounds):
    made = rounds(False, False, True, False, False, True, True)
    assert session.run([])
    assert len(made) == 7


def test_a_session_that_is_asked_to_stop_begins_no_round(session, rounds):
    made = rounds(True)
    session.context.stop.asked = True
    assert not session.run([])
    assert made == []
