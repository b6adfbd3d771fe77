import json
import logging
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_sweeps import summary_of

from class_sweep.errors import ResultsError, StorageError
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.summary import SweepSummary

IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from class_sweep.errors import ResultsError, StorageError
from class_sweep.results.folder import ResultsFolder, ResultsWriter
folder = ResultsFolder.existing(Path(sys.argv[1]))
print(folder.in_use(), len(folder.records()))
try:
    ResultsWriter(folder).close()
except ResultsError as error:
    print(error)
else:
    print("taken")
"""


def another_process(folder):
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(folder.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


# --- the log ------------------------------------------------------------------------------------


def test_a_report_is_on_the_disk_when_append_returns(writer, folder, record):
    for number in range(3):
        writer.append(record(number))
        assert folder.records() == [record(i) for i in range(number + 1)]
        assert folder.trials.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("left", ["half a file", "a link"])
def test_what_a_killed_writer_left_is_replaced_and_does_not_stay(writer, folder, tmp_path, left):
    partial, elsewhere = folder.path / ".best.yaml.partial", tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    before = set(folder.path.iterdir())
    if left == "a link":
        partial.symlink_to(elsewhere)
    else:
        partial.write_text("half")
    writer.write(folder.best, "whole")
    assert folder.best.read_text() == "whole"
    assert set(folder.path.iterdir()) - before == {folder.best}
    assert elsewhere.read_text() == "precious"


def test_a_folder_without_a_report_has_no_records(folder):
    assert folder.records() == []


def test_a_later_writer_appends_to_the_log(writer, folder, record):
    writer.append(record(0))
    writer.close()
    with ResultsWriter(folder) as later:
        later.append(record(1))
    assert [r.trial for r in folder.records()] == [0, 1]


def test_a_torn_last_line_is_dropped_with_a_warning(writer, folder, record, caplog):
    writer.append(record(0))
    with folder.trials.open("ab") as file:
        file.write(record(1).to_json().encode()[:40])
    assert folder.records() == [record(0)]
    assert [r.getMessage() for r in caplog.records] == [
        f"dropped a torn last line: {folder.trials}:2"
    ]


def test_a_complete_line_without_its_newline_is_torn(writer, folder, record):
    writer.append(record(0))
    writer.close()
    with folder.trials.open("ab") as file:
        file.write(record(1).to_json().encode())
    assert folder.records() == [record(0)]
    with ResultsWriter(folder) as later:
        later.append(record(2))
    assert folder.records() == [record(0), record(2)]


def test_a_report_after_a_torn_line_starts_a_new_line(writer, folder, record, caplog):
    writer.append(record(0))
    writer.close()
    with folder.trials.open("ab") as file:
        file.write(b'{"trial": 1, "na\xc3')
    with ResultsWriter(folder) as later:
        later.append(record(1))
    assert folder.trials.read_text() == f"{record(0).to_json()}\n{record(1).to_json()}\n"
    assert [r.levelno for r in caplog.records] == [logging.WARNING]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.data())
def test_a_log_cut_anywhere_keeps_every_whole_line(folder, record, data):
    lines = [record(i, reason="ø\u2028" * i).to_json().encode() + b"\n" for i in range(3)]
    text = b"".join(lines)
    cut = data.draw(st.integers(0, len(text)))
    folder.trials.write_bytes(text[:cut])
    whole = text[:cut].count(b"\n")
    assert [r.trial for r in folder.records()] == list(range(whole))


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"trial": 0}', b"\xff\xfe", b"\x00\x00"])
def test_an_error_about_a_damaged_line_has_its_number(writer, folder, record, damage):
    writer.append(record(0))
    with folder.trials.open("ab") as file:
        file.write(damage + b"\n")
    writer.append(record(1))
    with pytest.raises(ResultsError) as caught:
        folder.records()
    assert f"a line must be a record: {folder.trials}:2: " in str(caught.value)


# --- the lock -----------------------------------------------------------------------------------


def test_a_second_process_may_read_but_not_write(writer, folder, record):
    writer.append(record(0))
    assert folder.in_use()
    assert another_process(folder) == [
        "True 1",
        f"one process at a time may write to a results folder: {folder.path} is in use",
    ]


def test_a_closed_folder_can_be_opened_by_another_process(writer, folder):
    writer.close()
    assert not folder.in_use()
    assert another_process(folder) == ["False 0", "taken"]


def test_a_killed_process_leaves_no_lock(writer, folder):
    writer.close()
    script = """
import os, sys
from pathlib import Path
from class_sweep.results.folder import ResultsFolder, ResultsWriter
writer = ResultsWriter(ResultsFolder(Path(sys.argv[1])))
os.kill(os.getpid(), 9)
"""
    command = [sys.executable, "-c", script, str(folder.path)]
    assert subprocess.run(command, check=False).returncode == -9
    assert not folder.in_use()
    ResultsWriter(folder).close()


def test_the_check_whether_a_folder_is_in_use_writes_nothing(tmp_path):
    (tmp_path / "space.yaml").write_text("data: here\n")
    assert not ResultsFolder.existing(tmp_path).in_use()
    assert [path.name for path in tmp_path.iterdir()] == ["space.yaml"]


# --- the folder ---------------------------------------------------------------------------------


def test_a_new_folder_holds_the_space_as_it_was_run(folder):
    assert folder.space.read_text() == "data: here\n"
    assert [path.name for path in folder.path.parent.iterdir()] == [folder.path.name]


def test_an_existing_folder_is_refused_with_the_command_that_continues_it(folder):
    with pytest.raises(ResultsError, match="a results folder must be new") as caught:
        ResultsWriter.create(folder.path, "other: space\n")
    assert f"class-sweep resume {folder.path}" in str(caught.value)
    assert folder.space.read_text() == "data: here\n"


def test_an_existing_file_is_refused_and_left_unchanged(tmp_path):
    path = tmp_path / "taken"
    path.write_text("mine")
    with pytest.raises(ResultsError, match="a results folder must be new") as caught:
        ResultsWriter.create(path, "")
    assert "resume" not in str(caught.value)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "found"),
    [("none", "does not exist"), ("file", "is no folder"), (".", "holds no space.yaml")],
)
def test_a_path_without_a_sweep_is_an_error_that_says_what_is_there(tmp_path, name, found):
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError) as caught:
        ResultsFolder.existing(tmp_path / name)
    rule = "a results folder must hold space.yaml and trials.jsonl"
    assert str(caught.value) == f"{rule}: {tmp_path / name} {found}"


def test_a_path_below_a_file_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(ResultsError, match=r"a results folder must be writable: .*file/sweep"):
        ResultsWriter.create(path / "sweep", "")


def test_a_name_too_long_is_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"a results folder must be writable: .*too long"):
        ResultsWriter.create(tmp_path / ("x" * 300), "")


@pytest.mark.parametrize("content", [None, "a file", "an empty folder"])
def test_a_path_that_is_no_results_folder_is_refused(tmp_path, content):
    path = tmp_path / "other"
    if content == "a file":
        path.write_text("")
    elif content:
        path.mkdir()
    with pytest.raises(ResultsError, match=r"a results folder must hold space\.yaml") as caught:
        ResultsFolder.existing(path)
    assert str(path) in str(caught.value)


def test_a_summary_is_written_and_read(writer, folder):
    summary = SweepSummary.model_validate(summary_of("finished", 8) | {"warnings": ["σ"]})
    writer.write_summary(summary)
    assert folder.read_summary() == summary
    assert "σ" in folder.summary.read_text()
    assert json.loads(folder.summary.read_text()) == summary_of("finished", 8) | {"warnings": ["σ"]}


@pytest.mark.parametrize("content", [None, "", "{", "\xff"])
def test_a_summary_that_is_missing_or_damaged_is_an_error(folder, content):
    if content is not None:
        folder.summary.write_text(content, encoding="latin-1")
    with pytest.raises(ResultsError, match=r"summary\.json must be readable: .*summary\.json"):
        folder.read_summary()


def test_the_traceback_of_a_failed_trial_is_kept(writer, folder):
    writer.keep_traceback(3, "Traceback …\nValueError: bad\n")
    writer.keep_traceback(3, "Traceback …\nValueError: worse\n")
    [path] = folder.errors.iterdir()
    assert path.name == "trial-0003.txt"
    assert path.read_text(encoding="utf-8").endswith("worse\n")


# --- a full disk --------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB; the test is skipped if it cannot be mounted."""
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root only")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_an_error_and_no_line_is_lost(small_disk, record):
    with ResultsWriter.create(small_disk / "sweep", "data: here\n") as writer:
        reader = ResultsFolder.existing(writer.folder.path)
        numbers = iter(range(1000))

        def fill():
            for number in numbers:
                writer.append(record(number, reason="x" * 500))

        with pytest.raises(StorageError, match=r"a report must be written down: .*No space left"):
            fill()
        written = next(numbers) - 1
        assert written > 10
        assert [r.trial for r in reader.records()] == list(range(written))
        tree = summary_of("finished", 8) | {"warnings": ["x" * 9999]}
        large = SweepSummary.model_validate(tree)
        with pytest.raises(StorageError, match=r"a file must be writable: .*No space left"):
            writer.write_summary(large)
        assert not list(reader.path.glob(".summary*"))
        reader.space.unlink()  # now the disk has space again
        writer.append(record(written))
        assert [r.trial for r in reader.records()] == list(range(written + 1))


def test_a_log_that_may_not_grow_is_an_error_and_no_line_is_lost(folder, record, writer):
    writer.close()
    script = """
import resource, signal, sys
from dataclasses import replace
from pathlib import Path
from class_sweep.errors import StorageError
from class_sweep.results.record import Record
from class_sweep.results.folder import ResultsFolder, ResultsWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
with ResultsWriter(ResultsFolder(Path(sys.argv[1]))) as writer:
    for number in range(100):
        try:
            writer.append(replace(Record.from_json(sys.argv[2]), trial=number + 100))
        except StorageError as error:
            print(number, error)
            break
"""
    line = json.dumps(json.loads(record(100).to_json()))
    command = [sys.executable, "-c", script, str(folder.path), line]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    written = 5000 // (len(line) + 1)
    assert done.stdout == (
        f"{written} a report must be written down: {folder.trials}: File too large\n"
    )
    assert folder.trials.stat().st_size == 5000  # the last line is torn
    assert [r.trial for r in folder.records()] == list(range(100, 100 + written))
