"""Requests and removals of checkpoints, and the warnings about failed uploads."""

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


class RecordingManager:
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
        self.manager = RecordingManager()
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


def test_a_trial_that_continues_or_is_paused_saves_a_checkpoint_and_its_step():
    trials = Trials()
    assert trials.report(0, "continue") == (True, True)
    assert trials.report(1, "pause") == (True, True)
    assert trials.report(2, "prune") == (False, False)
    assert trials.report(0, "finish") == (False, False)
    assert trials.manager.removed == [checkpoint_name(0, "id")]


def test_the_checkpoint_of_an_evicted_trial_is_removed_when_the_next_trial_ends():
    trials = Trials()
    trials.report(0, "pause")
    trials.decide(0, "prune")
    trials.report(1, "fail")
    assert trials.manager.removed == [checkpoint_name(0, "id")]


def test_a_checkpoint_written_after_an_eviction_is_removed_when_its_trial_completes():
    trials = Trials()
    tune = SimpleNamespace(config={"trial": 0, "state": checkpoint_name(0, "id"), "reached": 0})
    trials.decide(0, "pause")
    trials.callback.on_trial_result(0, [], tune, {})
    trials.decide(0, "prune")
    # Removes the checkpoint of trial 0 too, while its worker may still write one.
    trials.report(1, "fail")
    trials.callback.on_trial_complete(0, [], tune)
    assert trials.manager.removed == [checkpoint_name(0, "id")] * 2


def test_checkpoints_of_an_earlier_run_are_removed_when_their_trials_end():
    trials = Trials(t0="continue", t1="pause", t2="finish")
    trials.report(0, "prune")
    trials.report(1, "finish")
    assert trials.manager.removed == [checkpoint_name(0, "id"), checkpoint_name(1, "id")]


def test_a_failed_upload_of_a_worker_reaches_the_manager():
    trials = Trials()
    trials.report(0, "continue", checkpoint_error="no credentials")
    assert trials.manager.errors == ["no credentials"]


def test_a_failed_upload_is_one_warning_unless_the_driver_cannot_write_either(caplog):
    mirror = SimpleNamespace(
        storage=Storage("/x"), remove_checkpoint=None, discard=None, failing=True
    )
    manager = RemoteCheckpointManager(mirror)
    manager.on_error("out of reach")
    assert not caplog.records
    mirror.failing = False
    manager.on_error("no credentials")
    manager.on_error("no credentials")
    (warning,) = caplog.messages
    assert "a trial that loses its machine repeats training: no credentials" in warning


def test_local_checkpoints_are_removed_one_by_one_or_all_together(tmp_path):
    manager = LocalCheckpointManager(ResultsFolder(tmp_path))
    for name in ("a.pt", "b.pt", "c.pt"):
        manager.store.save(name, lambda path: path.write_text("state"))
    manager.remove("a.pt")
    manager.remove("never.pt")
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"b.pt", "c.pt"}
    manager.remove_all(["b.pt", "c.pt"])
    assert not (tmp_path / "checkpoints").exists()


def test_a_folder_with_an_unusable_storage_is_an_error_with_the_remedy(tmp_path, callback):
    (tmp_path / "file").write_text("x")
    storage = Storage.parse(str(tmp_path / "file")) / "sweep"
    with ResultsWriter.create(tmp_path / "here", "space", storage):
        pass
    with pytest.raises(InputError) as error, reopen(tmp_path / "here", None, callback):
        pass
    message = str(error.value)
    assert f"class-sweep resume {tmp_path / 'here'} --storage URI" in message
    assert f"to use none: remove {tmp_path / 'here' / 'storage.json'}" in message
    (tmp_path / "here" / "storage.json").unlink()
    with reopen(tmp_path / "here", None, callback) as (_, manager):
        assert isinstance(manager, LocalCheckpointManager)
