"""Sweeps that come back from a storage, to be looked at or to be gone on with."""

import os
import time

import pytest

from class_sweep.errors import ResultsError, StorageError
from class_sweep.results.download import (
    download,
    download_to_resume,
    merge_remote,
    storage_argument,
)
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.upload import Uploader
from class_sweep.storage.lease import LEASE, Lease
from class_sweep.storage.remote import Storage


@pytest.fixture
def storage(tmp_path):
    return Storage.parse(str(tmp_path / "shared" / "sweep"))


@pytest.fixture
def folder(tmp_path, storage):
    """A folder of three reports, whose copy is in the storage."""
    path = tmp_path / "here"
    with ResultsWriter.create(path, "space", storage):
        (path / "trials.jsonl").write_text("one\ntwo\nthree\n")
        (path / "confirm").mkdir()
        (path / "confirm" / "a.npz").write_bytes(b"ranks")
        (path / "summary.json").write_text("{}")
    Uploader(path, storage).upload()
    return ResultsFolder(path)


def contents(path):
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_a_sweep_comes_back_whole_and_remembers_its_storage(folder, storage, tmp_path):
    storage.put("checkpoints/trial-0001-a.pt", b"state")
    lease = Lease(storage)
    download_to_resume(storage, tmp_path / "results" / "there")
    lease.give_back()
    (folder.path / ".lock").unlink()
    there = ResultsFolder(tmp_path / "results" / "there")
    assert contents(there.path) == contents(folder.path)
    assert there.read_storage() == folder.read_storage() == storage
    assert (there.path.stat().st_mode & 0o777) == 0o755
    download_to_resume(storage, there.path)  # once more: it is this sweep's


def test_a_folder_of_anything_else_is_left_alone(folder, storage, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    with pytest.raises(ResultsError, match="taken exists; name another with --out"):
        download_to_resume(storage, taken)
    assert not list(taken.iterdir())


def test_a_storage_without_a_sweep_leaves_nothing_here(storage, tmp_path):
    with pytest.raises(ResultsError, match="a storage must hold the sweep"):
        download_to_resume(storage, tmp_path / "results" / "there")
    assert not (tmp_path / "results").exists()


def test_one_that_fails_midway_leaves_nothing_here(folder, storage, tmp_path, monkeypatch):
    def fails(self, name, to):
        raise StorageError("it is out of reach")

    monkeypatch.setattr(Storage, "fetch", fails)
    with pytest.raises(StorageError, match="out of reach"):
        download_to_resume(storage, tmp_path / "results" / "there")
    assert not list((tmp_path / "results").iterdir())


def test_only_what_changed_is_fetched_again_and_what_went_goes(folder, storage, tmp_path):
    to = tmp_path / "look"
    storage.put("best.yaml", b"best")
    known = download(storage, to)
    (to / "space.yaml").write_text("as it was")
    storage.put("trials.jsonl", b"one\ntwo\nthree\nfour\n")
    storage.remove("best.yaml")
    download(storage, to, known)
    assert (to / "space.yaml").read_text() == "as it was"
    assert (to / "trials.jsonl").read_text() == "one\ntwo\nthree\nfour\n"
    assert not (to / "best.yaml").exists()


def test_a_lease_says_that_a_sweep_runs_elsewhere(folder, storage, tmp_path):
    to = tmp_path / "look"
    lease = Lease(storage)
    known = download(storage, to)
    assert ResultsFolder(to).in_use()
    os.utime(storage._at(LEASE), (time.time() - 600,) * 2)  # its machine was lost
    known = download(storage, to, known)
    assert not ResultsFolder(to).in_use()
    lease.give_back()
    download(storage, to, known)
    assert not (to / LEASE).exists()


def test_names_that_lead_out_of_the_folder_are_not_followed(folder, storage, tmp_path, monkeypatch):
    files = Storage.files

    def tricked(self, below=""):
        found = dict(files(self, below))
        return found | {"../../out": found["space.yaml"], ".hidden/x": found["space.yaml"]}

    monkeypatch.setattr(Storage, "files", tricked)
    download(storage, tmp_path / "deep" / "look")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "deep" / "look" / ".hidden").exists()


def test_a_folder_that_is_ahead_of_its_storage_keeps_what_it_has(folder, storage):
    with folder.trials.open("a") as log:
        log.write("four\nfi")  # and was killed
    before = contents(folder.path)
    assert not merge_remote(folder, storage)
    assert contents(folder.path) == before


def test_a_storage_that_is_ahead_is_caught_up_with(folder, storage):
    storage.put("trials.jsonl", b"one\ntwo\nthree\nfour\n")
    storage.put("confirm.jsonl", b"a\n")
    storage.put("summary.json", b"[]")
    lease = Lease(storage)
    assert merge_remote(folder, storage)
    assert folder.trials.read_text() == "one\ntwo\nthree\nfour\n"
    assert folder.confirm.read_text() == "a\n"
    assert folder.summary.read_text() == "[]"
    assert not (folder.path / LEASE).exists()
    lease.give_back()


@pytest.mark.parametrize(
    ("name", "there"),
    [("trials.jsonl", b"one\ntwo\nother\n"), ("confirm.jsonl", b"a\n")],
)
def test_two_that_went_different_ways_are_not_mixed(folder, storage, name, there):
    with folder.trials.open("a") as log:
        log.write("four\n")
    storage.put(name, there)
    before = contents(folder.path)
    with pytest.raises(ResultsError, match="reports in each that the other lacks"):
        merge_remote(folder, storage)
    assert contents(folder.path) == before


def test_a_new_storage_has_nothing_to_catch_up_with(folder, tmp_path):
    assert not merge_remote(folder, Storage.parse(str(tmp_path / "new")))


def test_what_an_argument_names(folder, storage, monkeypatch, tmp_path):
    assert storage_argument(str(folder.path)) is None
    assert storage_argument(storage.address) == storage
    monkeypatch.chdir(tmp_path)
    assert storage_argument("shared/sweep") == storage
    assert storage_argument("nowhere") is None
    assert storage_argument("s3://bucket/a") == Storage("s3://bucket/a")
