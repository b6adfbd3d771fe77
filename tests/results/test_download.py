"""The download of a sweep from its storage, to read it or to resume it."""

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
    """A folder with three reports, and a copy of it in the storage."""
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


def test_a_downloaded_sweep_is_complete_and_names_its_storage(folder, storage, tmp_path):
    storage.put("checkpoints/trial-0001-a.pt", b"state")
    lease = Lease(storage)
    download_to_resume(storage, tmp_path / "results" / "there")
    lease.give_back()
    (folder.path / ".lock").unlink()
    downloaded = ResultsFolder(tmp_path / "results" / "there")
    assert contents(downloaded.path) == contents(folder.path)
    assert downloaded.read_storage() == folder.read_storage() == storage
    assert (downloaded.path.stat().st_mode & 0o777) == 0o755
    download_to_resume(storage, downloaded.path)  # a folder of the same sweep is accepted


def test_a_folder_with_other_content_is_refused_and_unchanged(folder, storage, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    with pytest.raises(ResultsError, match="taken exists; name another with --out"):
        download_to_resume(storage, taken)
    assert not list(taken.iterdir())


def test_a_storage_without_a_sweep_is_refused_and_no_folder_is_created(storage, tmp_path):
    with pytest.raises(ResultsError, match="a storage must hold a sweep, got none at"):
        download_to_resume(storage, tmp_path / "results" / "there")
    assert not (tmp_path / "results").exists()


def test_a_failed_download_leaves_no_folder(folder, storage, tmp_path, monkeypatch):
    def fails(self, name, to):
        raise StorageError("it is out of reach")

    monkeypatch.setattr(Storage, "fetch", fails)
    with pytest.raises(StorageError, match="out of reach"):
        download_to_resume(storage, tmp_path / "results" / "there")
    assert not list((tmp_path / "results").iterdir())


def test_only_changed_files_are_downloaded_again_and_removed_files_are_removed(
    folder, storage, tmp_path
):
    to = tmp_path / "look"
    storage.put("best.yaml", b"best")
    previous = download(storage, to)
    (to / "space.yaml").write_text("unchanged")
    storage.put("trials.jsonl", b"one\ntwo\nthree\nfour\n")
    storage.remove("best.yaml")
    download(storage, to, previous)
    assert (to / "space.yaml").read_text() == "unchanged"
    assert (to / "trials.jsonl").read_text() == "one\ntwo\nthree\nfour\n"
    assert not (to / "best.yaml").exists()


def test_a_valid_lease_marks_a_downloaded_folder_as_in_use(folder, storage, tmp_path):
    to = tmp_path / "look"
    lease = Lease(storage)
    previous = download(storage, to)
    assert ResultsFolder(to).in_use()
    os.utime(storage._at(LEASE), (time.time() - 600,) * 2)  # its machine was lost
    previous = download(storage, to, previous)
    assert not ResultsFolder(to).in_use()
    lease.give_back()
    download(storage, to, previous)
    assert not (to / LEASE).exists()


def test_names_that_lead_out_of_the_folder_are_skipped(folder, storage, tmp_path, monkeypatch):
    files = Storage.files

    def tricked(self, below=""):
        stored = dict(files(self, below))
        names = ("../../out", ".hidden/x", str(tmp_path / "out"), "a//b")
        return stored | dict.fromkeys(names, stored["space.yaml"])

    monkeypatch.setattr(Storage, "files", tricked)
    download(storage, tmp_path / "deep" / "look")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "deep" / "look" / "a").exists()
    assert not (tmp_path / "deep" / "look" / ".hidden").exists()


def test_a_folder_that_is_ahead_of_its_storage_is_unchanged(folder, storage):
    with folder.trials.open("a") as log:
        log.write("four\nfi")  # the driver was killed here
    before = contents(folder.path)
    assert not merge_remote(folder, storage)
    assert contents(folder.path) == before


def test_the_reports_that_only_the_storage_has_are_downloaded(folder, storage):
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
    ("name", "stored"),
    [("trials.jsonl", b"one\ntwo\nother\n"), ("confirm.jsonl", b"a\n")],
)
def test_a_folder_and_a_storage_that_diverged_are_not_merged(folder, storage, name, stored):
    with folder.trials.open("a") as log:
        log.write("four\n")
    storage.put(name, stored)
    before = contents(folder.path)
    with pytest.raises(ResultsError, match="reports in each that the other lacks"):
        merge_remote(folder, storage)
    assert contents(folder.path) == before


def test_a_reading_of_the_test_split_in_the_storage_alone_is_downloaded(folder, storage):
    storage.put("test.jsonl", b"a\n")
    assert merge_remote(folder, storage)
    assert folder.tests.read_text() == "a\n"


@pytest.mark.parametrize("to_resume", [False, True])
def test_files_are_read_in_the_order_that_keeps_a_sweep_consistent(
    folder, storage, tmp_path, monkeypatch, to_resume
):
    fetch, names = Storage.fetch, []
    monkeypatch.setattr(
        Storage, "fetch", lambda self, name, to: names.append(name) or fetch(self, name, to)
    )
    download(storage, tmp_path / "look", to_resume=to_resume)
    order = [names.index(name) for name in ("summary.json", "trials.jsonl", "confirm/a.npz")]
    # While another driver uploads, the conclusions come first: what they depend on is there then.
    assert order == sorted(order, reverse=to_resume)


def test_a_new_storage_adds_nothing_to_the_folder(folder, tmp_path):
    assert not merge_remote(folder, Storage.parse(str(tmp_path / "new")))


def test_an_argument_is_a_storage_by_its_address_or_by_its_own_file(
    folder, storage, monkeypatch, tmp_path
):
    assert storage_argument(str(folder.path)) is None
    assert storage_argument(storage.address) == storage
    monkeypatch.chdir(tmp_path)
    assert storage_argument("shared/sweep") == storage
    assert storage_argument(f"file://{storage}") == storage
    assert storage_argument(f"file://{folder.path}") is None
    assert storage_argument("nowhere") is None
    assert storage_argument("s3://bucket/a") == Storage("s3://bucket/a")
