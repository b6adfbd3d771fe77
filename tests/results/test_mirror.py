"""The mirror: what it uploads and when; a slow or failing storage loses no report."""

import json
import os
import sqlite3
import threading
import time
from contextlib import closing
from typing import ClassVar

import pytest
from waiting import patience

from class_sweep.base.files import write_atomic
from class_sweep.errors import InputError, ResultsError, StorageError
from class_sweep.results import mirror as mirrors
from class_sweep.results.mirror import Mirror
from class_sweep.results.upload import Uploader
from class_sweep.storage import lease as leases
from class_sweep.storage.lease import LEASE, Lease
from class_sweep.storage.remote import Storage


class Fragile(Storage):
    """A storage on a path that can be slow, and fails after `left` more files."""

    state: ClassVar = {}

    def put(self, name, content):
        self.state["opened"].wait(20)
        if self.state["left"] <= 0:
            self.state["refused"] += 1
            raise StorageError("it is out of reach")
        self.state["left"] -= 1
        self.state["put"].append(name)
        super().put(name, content)


@pytest.fixture
def storage(tmp_path):
    Fragile.state = {"left": 10**9, "opened": threading.Event(), "put": [], "refused": 0}
    Fragile.state["opened"].set()
    (tmp_path / "shared").mkdir()
    return Fragile(str(tmp_path / "shared"))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "sweep"
    path.mkdir()
    (path / "space.yaml").write_text("space")
    return path


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(mirrors, "_INTERVAL_SECONDS", 0.02)
    monkeypatch.setattr(mirrors, "_MAX_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(mirrors, "PATIENCE_SECONDS", 0.5)


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def contents(storage):
    return {name: storage.get(name) for name in storage.files() if name != LEASE}


def test_changed_files_are_uploaded_and_working_files_are_not(folder, storage):
    with Mirror(folder, storage) as mirror:
        mirror.begin()
        (folder / "trials.jsonl").write_text("one\n")
        until(lambda: contents(storage) == {"space.yaml": b"space", "trials.jsonl": b"one\n"})
        (folder / "trials.jsonl").write_text("one\ntwo\nthr")
        for name in ("checkpoints/a.pt", "tune/x/y", ".lock", "errors/.e-1", "study.db-journal"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("x")
        (folder / "errors" / "trial-0001.txt").write_text("why")
    assert contents(storage) == {
        "space.yaml": b"space", "trials.jsonl": b"one\ntwo\n", "errors/trial-0001.txt": b"why",
    }  # fmt: skip
    assert storage.stat(LEASE) is None


def test_without_a_folder_nothing_is_uploaded(tmp_path, storage):
    with Mirror(tmp_path / "never", storage) as mirror:
        mirror.begin()
    assert storage.files() == {}


def test_files_are_uploaded_after_the_files_that_they_depend_on(folder, storage):
    for name in (
        "summary.json",
        "report.html",
        "trials.jsonl",
        "confirm.jsonl",
        "environment.json",
    ):
        (folder / name).write_text("{}\n")
    (folder / "confirm").mkdir()
    (folder / "confirm" / "a.npz").write_bytes(b"ranks")
    Uploader(folder, storage).upload()
    sent = Fragile.state["put"]
    assert set(sent[:3]) == {"space.yaml", "environment.json", "confirm/a.npz"}
    assert set(sent[3:5]) == {"trials.jsonl", "confirm.jsonl"}
    assert set(sent[5:]) == {"summary.json", "report.html"}


class Driver:
    """Writes in the order of a sweep: a trial in the study, its report, its end in the study."""

    def __init__(self, folder):
        self.folder = folder
        self.study = sqlite3.connect(folder / "study.db", check_same_thread=False)
        self.study.execute("CREATE TABLE trials (number INTEGER PRIMARY KEY, ended INTEGER)")
        self.study.commit()
        self.trials = 0

    def trial(self):
        number, self.trials = self.trials, self.trials + 1
        with self.study:
            self.study.execute("INSERT INTO trials VALUES (?, 0)", (number,))
        with (self.folder / "trials.jsonl").open("a") as log:
            log.write(json.dumps(number) + "\n")
        with self.study:
            self.study.execute("UPDATE trials SET ended = 1 WHERE number = ?", (number,))
        write_atomic(self.folder / "summary.json", json.dumps(self.trials))


@pytest.mark.parametrize("files", [1, 3, 4, 9, 10, 11])
def test_the_copy_of_a_driver_that_is_lost_at_any_moment_can_be_resumed(
    folder, storage, tmp_path, files
):
    driver = Driver(folder)
    Fragile.state["left"] = files + 2  # two more: the check and the lease
    with Mirror(folder, storage) as mirror:
        mirror.begin()
        while Fragile.state["left"] > 0:
            driver.trial()
            time.sleep(0.002)
        mirror._lease.give_back = lambda: None
        mirror._closing.set()
        mirror._abandoned.set()
    driver.study.close()
    stored = contents(storage)
    reported = [json.loads(line) for line in stored.get("trials.jsonl", b"").splitlines()]
    assert reported == list(range(len(reported)))
    assert int(stored.get("summary.json", b"0")) <= len(reported)
    if reported:
        with closing(sqlite3.connect(":memory:")) as study:
            study.deserialize(stored["study.db"])
            numbers = [number for (number,) in study.execute("SELECT number FROM trials")]
        assert set(numbers) >= set(reported)


def test_a_trial_that_ends_during_an_upload_is_in_the_study_if_it_is_in_the_log(
    folder, storage, monkeypatch
):
    driver, read = Driver(folder), Uploader._read

    def read_later(self, kind):
        driver.trial()
        return read(self, kind)

    monkeypatch.setattr(Uploader, "_read", read_later)
    Uploader(folder, storage).upload()
    driver.study.close()
    stored = contents(storage)
    assert stored["trials.jsonl"] == b"0\n1\n"
    with closing(sqlite3.connect(":memory:")) as study:
        study.deserialize(stored["study.db"])
        assert study.execute("SELECT count(*) FROM trials").fetchone() == (2,)


def test_a_failing_storage_gives_one_warning_and_delays_nothing(folder, storage, caplog):
    with Mirror(folder, storage) as mirror:
        mirror.begin()
        until(lambda: "space.yaml" in contents(storage))
        Fragile.state["left"] = 0
        (folder / "trials.jsonl").write_text("one\n")
        until(lambda: Fragile.state["refused"] >= 3)
        assert len(caplog.records) == 1
        assert "the storage fails, and the sweep continues" in caplog.text
        assert "it is out of reach" in caplog.text
        (folder / "trials.jsonl").write_text("one\ntwo\n")
        Fragile.state["left"] = 10**9
        until(lambda: len(caplog.records) == 2)
        assert "the storage works again" in caplog.text
        assert contents(storage)["trials.jsonl"] == b"one\ntwo\n"
    assert len(caplog.records) == 2


def test_the_files_that_a_storage_lacks_at_the_end_are_named(folder, storage, caplog):
    with Mirror(folder, storage) as mirror:
        mirror.begin()
        until(lambda: "space.yaml" in contents(storage))
        Fragile.state["left"] = 0
        (folder / "trials.jsonl").write_text("one\n")
        (folder / "best.yaml").write_text("best")
        start = time.monotonic()
    assert 0.4 < time.monotonic() - start < patience()
    last = caplog.records[-1].getMessage()
    assert f"the storage {storage} lacks best.yaml, trials.jsonl, which are in {folder}" in last
    assert f"class-sweep resume {folder}" in last
    assert (folder / "trials.jsonl").read_text() == "one\n"
    until(lambda: not [t for t in threading.enumerate() if t.name == "mirror"])


def test_a_stop_at_once_does_not_wait_for_long(folder, storage, monkeypatch):
    monkeypatch.setattr(mirrors, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(mirrors, "_INTERRUPTED_PATIENCE_SECONDS", 0.2)
    start = time.monotonic()

    def interrupted():
        with Mirror(folder, storage) as mirror:
            mirror.begin()
            Fragile.state["left"] = 0
            (folder / "trials.jsonl").write_text("one\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - start < 60  # the patience of an end without an interruption


def test_a_slow_storage_receives_the_last_of_many_changes(folder, storage):
    with Mirror(folder, storage) as mirror:
        mirror.begin()
        until(lambda: "space.yaml" in contents(storage))
        Fragile.state["opened"].clear()
        for number in range(200):
            with (folder / "trials.jsonl").open("a") as log:
                log.write(f"{number}\n")
        Fragile.state["opened"].set()
    sent = Fragile.state["put"].count("trials.jsonl")
    assert 1 <= sent <= 2  # one upload may have been on its way
    assert contents(storage)["trials.jsonl"] == (folder / "trials.jsonl").read_bytes()


def test_the_checkpoint_of_an_ended_trial_is_removed_even_if_it_arrives_late(folder, storage):
    with Mirror(folder, storage) as mirror:
        mirror.begin()
        for name in ("a.pt", "b.pt", "c.pt"):
            storage.put(f"checkpoints/{name}", b"state")
        mirror.remove_checkpoint("a.pt")
        until(lambda: set(storage.files("checkpoints")) == {"checkpoints/b.pt", "checkpoints/c.pt"})
        storage.put("checkpoints/a.pt", b"state")  # its worker was slow
        mirror.remove_checkpoint("b.pt")
        until(lambda: set(storage.files("checkpoints")) == {"checkpoints/c.pt"})
        mirror.remove_checkpoint("c.pt")
        until(lambda: not storage.files("checkpoints"))
        storage.put("checkpoints/c.pt", b"state")  # this worker was slow, too
    assert not storage.files("checkpoints")


def test_a_second_driver_is_refused_with_the_name_of_the_first(folder, storage, monkeypatch):
    with Mirror(folder, storage) as mirror:
        mirror.begin()
        with pytest.raises(
            ResultsError, match=r"one driver at a time .* in use \d+ s ago"
        ) as error:
            Mirror(folder, storage)
        assert f"by process {os.getpid()} on" in str(error.value)
    Lease(storage)


def test_an_expired_lease_and_that_of_an_ended_process_are_replaced(storage, monkeypatch):
    Lease(storage)
    other = {"host": "elsewhere", "pid": 1, "id": "x"}
    storage.put(LEASE, json.dumps(other).encode())
    with pytest.raises(ResultsError, match="process 1 on elsewhere"):
        Lease(storage)
    monkeypatch.setattr(leases, "VALID_SECONDS", -1)
    Lease(storage)
    monkeypatch.undo()
    here = other | {"host": leases.socket.gethostname(), "pid": 2**22 + 1}
    storage.put(LEASE, json.dumps(here).encode())
    Lease(storage)
    storage.put(LEASE, b"{")
    with pytest.raises(ResultsError, match="an unknown machine"):
        Lease(storage)


def test_one_of_two_drivers_that_start_at_once_is_refused(storage, monkeypatch):
    put = Fragile.put

    def overtaken(self, name, content):
        put(self, name, content)
        if name == LEASE:
            put(self, name, b'{"host": "elsewhere", "pid": 1, "id": "x"}')

    monkeypatch.setattr(Fragile, "put", overtaken)
    with pytest.raises(ResultsError, match="another has just started"):
        Lease(storage)


def test_a_driver_that_lost_its_lease_uploads_nothing_more(folder, storage, monkeypatch, caplog):
    with Mirror(folder, storage) as mirror:
        mirror.begin()
        until(lambda: "space.yaml" in contents(storage))
        storage.put(LEASE, b'{"host": "elsewhere", "pid": 1, "id": "x"}')
        monkeypatch.setattr(leases, "RENEWAL_SECONDS", -1)
        until(lambda: not mirror._thread.is_alive())
        (folder / "trials.jsonl").write_text("one\n")
    assert "another driver has taken the lease" in caplog.text
    assert "lacks" not in caplog.text
    assert set(contents(storage)) == {"space.yaml"}
    assert json.loads(storage.get(LEASE))["host"] == "elsewhere"


def test_an_unusable_storage_is_refused_before_the_sweep_starts(folder, storage):
    Fragile.state["left"] = 0
    with pytest.raises(InputError, match="out of reach"):
        Mirror(folder, storage)
