"""Which checkpoints are asked for, when they go, and what is said where they cannot be kept."""

from types import SimpleNamespace

import pytest
from ray.tune.result import SHOULD_CHECKPOINT

from class_sweep.errors import InputError
from class_sweep.execution.checkpoint_manager import LocalCheckpointManager, RemoteCheckpointManager
from class_sweep.execution.checkpoints import checkpoint_name
from class_sweep.execution.output import reopen
from class_sweep.execution.tune.checkpointing import Checkpoints
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.record import Record
from class_sweep.storage.remote import Storage
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.trial import Trial


class Kept:
    def __init__(self):
        self.removed, self.errors = [], []
        self.remove, self.on_error = self.removed.append, self.errors.append


class Trials:
    """A ledger of three trials, and Ray Tune's callback that follows it."""

    def __init__(self, **before):
        self.ledger = TrialLedger(MemoryLog(), Callback())
        for number in range(3):
            self.ledger.add(Trial(number, {}, "id", f"plan {number}"))
        for trial, decision in before.items():
            self.decide(int(trial[1:]), decision)
        self.manager = Kept()
        self.callback = Checkpoints(self.ledger, self.manager)

    def decide(self, trial, decision):
        self.ledger.append(
            Record(
                trial=trial, name=None, identity="id", config={}, report=0, step=1, samples=1,
                rung=0, decision=decision, compared=True, objective=0.5,
            )
        )  # fmt: skip

    def report(self, trial, decision, checkpoint_error=None):
        self.decide(trial, decision)
        config = {"trial": trial, "state": checkpoint_name(trial, "id"), "reached": 0}
        tune, result = SimpleNamespace(config=config), {"checkpoint_error": checkpoint_error}
        self.callback.on_trial_result(0, [], tune, result)
        assert "checkpoint_error" not in result
        if decision not in {"continue"}:
            self.callback.on_trial_complete(0, [], tune)
        return result[SHOULD_CHECKPOINT], config["reached"]


def test_a_continuing_trial_keeps_its_checkpoint_for_another_worker():
    trials = Trials()
    assert trials.report(0, "continue") == (True, True)
    assert trials.report(1, "pause") == (True, True)
    assert trials.report(2, "prune") == (False, False)
    assert trials.report(0, "finish") == (False, False)
    assert trials.manager.removed == [checkpoint_name(0, "id")]


def test_a_paused_trial_that_loses_its_place_is_dropped_with_the_next_that_ends():
    trials = Trials()
    trials.report(0, "pause")
    trials.decide(0, "prune")
    trials.report(1, "fail")
    assert trials.manager.removed == [checkpoint_name(0, "id")]


def test_what_a_trial_still_wrote_as_another_took_its_place_goes_with_its_own_end():
    trials = Trials()
    tune = SimpleNamespace(config={"trial": 0, "state": checkpoint_name(0, "id"), "reached": 0})
    trials.decide(0, "pause")
    trials.callback.on_trial_result(0, [], tune, {})
    trials.decide(0, "prune")
    trials.report(
        1, "fail"
    )  # and with it the first one's is dropped, which its worker still writes
    trials.callback.on_trial_complete(0, [], tune)
    assert trials.manager.removed == [checkpoint_name(0, "id")] * 2


def test_what_an_earlier_run_left_open_is_dropped_when_it_has_ended():
    trials = Trials(t0="continue", t1="pause", t2="finish")
    trials.report(0, "prune")
    trials.report(1, "finish")
    assert trials.manager.removed == [checkpoint_name(0, "id"), checkpoint_name(1, "id")]


def test_a_checkpoint_that_a_worker_could_not_keep_is_worried_about():
    trials = Trials()
    trials.report(0, "continue", checkpoint_error="no credentials")
    assert trials.manager.errors == ["no credentials"]


def test_it_is_said_once_and_only_where_the_driver_itself_can_write(caplog):
    mirror = SimpleNamespace(
        storage=Storage("/x"), remove_checkpoint=None, remove_checkpoints=None, failing=True
    )
    manager = RemoteCheckpointManager(mirror)
    manager.on_error("out of reach")
    assert not caplog.records
    mirror.failing = False
    manager.on_error("no credentials")
    manager.on_error("no credentials")
    (said,) = caplog.messages
    assert "a trial that loses its machine would begin anew: no credentials" in said


def test_a_folders_checkpoints_go_one_by_one_and_all_together(tmp_path):
    manager = LocalCheckpointManager(ResultsFolder(tmp_path))
    for name in ("a.pt", "b.pt", "c.pt"):
        manager.store.save(name, lambda path: path.write_text("state"))
    manager.remove("a.pt")
    manager.remove("never.pt")
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"b.pt", "c.pt"}
    manager.remove_all()
    assert not (tmp_path / "checkpoints").exists()


def test_a_folder_whose_storage_is_gone_says_how_to_continue(tmp_path, callback):
    (tmp_path / "file").write_text("x")
    storage = Storage.parse(str(tmp_path / "file")) / "sweep"
    with ResultsWriter.create(tmp_path / "here", "space", storage):
        pass
    with pytest.raises(InputError) as error, reopen(tmp_path / "here", None, callback):
        pass
    said = str(error.value)
    assert f"class-sweep resume {tmp_path / 'here'} --storage URI" in said
    assert f"once {tmp_path / 'here' / 'storage.json'} is removed" in said
    (tmp_path / "here" / "storage.json").unlink()
    with reopen(tmp_path / "here", None, callback) as (_, manager):
        assert isinstance(manager, LocalCheckpointManager)
