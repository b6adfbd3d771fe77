"""Which storage a folder may write to and delete from, and what an end of a sweep removes."""

import errno
import json
import os
import sqlite3

import pytest

from class_sweep.errors import InputError, InterruptedSweepError, ResultsError, StorageError
from class_sweep.execution.checkpoint_manager import (
    LocalCheckpointManager,
    RemoteCheckpointManager,
)
from class_sweep.execution.faults import faults_explained, new_folder_settled
from class_sweep.execution.output import open_new, reopen
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.upload import Uploader
from class_sweep.storage.remote import Storage

MINE, OTHER = "0" * 32, "1" * 32


def environment(sweep_id):
    facts = {
        "packages": {}, "python": "3", "platform": "here", "cpus": 1, "gpus": [], "seed": 0,
        "data_sha256": "", "index_sha256": {}, "dropped": [], "command": [],
    }  # fmt: skip
    return json.dumps(facts | ({"sweep_id": sweep_id} if sweep_id else {}))


def make(path, sweep_id, storage=None):
    """A results folder with one report."""
    with ResultsWriter.create(path, "space", storage):
        (path / "environment.json").write_text(environment(sweep_id))
        (path / "trials.jsonl").write_text("")
    return ResultsFolder(path)


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def victim(tmp_path):
    """A folder of somebody else's, with files of the names that a sweep writes."""
    path = tmp_path / "victim"
    (path / "checkpoints" / "sub").mkdir(parents=True)
    for name in ("best.yaml", "report.html", "checkpoints/a.pt", "checkpoints/sub/model.pt"):
        (path / name).write_text("precious")
    return path


@pytest.mark.parametrize("stored", [None, OTHER, "no sweep"])
@pytest.mark.parametrize("own", [None, MINE])
def test_an_address_in_a_file_is_not_obeyed_unless_it_holds_this_sweep(
    tmp_path, victim, callback, stored, own
):
    if stored != "no sweep":
        (victim / "space.yaml").write_text("space")
        (victim / "environment.json").write_text(environment(stored))
    before = contents(victim)
    folder = make(tmp_path / "shared", own, Storage(str(victim)))
    with (
        pytest.raises(InputError, match="must name a storage that holds this sweep") as caught,
        reopen(folder.path, None, callback),
    ):
        pass
    assert f"class-sweep resume {folder.path} --storage URI" in str(caught.value)
    assert contents(victim) == before


def test_an_address_in_a_file_is_obeyed_if_the_storage_holds_this_sweep(tmp_path, callback):
    storage = Storage(str(tmp_path / "store"))
    folder = make(tmp_path / "here", MINE, storage)
    Uploader(folder.path, storage).upload()
    with reopen(folder.path, None, callback) as (_, manager):
        assert isinstance(manager, RemoteCheckpointManager)
        assert manager.location == storage


def test_a_new_storage_of_the_command_line_is_used_and_known_from_then_on(tmp_path, callback):
    folder = make(tmp_path / "here", MINE, Storage(str(tmp_path / "gone")))
    storage = Storage(str(tmp_path / "store"))
    with reopen(folder.path, storage, callback):
        pass
    assert folder.read_storage() == storage
    with reopen(folder.path, None, callback) as (_, manager):
        assert manager.location == storage


def test_a_storage_of_the_command_line_must_not_hold_anything_else(tmp_path, victim, callback):
    folder = make(tmp_path / "here", MINE)
    before = contents(victim)
    with (
        pytest.raises(ResultsError, match=r"must be empty: .* holds best\.yaml"),
        reopen(folder.path, Storage(str(victim)), callback),
    ):
        pass
    with (
        pytest.raises(ResultsError, match="must be empty"),
        open_new(tmp_path / "new", Storage(str(victim)), callback),
    ):
        pass
    assert contents(victim) == before
    make(tmp_path / "other", OTHER)
    with (
        pytest.raises(ResultsError, match="must hold no other sweep"),
        reopen(folder.path, Storage(str(tmp_path / "other")), callback),
    ):
        pass


def test_only_checkpoints_of_this_sweep_are_removed_from_a_storage(tmp_path, callback):
    storage = Storage(str(tmp_path / "store"))
    folder = make(tmp_path / "here", MINE)
    with reopen(folder.path, storage, callback) as (_, manager):
        for name in ("ours.pt", "theirs.pt", "deep/ours.pt"):
            storage.put(f"checkpoints/{name}", b"state")
        manager.remove_all(["ours.pt"])
    assert set(storage.files("checkpoints")) == {
        "checkpoints/theirs.pt",
        "checkpoints/deep/ours.pt",
    }


def test_only_checkpoints_of_this_sweep_are_removed_from_a_folder(tmp_path):
    manager = LocalCheckpointManager(ResultsFolder(tmp_path))
    checkpoints = tmp_path / "checkpoints"
    for name in ("a.pt", "b.pt"):
        for _ in range(2):  # the newest and the older one
            manager.store.save(name, lambda path: path.write_text("state"))
    (checkpoints / "a.partial").write_text("of a killed worker")
    (checkpoints / "mine.txt").write_text("precious")
    manager.remove_all(["a.pt", "b.pt"])
    assert [path.name for path in checkpoints.iterdir()] == ["mine.txt"]
    (checkpoints / "mine.txt").unlink()
    manager.remove_all([])
    assert not checkpoints.exists()


@pytest.mark.parametrize(
    "name", ["checkpoints", "errors", "tune", "trials.jsonl", "study.db", "tensorboard/trial-0001"]
)
def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path, victim, callback, name):
    folder = make(tmp_path / "shared", MINE)
    path = folder.path / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(victim if path.suffix == "" else victim / "best.yaml")
    before = contents(victim)
    with (
        pytest.raises(ResultsError, match="a link in a results folder must lead to a file in it"),
        reopen(folder.path, None, callback),
    ):
        pass
    assert contents(victim) == before


def test_a_link_within_the_folder_and_a_folder_that_is_a_link_are_accepted(tmp_path, callback):
    """W&B links its latest run."""
    folder = make(tmp_path / "here", MINE)
    (folder.path / "wandb" / "run-1").mkdir(parents=True)
    (folder.path / "wandb" / "latest-run").symlink_to("run-1")
    (tmp_path / "link").symlink_to(folder.path)
    with reopen(tmp_path / "link", None, callback):
        pass


# --- a failure before the first trial -------------------------------------------------------------


def new_sweep(path, callback, error, storage=None):
    with (
        open_new(path, storage, callback) as checkpoints,
        ResultsWriter.create(path, "space", storage) as writer,
        new_folder_settled(writer, checkpoints),
    ):
        (path / "environment.json").write_text(environment(MINE))
        (path / "study.db").write_bytes(b"")
        error(path, writer)


def fail(_path, _writer):
    raise sqlite3.OperationalError("unable to open database file")


def test_a_folder_without_a_trial_does_not_stay_behind(tmp_path, callback):
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        new_sweep(tmp_path / "sweep", callback, fail)
    assert not (tmp_path / "sweep").exists()


def test_neither_does_its_copy(tmp_path, callback):
    storage = Storage(str(tmp_path / "store"))
    with pytest.raises(sqlite3.OperationalError):
        new_sweep(tmp_path / "sweep", callback, fail, storage)
    assert storage.files() == {}
    with open_new(tmp_path / "sweep", storage, callback):
        pass  # the same command works again


def test_files_of_others_in_the_folder_stay(tmp_path, callback):
    def leave_a_file(path, writer):
        (path / "notes.txt").write_text("mine")
        fail(path, writer)

    with pytest.raises(sqlite3.OperationalError):
        new_sweep(tmp_path / "sweep", callback, leave_a_file)
    assert [path.name for path in (tmp_path / "sweep").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, InterruptedSweepError("x")])
def test_an_interrupted_sweep_stays(tmp_path, callback, error):
    def interrupt(_path, _writer):
        raise error

    with pytest.raises((KeyboardInterrupt, InterruptedSweepError)):
        new_sweep(tmp_path / "sweep", callback, interrupt)
    assert (tmp_path / "sweep" / "space.yaml").exists()


def test_after_the_start_of_the_trials_the_folder_stays_and_the_error_says_how_to_go_on(
    tmp_path, callback
):
    def fail_later(path, writer):
        writer.trials_began = True
        fail(path, writer)

    path = tmp_path / "sweep"
    with pytest.raises(StorageError) as caught:
        new_sweep(path, callback, fail_later)
    assert str(caught.value) == (
        "unable to open database file; every report is kept, continue with: class-sweep resume"
        f" {path}"
    )
    assert (path / "space.yaml").exists()


def test_a_folder_that_was_moved_is_told(tmp_path, callback):
    folder = make(tmp_path / "sweep", MINE)
    folder.path.rename(tmp_path / "moved")
    with (
        pytest.raises(StorageError, match=r"no longer at .*/sweep; .* confirm FOLDER"),
        faults_explained(folder, "confirm"),
    ):
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder.summary))


def test_other_errors_are_left_as_they_are(tmp_path):
    folder = make(tmp_path / "sweep", MINE)
    with pytest.raises(ResultsError, match="as it was"), faults_explained(folder, "resume"):
        raise ResultsError("as it was")
