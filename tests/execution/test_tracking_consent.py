"""Trackers of a results folder from elsewhere get nothing until the command line asks for them."""

import json

import pytest

from class_sweep.config.sections import Tracking
from class_sweep.execution.tracking_consent import allowed_trackers, note_trackers
from class_sweep.results.folder import ResultsFolder

WANTED = Tracking(tensorboard=True, wandb="curves", mlflow="http://tracker.example")
LOCAL = Tracking(tensorboard=True)


def make(path, sweep_id="0" * 32):
    path.mkdir()
    facts = {
        "packages": {}, "python": "3", "platform": "here", "cpus": 1, "gpus": [], "seed": 0,
        "data_sha256": "", "index_sha256": {}, "dropped": [], "command": [],
    }  # fmt: skip
    facts |= {"sweep_id": sweep_id} if sweep_id else {}
    (path / "environment.json").write_text(json.dumps(facts))
    return ResultsFolder(path)


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_folder_that_this_user_began_is_obeyed_also_after_it_has_moved(tmp_path):
    folder = make(tmp_path / "sweep")
    note_trackers(WANTED, folder)
    assert allowed_trackers(WANTED, folder, asked=False) == WANTED
    folder.path.rename(tmp_path / "moved")
    assert allowed_trackers(WANTED, ResultsFolder(tmp_path / "moved"), asked=False) == WANTED


@pytest.mark.parametrize("sweep_id", ["1" * 32, None])
def test_a_folder_from_elsewhere_is_not_obeyed_and_its_addresses_are_named(
    tmp_path, caplog, sweep_id
):
    note_trackers(WANTED, make(tmp_path / "mine"))
    folder = make(tmp_path / "theirs", sweep_id)
    assert allowed_trackers(WANTED, folder, asked=False) == LOCAL
    [warning] = caplog.messages
    assert "wandb curves, mlflow http://tracker.example" in warning
    assert f"class-sweep resume {folder.path} --tracking" in warning


def test_a_changed_address_in_a_folder_of_ours_is_not_obeyed(tmp_path, caplog):
    folder = make(tmp_path / "sweep")
    note_trackers(WANTED, folder)
    changed = Tracking(wandb="curves", mlflow="http://other.example")
    assert allowed_trackers(changed, folder, asked=False) == Tracking()
    assert "http://other.example" in caplog.text


def test_the_command_line_is_asked_once(tmp_path, caplog):
    folder = make(tmp_path / "sweep")
    assert allowed_trackers(WANTED, folder, asked=True) == WANTED
    assert allowed_trackers(WANTED, folder, asked=False) == WANTED
    assert not caplog.messages


def test_tensorboard_alone_needs_no_consent(tmp_path, state, caplog):
    folder = make(tmp_path / "sweep")
    note_trackers(LOCAL, folder)
    assert not state.exists()
    assert allowed_trackers(LOCAL, folder, asked=False) == LOCAL
    assert not caplog.messages


def test_without_a_place_for_the_note_the_sweep_goes_on(tmp_path, state, caplog):
    state.write_text("a file")
    folder = make(tmp_path / "sweep")
    note_trackers(WANTED, folder)
    assert "resume will ask for --tracking" in caplog.text
