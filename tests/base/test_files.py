import errno
import os
from pathlib import Path

import pytest
from platforms import linux_only

from class_sweep.base.files import make_folder, write_atomic
from class_sweep.errors import StorageError


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "a.yaml"
    write_atomic(path, "σ: 1\n")
    write_atomic(path, "σ: 2\n")
    assert path.read_text(encoding="utf-8") == "σ: 2\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.yaml"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("exists", [True, False])
def test_a_failed_write_keeps_the_old_file(tmp_path, exists):
    path = tmp_path / "a.yaml"
    if exists:
        path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "x" * 100_000 + "\ud800")
    assert [p.read_text() for p in tmp_path.iterdir()] == (["old"] if exists else [])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_keeps_the_old_file(tmp_path, monkeypatch, error):
    path = tmp_path / "a.yaml"
    path.write_text("old")

    def fail(_handle):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((StorageError, KeyboardInterrupt)):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.yaml"]


def test_a_missing_folder_is_an_error(tmp_path):
    path = tmp_path / "none" / "a.yaml"
    with pytest.raises(StorageError) as caught:
        write_atomic(path, "")
    assert str(caught.value) == f"a file must be writable: {path}: No such file or directory"


def test_a_folder_at_the_path_is_an_error(tmp_path):
    path = tmp_path / "a.yaml"
    path.mkdir()
    with pytest.raises(StorageError, match=r"a file must be writable: .*a\.yaml: Is a directory"):
        write_atomic(path, "")
    assert list(tmp_path.iterdir()) == [path]


def flushed_folders(monkeypatch):
    """The folders whose names have been flushed to the disk, in order."""
    folders, fsync = [], os.fsync

    def record(handle):
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.is_dir():
            folders.append(path)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", record)
    return folders


@linux_only
def test_a_rename_is_on_the_disk_when_the_write_returns(tmp_path, monkeypatch):
    folders = flushed_folders(monkeypatch)
    write_atomic(tmp_path / "a.yaml", "new")
    assert folders == [tmp_path]


@linux_only
def test_every_new_folder_is_on_the_disk(tmp_path, monkeypatch):
    folders = flushed_folders(monkeypatch)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b" / "c")
    assert folders == [tmp_path / "a", tmp_path, tmp_path / "a" / "b"]


@linux_only
def test_a_mount_without_a_flush_of_folders_is_accepted_and_a_failing_disk_is_not(
    tmp_path, monkeypatch
):
    def fail_for_folders(number):
        def fsync(handle):
            if Path(f"/proc/self/fd/{handle}").readlink().is_dir():
                raise OSError(number, os.strerror(number))

        return fsync

    monkeypatch.setattr(os, "fsync", fail_for_folders(errno.EINVAL))
    write_atomic(tmp_path / "a.yaml", "new")
    monkeypatch.setattr(os, "fsync", fail_for_folders(errno.EIO))
    with pytest.raises(StorageError, match="Input/output error"):
        write_atomic(tmp_path / "a.yaml", "newer")
