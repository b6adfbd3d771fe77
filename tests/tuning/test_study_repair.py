"""A study that disagrees with the log is mended from the log, with a word."""

import json
import logging
import sqlite3

import pytest
from optuna.trial import TrialState

from class_sweep.errors import StorageError
from class_sweep.tuning.study_repair import repair_study
from class_sweep.tuning.study_storage import FileStorage, open_file, read_study

ID = "0" * 32


@pytest.fixture
def swept(drive):
    """A driver whose sweep has ended trials, a running and a proposed one."""
    driver = drive()
    for value in (0.1, 0.2, 0.3):
        number = driver.ask()
        if driver.report(number, value, 0) == "continue":
            driver.report(number, value + 0.1, 1)
            driver.report(number, value + 0.2)
    driver.report(driver.ask(), 0.4, 0)
    return driver


def contents(driver):
    return [
        (
            t.number, t.state, {p: round(v, 12) if isinstance(v, float) else v
                                for p, v in t.params.items()},
            {key: v for key, v in t.user_attrs.items() if key != "plan"},  # a plan of these tests
            t.intermediate_values, t.values,
        )
        for t in driver.in_file()
    ]  # fmt: skip


def restart(driver, drive):
    """Mend the study and open it again, as `resume` does."""
    repair_study(driver.folder / "study.db", driver.records(), None)
    return drive()


@pytest.mark.parametrize("lost", ["missing", "empty", "text", "cut", "no trials"])
def test_a_lost_or_damaged_study_is_made_again_from_the_log(swept, drive, caplog, lost):
    before, file = contents(swept), swept.folder / "study.db"
    logged = {record.trial for record in swept.records()}
    content = file.read_bytes()
    if lost == "no trials":
        with sqlite3.connect(file) as connection:
            for table in ("trial_values", "trial_params", "trial_user_attributes",
                          "trial_intermediate_values", "trials"):  # fmt: skip
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
    else:
        file.unlink()
        new = {"empty": b"", "text": b"this is no database\n" * 500, "cut": content[: 3 * 4096]}
        if lost in new:
            file.write_bytes(new[lost])
    with caplog.at_level(logging.WARNING):
        driver = restart(swept, drive)
    after = contents(driver)
    for old, new in zip(before, after, strict=False):
        if old[0] in logged:
            assert new == old
    assert {row[0] for row in after} >= logged
    if lost != "no trials":
        assert "made again from the log" in caplog.text
    aside = swept.folder / ".study.db-aside"
    assert aside.exists() == (lost in {"text", "cut"})


def test_a_log_that_is_behind_its_study_reopens_the_trials(swept, drive, caplog):
    log = swept.folder / "trials.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    whole = contents(swept)
    ended = [json.loads(line)["trial"] for line in lines
             if json.loads(line)["decision"] in {"finish", "prune"}]  # fmt: skip
    last = max(i for i, line in enumerate(lines) if json.loads(line)["trial"] == ended[-1])
    log.write_bytes(b"".join(lines[:last]))
    with caplog.at_level(logging.WARNING):
        driver = restart(swept, drive)
    assert "continue from their last report in the log" in caplog.text
    row = contents(driver)[ended[-1]]
    assert row[1] == TrialState.RUNNING
    assert row[2:4] == whole[ended[-1]][2:4]
    assert set(row[4].values()) == {r.objective for r in driver.records() if r.trial == row[0]}


def test_a_study_that_agrees_is_left_alone(swept, caplog):
    file = swept.folder / "study.db"
    before = file.read_bytes()
    with caplog.at_level(logging.WARNING):
        repair_study(file, swept.records(), None)
    assert file.read_bytes() == before
    assert not caplog.messages


def test_the_study_of_another_sweep_is_set_aside(tmp_path, swept, caplog):
    file = tmp_path / "study.db"
    FileStorage(file, "f" * 32).create_new_study([], "class-sweep")
    assert read_study(file).sweep_id == "f" * 32
    with caplog.at_level(logging.WARNING):
        repair_study(file, [], ID)
    assert "is of another sweep" in caplog.text
    assert not file.exists()
    assert read_study(tmp_path / ".study.db-aside").sweep_id == "f" * 32


def test_a_study_with_other_configurations_is_set_aside(swept, drive, caplog):
    other = drive(folder="other", change=("seed: 3", "seed: 4"))
    for _ in range(4):
        other.ask()
    (other.folder / "study.db").replace(swept.folder / "study.db")
    with caplog.at_level(logging.WARNING):
        driver = restart(swept, drive)
    assert "is of another sweep" in caplog.text
    by_number = {t.number: json.loads(t.user_attrs["config"]) for t in driver.in_file()}
    assert all(by_number[r.trial] == r.config for r in driver.records())


def test_a_file_without_a_study_is_new(tmp_path, caplog):
    open_file(tmp_path / "study.db").engine.dispose()
    repair_study(tmp_path / "study.db", [], ID)
    assert not caplog.messages
    assert read_study(tmp_path / "study.db").trials == []


def test_a_fault_of_the_machine_is_no_damage(swept, monkeypatch):
    def refused(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("class_sweep.tuning.study_repair.read_study", refused)
    with pytest.raises(StorageError, match="Permission denied"):
        repair_study(swept.folder / "study.db", swept.records(), None)
    assert (swept.folder / "study.db").exists()
