"""The checkpoint stores: a folder, or a storage that may be slow or fail."""

import pickle
import threading
import time
from pathlib import Path

import pytest
import torch
from waiting import patience, wait_until

from class_sweep.errors import StorageError
from class_sweep.execution import checkpoints as module
from class_sweep.execution.checkpoints import (
    LocalCheckpointStore,
    RemoteCheckpointStore,
    checkpoint_name,
)
from class_sweep.storage.remote import Storage
from class_sweep.training.checkpoint import load_state, save_state

CPU = torch.device("cpu")


class Gate(Storage):
    """A storage whose uploads can be delayed or refused."""

    opened, begun = threading.Event(), threading.Event()
    locked = False

    def put(self, name, content):
        Gate.begun.set()
        self.opened.wait(20)
        if Gate.locked:
            raise StorageError("locked")
        super().put(name, content)


@pytest.fixture
def storage(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_RETRY_SECONDS", 0.05)
    Gate.opened.set()
    Gate.begun.clear()
    Gate.locked = False
    return Gate(str(tmp_path / "shared"))


@pytest.fixture(params=["folder", "storage"])
def store(request, tmp_path):
    if request.param == "folder":
        return LocalCheckpointStore(tmp_path / "checkpoints")
    return RemoteCheckpointStore(request.getfixturevalue("storage"))


def of(step):
    return lambda to: save_state(to, {"step": step, "weights": torch.ones(1000)})


def step_of(store, name="a.pt"):
    with store.open(name) as paths:
        return load_state(paths[0], CPU)["step"] if paths else None


def test_open_returns_the_newest_checkpoint_of_a_name(store):
    assert step_of(store) is None
    for step in (1, 2):
        store.save("a.pt", of(step))
    store.save("b.pt", of(7))
    store.flush(20)
    assert step_of(store) == 2
    assert step_of(store, "b.pt") == 7


def test_a_local_store_keeps_the_last_two_checkpoints_newest_first(tmp_path):
    store = LocalCheckpointStore(tmp_path)
    for step in (1, 2, 3):
        store.save("a.pt", of(step))
    with store.open("a.pt") as paths:
        assert [load_state(path, CPU)["step"] for path in paths] == [3, 2]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failed_write_leaves_the_older_checkpoint(tmp_path):
    def fails(to):
        raise OSError(28, "No space left on device")

    store = LocalCheckpointStore(tmp_path)
    store.save("a.pt", of(1))
    with pytest.raises(StorageError, match="a checkpoint must be written to the disk: No space"):
        store.save("a.pt", fails)
    assert step_of(store) == 1


def test_another_process_reads_the_same_checkpoints(store):
    again = pickle.loads(pickle.dumps(store))  # noqa: S301 - as Ray does
    store.save("a.pt", of(1))
    store.flush(20)
    assert step_of(again) == 1


def test_a_slow_storage_delays_no_trial_and_gets_the_newest_checkpoint(storage):
    store = RemoteCheckpointStore(storage)
    Gate.opened.clear()
    for step in range(1, 50):
        store.save("a.pt", of(step))  # returns although no upload can end
    store.flush(0.05)
    assert step_of(store) is None
    Gate.opened.set()
    store.flush(20)
    assert step_of(store) == 49


def test_a_full_queue_keeps_the_newest_checkpoints(storage):
    store = RemoteCheckpointStore(storage)
    Gate.opened.clear()
    for number in range(16):
        store.save(checkpoint_name(number, "x"), of(number))
        assert Gate.begun.wait(patience())  # for the first upload
    Gate.opened.set()
    store.flush(20)
    assert set(storage.files()) == {
        f"checkpoints/{checkpoint_name(number, 'x')}" for number in (0, *range(8, 16))
    }


def test_the_checkpoint_of_an_ended_trial_is_neither_uploaded_nor_waited_for(storage):
    store = RemoteCheckpointStore(storage)
    Gate.opened.clear()
    store.save("on its way", of(1))
    assert Gate.begun.wait(patience())
    store.save("waiting", of(2))
    store.discard("on its way")
    store.discard("waiting")
    store.discard("never kept")
    start = time.monotonic()
    store.flush(2 * patience())
    assert time.monotonic() - start < patience()
    Gate.opened.set()
    store.save("next", of(3))
    store.flush(20)
    assert set(storage.files()) == {"checkpoints/on its way", "checkpoints/next"}


def test_a_failed_upload_is_retried_with_the_newest_checkpoint(storage):
    store = RemoteCheckpointStore(storage)
    Gate.locked = True
    for step in range(1, 5):
        store.save("a.pt", of(step))
    wait_until(lambda: store.error)
    assert step_of(store) is None
    Gate.locked = False
    store.flush(20)
    assert step_of(store) == 4


def test_a_checkpoint_that_cannot_be_read_is_missing(storage, monkeypatch):
    store = RemoteCheckpointStore(storage)
    store.save("a.pt", of(1))
    store.flush(20)

    def fails(self, name, to):
        raise StorageError("it is out of reach")

    monkeypatch.setattr(Storage, "fetch", fails)
    assert step_of(store) is None


def test_a_queued_checkpoint_has_no_name_on_the_disk(storage, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    store = RemoteCheckpointStore(storage)
    Gate.opened.clear()
    store.save("a.pt", of(1))
    assert not list((tmp_path / "spool").iterdir())  # a killed worker leaves no file
    Gate.opened.set()
    store.flush(20)


def test_a_full_disk_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="file"):
        LocalCheckpointStore(tmp_path / "file").save("a.pt", of(1))
    assert Path(tmp_path / "file").read_text() == "x"
