"""Every command reads a location in the same way: a path, `file:///path`, or an object store."""

import shutil
import sqlite3
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from made_sweeps import make_folder

from class_sweep.cli.locations import path_argument
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.upload import Uploader
from class_sweep.storage.remote import Storage


@pytest.fixture
def folder(tmp_path, small_space_text):
    return make_folder(tmp_path / "which σ? 50%" / "made", small_space_text)


@pytest.mark.parametrize("arguments", [["status"], ["export"], ["report", "--markdown"]])
def test_a_results_folder_may_be_a_file_uri(command, folder, arguments):
    name, *options = arguments
    uri = f"file://{folder}".replace("%", "%25").replace("?", "%3F")
    by_path, by_uri = (command(name, where, *options) for where in (folder, uri))
    assert by_uri == by_path
    assert by_path[0] == 0


def test_a_storage_on_a_path_may_be_a_file_uri(command, folder, tmp_path):
    storage = Storage(str(tmp_path / "store" / "made"))
    Uploader(folder, storage).upload()
    shutil.rmtree(folder)
    code, out, err = command("status", f"file://{storage}")
    assert code == 0, err
    assert out == command("status", storage)[1]


def test_an_output_may_be_a_file_uri_and_nothing_else_with_a_scheme(command, folder, tmp_path):
    code, _, err = command("export", folder, "-o", f"file://{tmp_path}/best.yaml")
    assert code == 0, err
    assert (tmp_path / "best.yaml").exists()
    for arguments in (
        ["export", folder, "-o", "s3://bucket/best.yaml"],
        ["run", "search_spaces/demo.yaml", "--out", "s3://bucket/first"],
        ["check", "https://example.org/space.yaml"],
    ):
        code, _, err = command(*arguments)
        assert code == 2
        assert "must be a path or file:///path" in err


def callbacks(app):
    yield from (command.callback for command in app.registered_commands)
    for group in app.registered_groups:
        yield from callbacks(group.typer_instance)


def test_every_path_of_every_command_may_be_a_file_uri():
    from class_sweep.cli.data import describe
    from class_sweep.cli.main import app

    commands = list(callbacks(app))
    assert describe in commands
    plain = [
        f"{command.__name__}: {name}"
        for command in commands
        for name, hint in get_type_hints(command, include_extras=True).items()
        for info in getattr(hint, "__metadata__", ())
        if Path in {hint.__origin__, *get_args(hint.__origin__)}
        and not info.hidden
        and info.parser is not path_argument
    ]
    assert not plain


def state_of(folder):
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "arguments", [["status"], ["status", "--json"], ["export"], ["report", "--markdown"]]
)
def test_reading_a_sweep_that_runs_changes_nothing_in_its_folder(command, folder, arguments):
    """Also where its driver is in the middle of a transaction of SQLite."""
    name, *options = arguments
    with ResultsWriter(ResultsFolder(folder)):
        study = sqlite3.connect(folder / "study.db", isolation_level=None)
        study.execute("CREATE TABLE trials (number INTEGER)")
        study.execute("BEGIN IMMEDIATE")
        study.execute("INSERT INTO trials VALUES (0)")
        before = state_of(folder)
        code, _, err = command(name, folder, *options)
        assert state_of(folder) == before
        study.close()
    assert code == 0, err
