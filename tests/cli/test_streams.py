"""Commands on streams of any encoding, closed, full, missing, or on a narrow terminal."""

import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import termios

import pytest
from made_sweeps import made_verdict, make_folder
from platforms import linux_only
from waiting import patience

COMMAND = [sys.executable, "-m", "class_sweep.cli"]


@pytest.fixture
def folder(tmp_path, small_space_text):
    return make_folder(tmp_path / "made", small_space_text, trials=3, verdict=made_verdict())


def run(*arguments, encoding="utf-8", line=None, **options):
    """Run a command, or a shell line with the command as "$@"."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(
        ["bash", "-c", line, "bash", *command] if line else command,
        env=os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": "300"},
        timeout=patience(),
        check=False,
        **({"capture_output": True} | options),
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_encoding_without_greek_letters_loses_no_number(folder, encoding):
    usual, other = run("status", folder), run("status", folder, encoding=encoding)
    assert other.returncode == 0
    text = usual.stdout.decode()
    assert "α 0." in text
    shown = other.stdout.decode(encoding)
    assert "alpha 0." in shown
    assert re.findall(r"[\d.]+", shown) == re.findall(r"[\d.]+", text)
    assert "?" not in shown


def test_documents_are_complete_in_a_pipe_of_any_encoding(folder):
    space = folder / "space.yaml"
    space.write_text(f"# größer als α\n{space.read_text()}", encoding="utf-8")
    markdown = run("report", folder, "--markdown", encoding="ascii").stdout.decode()
    assert "# größer als α" in markdown
    assert json.loads(run("status", folder, "--json", encoding="ascii").stdout)["state"]


def test_help_can_be_printed_in_ascii():
    assert b"sigma" in run("index", "--help", encoding="ascii").stdout


@pytest.mark.parametrize("arguments", ["status", "report --markdown", "status --watch"])
def test_a_reader_that_goes_away_ends_a_reading_command_quietly(folder, arguments):
    verb, *options = arguments.split()
    done = run(verb, folder, *options, line='"$@" | true; exit ${PIPESTATUS[0]}')
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@linux_only
def test_a_full_disk_behind_standard_output_is_an_error(folder):
    done = run("status", folder, line='"$@" > /dev/full')
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "error: standard output must be writable, got No space left on device; a part of it is"
        " lost\n"
    )


@linux_only
@pytest.mark.parametrize("line", ['"$@" >&-', '"$@" <&- >&- 2>/dev/full'])
def test_missing_streams_change_no_exit_code(folder, line):
    assert run("status", folder, line=line).returncode == 0
    assert run("status", folder / "none", line=line).returncode == 2


def test_no_file_of_a_command_receives_its_output(folder):
    """Where standard output is closed, the next file that is opened would have its descriptor."""
    assert run("report", folder, line='"$@" >&- 2>&-').returncode == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "report.html\n" not in page


LIVE = """
import logging, sys
from class_sweep.cli.main import WarningLines
from class_sweep.cli.streams import protect_streams
from class_sweep.config.objective import parse_objective
from class_sweep.rendering.terminal import make_console
from class_sweep.report.live_view import LiveView
from class_sweep.results.record import Record

protect_streams()
logging.basicConfig(format="%(message)s", handlers=[WarningLines()])
config = {f"curriculum.setting_{n}": 0.123 for n in range(12)} | {"curriculum.[/x]": "[/y]"}

class Started:
    def __init__(self, number):
        self.number, self.name, self.tuned, self.config = number, None, False, config
        self.share = None

with LiveView(make_console(), parse_objective("validation/mrr")) as view:
    view.on_stage("data")
    logging.warning("dropped %s of [/z] rows", 3)
    view.on_plan(40, 2_000_000, None)
    view.on_stage("trials")
    for number in range(30):
        view.on_trial_start(Started(number))
        same = 3 if number == 20 else None
        view.on_report(Record(trial=number, name=None, identity="0", config=config, report=0,
            step=1, samples=1_234_567, rung=0, decision="continue", compared=True, objective=0.421,
            same_as=same))
    print("relayed [/w] line", end="", flush=True)
    print()
"""


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_live_table_keeps_its_numbers_on_any_terminal(columns):
    lines = _on_terminal(LIVE, columns, rows=24)
    frame = lines[-1 - lines[::-1].index(next(x for x in lines[::-1] if x.startswith("trial  "))) :]
    assert re.search(r"samples +validation/split/mrr +state", frame[0])
    rows = [line for line in frame[1:] if re.match(r"^\d+ ", line)]
    assert len(rows) == 12
    for number, row in zip(range(18, 30), rows, strict=True):
        state = "running as trial 3" if number == 20 and columns > 60 else "running.*"
        assert re.match(rf"{number} +\S.* +1,234,567 +42.1 % +{state}$", row), row
        assert len(row) <= columns
    assert "warning: dropped 3 of [/z] rows" in lines  # on a line of its own
    assert "relayed [/w] line" in lines


def _on_terminal(program, columns, rows):
    """Run a Python program on a new terminal; its lines without control codes."""
    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=follower, stdout=follower, stderr=follower,
        env=environment | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
    ) as process:  # fmt: skip
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the program has ended
                break
            shown += part
    os.close(leader)
    assert process.returncode == 0, shown.decode()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    return [line.rstrip() for part in text.split("\n") for line in part.split("\r") if line.strip()]
