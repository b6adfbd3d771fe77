"""Every input file is a regular file of a bounded size."""

import os
import socket
import sys
from pathlib import Path

import pytest
from platforms import linux_only

from class_sweep.base.input_files import open_input, read_input, readable_size

NUL = "embedded null byte" if sys.version_info < (3, 13) else "embedded null character in path"


def reason(path, max_bytes=10):
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the reason is asserted by the caller
        read_input(path, max_bytes)
    return caught.value.strerror


def test_a_file_up_to_the_bound_is_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    assert read_input(path, 10) == b"0123456789"
    with open_input(path, 10) as file:
        assert file.read(3) == b"012"


def test_a_larger_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.truncate(2**40)  # without blocks on the disk
    assert reason(path) == "it must have at most 10 bytes"
    assert reason(path, 2**20) == "it must have at most 1 MiB"


def test_what_is_no_regular_file_is_refused_before_it_is_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path, kind in [
            (pipe, "a pipe"),
            (tmp_path / "socket", "a socket"),
            (tmp_path, "a folder"),
            (Path("/dev/zero"), "a device"),
        ]:
            assert reason(path) == f"it must be a regular file, got {kind}"


def test_a_link_to_a_device_is_a_device(tmp_path):
    (tmp_path / "link").symlink_to("/dev/zero")
    assert reason(tmp_path / "link") == "it must be a regular file, got a device"


@linux_only
def test_a_file_that_is_longer_than_its_size_says_is_refused():
    assert Path("/proc/self/status").stat().st_size == 0
    assert reason(Path("/proc/self/status")) == "it must have at most 10 bytes"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a\0b", f"the path is no name of a file ({NUL})"),
        ("a" * 300, "File name too long"),
        ("absent", "No such file or directory"),
    ],
)
def test_a_path_that_names_no_file(tmp_path, name, words):
    assert reason(tmp_path / name) == words


def test_a_lone_surrogate_in_a_path_is_an_os_error(tmp_path):
    assert reason(tmp_path / "a\ud800").startswith("the path is no name of a file (")


@linux_only
def test_the_descriptor_of_a_refused_file_is_closed(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 11)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names alone
    for _ in range(3):
        reason(path)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_sizes_are_shown_in_their_unit():
    assert [readable_size(n) for n in (10, 256 * 1024, 5 * 2**20, 4 * 2**30)] == [
        *("10 bytes", "256 KiB", "5 MiB", "4 GiB")
    ]
