import os

import pytest

from class_sweep.base.files import write_atomic
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
