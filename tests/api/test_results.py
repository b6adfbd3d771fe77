"""Results from Python: frames, the best configuration, the verdict, and what they refuse."""

import math
import shutil

import pandas as pd
import pytest
from made_sweeps import made_verdict, make_folder, report_of

import class_sweep as cs
from class_sweep.api.frames import REPORT_COLUMNS, TRIAL_COLUMNS
from class_sweep.config.objective import metric_names


@pytest.fixture
def results(tmp_path, small_space_text):
    """A sweep with a trial in every state."""
    config = {"curriculum.order": "random", "curriculum.alpha": 0.5, "curriculum.beta": 0.1,
              "curriculum.sigma": 0.6, "curriculum.intensity": "constant"}  # fmt: skip
    failed = report_of(3, "fail", None, config, reason="NaN", samples=0, step=0)
    records = [
        report_of(0, "continue", 0.2, config, name="full_data", rung=0, compared=True, samples=640),
        report_of(0, "finish", 0.3, config, name="full_data", report=1),
        report_of(1, "finish", 0.4, config | {"curriculum.alpha": 0.7}, loss=1.5),
        report_of(2, "prune", 0.1, config, rung=0, compared=True, samples=640),
        failed,
        report_of(4, "finish", 0.4, config, same_as=1),
        report_of(5, "finish", 0.35, config, rerun_of=3),
        report_of(6, "pause", 0.25, config, rung=0, compared=True, samples=640),
    ]
    return cs.open(make_folder(tmp_path / "first", small_space_text, records))


def test_the_frame_of_trials_has_a_row_for_each_trial(results):
    frame = results.trials
    assert list(frame.columns) == [*TRIAL_COLUMNS, *results.space.axes, *metric_names()]
    assert {name: str(frame[name].dtype) for name in TRIAL_COLUMNS} == {
        name: kind for name, (kind, _) in TRIAL_COLUMNS.items()
    }
    assert list(frame.trial) == list(range(7))
    assert list(frame.state) == [
        "finished", "finished", "pruned", "failed, run again", "finished", "finished", "paused",
    ]  # fmt: skip
    assert list(frame.reports) == [2, 1, 1, 1, 1, 1, 1]
    assert frame.loc[0, "seconds"] == 1.0
    assert frame.loc[0, "share_of_full_data"] == pytest.approx(1.0)
    assert (frame.loc[4, "same_as"], frame.loc[5, "rerun_of"]) == (1, 3)
    assert frame.loc[3, "reason"] == "NaN"
    assert math.isnan(frame.loc[3, "objective"])
    assert frame.same_as.isna().sum() == 6
    assert (frame.loc[1, "curriculum.alpha"], frame.loc[1, "split/mrr"]) == (0.7, 0.4)


def test_the_frame_of_reports_has_a_row_for_each_line_of_the_log(results):
    frame = results.reports
    assert list(frame.columns) == [*REPORT_COLUMNS, *metric_names()]
    assert {name: str(frame[name].dtype) for name in REPORT_COLUMNS} == {
        name: kind for name, (kind, _) in REPORT_COLUMNS.items()
    }
    assert len(frame) == 8
    assert list(frame[frame.trial == 0].decision) == ["continue", "finish"]
    assert frame.at[0, "rung"] == 0
    assert pd.isna(frame.at[1, "rung"])
    assert frame.loc[2, "loss"] == 1.5
    assert str(frame["at"].dt.tz) == "UTC"


def test_a_sweep_that_has_not_begun_has_empty_frames(tmp_path, small_space_text):
    results = cs.open(make_folder(tmp_path / "new", small_space_text, [], state=None))
    assert results.state == "not started"
    for frame, columns in ((results.trials, TRIAL_COLUMNS), (results.reports, REPORT_COLUMNS)):
        assert len(frame) == 0
        assert list(frame.columns)[: len(columns)] == list(columns)
    assert results.verdict is None
    assert results.test_readings == []
    with pytest.raises(cs.errors.ResultsError, match="must have ended to have a best config"):
        _ = results.best


def test_the_best_configuration_is_the_winner_of_the_confirmation(tmp_path, small_space_text):
    folder = make_folder(tmp_path / "first", small_space_text, verdict=made_verdict())
    best_yaml = small_space_text.partition("curriculum:")[0]
    rest = small_space_text.partition("optimizer:")[2].replace("trials: 8", "trials: 1")
    rest = rest.replace(", baselines: [full_data]", "")
    (folder / "best.yaml").write_text(f"{best_yaml}curriculum: {{alpha: 0.5}}\noptimizer:{rest}")
    results = cs.open(folder)
    best = results.best
    assert (best.name, best.trial, best.confirmed, best.seeds) == ("trial 2", 2, True, 5)
    assert best.metrics["split/mrr"] == 0.31
    assert best.space.settings.curriculum.alpha == 0.5
    assert repr(best).startswith("<BestConfiguration trial 2, confirmed: hard_first")
    assert results.verdict.winner.arm == "trial 2"
    assert repr(results) == f"<Results {folder}: finished>"


def test_the_report_is_written_into_the_folder(results):
    page = results.report()
    assert page == results.path / "report.html"
    assert "<html" in page.read_text()


def test_a_path_without_a_sweep_is_refused(tmp_path):
    with pytest.raises(cs.errors.ResultsError, match=r"must hold space\.yaml"):
        cs.open(tmp_path)
    with pytest.raises(cs.errors.InputError, match="--out is for a sweep from a storage"):
        cs.open(tmp_path, out=tmp_path / "copy")


def test_a_sweep_with_changed_settings_is_not_read(results, tmp_path, small_space_text):
    shutil.rmtree(results.path)
    with pytest.raises(cs.errors.ResultsError):
        _ = results.trials


def test_bad_arguments_of_a_run_write_nothing(tmp_path, small_space_text, monkeypatch):
    (tmp_path / "small.yaml").write_text(small_space_text)
    space = cs.load_space(tmp_path / "small.yaml")
    with pytest.raises(cs.errors.ResultsError, match="a results folder must be new"):
        cs.run(space, tmp_path)
    with pytest.raises(cs.errors.InputError, match="a storage that is a path must be an existing"):
        cs.run(space, tmp_path / "first", storage=str(tmp_path / "nowhere"))
    monkeypatch.setenv("RAY_ADDRESS", "")
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def test_an_interrupted_run_is_an_error_that_names_the_folder(
    tmp_path, small_space_text, monkeypatch
):
    (tmp_path / "small.yaml").write_text(small_space_text)
    space = cs.load_space(tmp_path / "small.yaml")

    def interrupt(_space, path, **_options):
        path.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("class_sweep.api.results.run_sweep", interrupt)
    with pytest.raises(cs.errors.InterruptedSweepError) as error:
        cs.run(space, tmp_path / "first", progress=False)
    assert error.value.folder == tmp_path / "first"
