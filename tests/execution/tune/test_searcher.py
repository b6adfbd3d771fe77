"""The searcher: the tuner's trials as Ray Tune suggestions."""

import pytest

from class_sweep.execution.checkpoints import checkpoint_name
from class_sweep.execution.tune.searcher import TunerSearcher
from class_sweep.results.callback import Callback
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.trial import Trial, TrialReport, TrialState
from class_sweep.tuning.tuner import SweepTuner


class TwoTrials:
    """A study of two trials."""

    trials_wanted = 2

    def stored(self):
        return []

    def propose(self, index, _):
        return Trial(index, {"curriculum.alpha": 0.5}, f"id{index}", f"plan {index}")

    def tell(self, *records):
        pass


@pytest.fixture
def tuner(small_space_text):
    from class_sweep.config.objective import parse_objective
    from class_sweep.tuning.pruner_groups import PrunerGroups
    from class_sweep.tuning.pruners.no_pruning import NoPruner

    ledger = TrialLedger(MemoryLog(), Callback())
    return SweepTuner(
        parse_objective("validation/mrr"), TwoTrials(), ledger, PrunerGroups({None: NoPruner()})
    )


def report(tuner, number, value, *, rung=None):
    tuner.tell(number, TrialReport(0, 7, 224, rung, rung is None, {"split/mrr": value}, 1.0))


def test_a_trial_is_suggested_with_the_step_of_its_last_report(tuner):
    searcher = TunerSearcher(tuner)
    config = searcher.suggest("a")
    assert config == {
        "trial": 0,
        "values": {"curriculum.alpha": 0.5},
        "state": checkpoint_name(0, "id0"),
        "reached": 0,
    }
    report(tuner, 0, 0.5, rung=0)
    searcher.on_trial_complete("a", error=True)  # its worker is lost
    again = searcher.suggest("b")
    assert (again["trial"], again["reached"]) == (0, 7)
    assert searcher.suggest("c")["trial"] == 1


def test_none_asks_ray_tune_to_wait_and_finished_ends_the_round(tuner):
    searcher = TunerSearcher(tuner)
    searcher.suggest("a"), searcher.suggest("b")
    assert searcher.suggest("c") is None
    report(tuner, 0, 0.5)
    searcher.on_trial_complete("a")
    assert searcher.suggest("c") is None  # the other trial may be paused, or fail
    report(tuner, 1, 0.5)
    searcher.on_trial_complete("b")
    assert searcher.suggest("c") == searcher.FINISHED


def test_a_second_completion_releases_no_other_worker(tuner):
    searcher = TunerSearcher(tuner)
    searcher.suggest("a")
    searcher.on_trial_complete("a", error=True)
    searcher.suggest("b")
    searcher.on_trial_complete("a", error=True)
    assert tuner.ledger[0].state is TrialState.RUNNING
