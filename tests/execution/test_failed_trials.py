"""The trials that `rerun --failed` runs again."""

import pytest
from made_sweeps import make_folder, report_of

from class_sweep.errors import ResultsError
from class_sweep.execution.search import failed_trials
from class_sweep.results.folder import ResultsFolder

CONFIG = {"curriculum.order": "random", "curriculum.alpha": 0.5}


def failed(trial, **fields):
    return report_of(trial, "fail", None, CONFIG, samples=0, reason="burst", **fields)


def test_only_the_latest_failures_are_run_again(tmp_path, small_space_text):
    records = [
        failed(0),
        report_of(1, "finish", 0.3, CONFIG),
        failed(2),
        failed(3, rerun_of=0),
        report_of(4, "finish", 0.3, CONFIG, rerun_of=2),
    ]
    folder = make_folder(tmp_path / "made", small_space_text, records)
    assert [record.trial for record in failed_trials(ResultsFolder(folder))] == [3]


def test_a_sweep_without_failures_is_refused(tmp_path, small_space_text):
    folder = make_folder(tmp_path / "made", small_space_text, [report_of(0, "finish", 0.3, CONFIG)])
    with pytest.raises(ResultsError, match="must have failed trials to rerun"):
        failed_trials(ResultsFolder(folder))
