"""The chain of checksums of a log: any change of its lines is found, by file and line."""

import errno
import json
import logging
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.base.jsonl import LineLog, whole_lines
from class_sweep.errors import ResultsError, StorageError

KEY = "0123456789abcdef" * 2
LINES = [json.dumps({"trial": n, "value": 0.5 + n, "text": f"σ {n}"}) for n in range(5)]


def write(path, lines=LINES, key=KEY):
    log = LineLog(path, key)
    for line in lines:
        log.append(line)
    log.close()
    return path


def read(path, key=KEY):
    return [(number, line.decode()) for number, line in whole_lines(path, key)]


@pytest.fixture
def log(tmp_path):
    return write(tmp_path / "trials.jsonl")


def test_what_was_written_is_read_without_its_checksum(log):
    assert read(log) == list(enumerate(LINES, start=1))


def test_each_line_is_on_the_disk_before_append_returns(tmp_path, monkeypatch):
    path, flushed = tmp_path / "trials.jsonl", []
    log, fsync = LineLog(path, KEY), os.fsync

    def record(handle):
        fsync(handle)
        flushed.append((os.fstat(handle).st_ino, path.read_bytes().count(b"\n")))

    monkeypatch.setattr(os, "fsync", record)
    for number, line in enumerate(LINES, start=1):
        log.append(line)
        assert (path.stat().st_ino, number) in flushed
    log.close()


def test_a_line_that_the_disk_does_not_flush_is_an_error(log, monkeypatch):
    def fail(_handle):
        raise OSError(errno.EIO, "Input/output error")

    opened = LineLog(log, KEY)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(StorageError, match=r"must be written down: .*Input/output"):
            opened.append(LINES[0])


def test_each_line_is_json_with_16_more_characters_of_checksum(log):
    for line, written in zip(log.read_text().splitlines(), LINES, strict=True):
        tree = json.loads(line)
        check = tree.pop("check")
        assert tree == json.loads(written)
        assert int(check, 16) >= 0
        assert len(check) == 16


def test_a_log_that_is_opened_again_continues_its_chain(tmp_path):
    whole = write(tmp_path / "trials.jsonl")
    cut = tmp_path / "again" / "trials.jsonl"
    cut.parent.mkdir()
    for line in LINES:
        write(cut, [line])
    assert cut.read_bytes() == whole.read_bytes()


def test_a_torn_last_line_is_cut_and_the_chain_goes_on(log, caplog):
    whole = log.read_bytes()
    for torn in (1, 20, len(whole.splitlines()[-1])):
        log.write_bytes(whole[:-torn])
        with caplog.at_level(logging.WARNING):
            assert read(log) == list(enumerate(LINES[:-1], start=1))
        assert "torn" in caplog.text
        write(log, LINES[-1:])
        assert log.read_bytes() == whole


def test_a_failed_write_does_not_advance_the_chain(log, monkeypatch):
    writer = LineLog(log, KEY)
    writer.append(LINES[0])

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StorageError):
            writer.append(LINES[1])
    writer.append(LINES[2])
    writer.close()
    read(log)


@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_every_flipped_bit_is_found(tmp_path_factory, at, bit):
    log = write(tmp_path_factory.mktemp("log") / "trials.jsonl")
    content = bytearray(log.read_bytes())
    at %= len(content) - 1  # without the last newline, which leaves a torn line
    content[at] ^= 1 << bit
    log.write_bytes(content)
    with pytest.raises(ResultsError, match=r"trials\.jsonl:\d"):
        read(log)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda rows: rows[1:], 1),
        (lambda rows: rows[:2] + rows[3:], 3),
        (lambda rows: [rows[0], rows[0], *rows[1:]], 2),
        (lambda rows: [rows[1], rows[0], *rows[2:]], 1),
        (lambda rows: [*rows, rows[-1]], 6),
        (lambda rows: [*rows[:2], LINES[2].encode(), *rows[3:]], 3),
        (lambda rows: [*rows, LINES[2].encode()], 6),
        (lambda rows: [*rows[:3], rows[3].replace(b"3.5", b"3.6"), *rows[4:]], 4),
    ],
    ids=["first lost", "lost", "doubled", "swapped", "last doubled", "no check", "added", "digit"],
)
def test_lost_doubled_swapped_added_and_altered_lines_are_found(log, change, line):
    rows = change(log.read_bytes().splitlines())
    log.write_bytes(b"".join(row + b"\n" for row in rows))
    with pytest.raises(ResultsError, match=rf"trials\.jsonl:{line}: its checksum does not fit"):
        read(log)


def test_a_log_of_another_sweep_or_another_log_is_found(log):
    with pytest.raises(ResultsError, match=r"trials\.jsonl:1"):
        read(log, "f" * 32)
    other = log.rename(log.with_name("confirm.jsonl"))
    with pytest.raises(ResultsError, match=r"confirm\.jsonl:1"):
        read(other)


def test_a_log_without_checksums_is_read_only_without_a_key(tmp_path):
    old = write(tmp_path / "trials.jsonl", key=None)
    assert old.read_text().splitlines() == LINES
    assert read(old, None) == list(enumerate(LINES, start=1))
    with pytest.raises(ResultsError, match="checksum does not fit"):
        read(old)


def test_a_log_with_checksums_is_not_read_without_its_key(log):
    with pytest.raises(ResultsError, match=r"environment\.json must hold the id"):
        read(log, None)


def test_text_that_looks_like_a_checksum_is_part_of_the_line(tmp_path):
    line = json.dumps({"text": "0123456789abcdef", "check": "0123456789abcdef"})
    log = write(tmp_path / "trials.jsonl", [line, line])
    assert [text for _, text in read(log)] == [line, line]
