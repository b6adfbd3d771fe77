"""A confirmation of trials that a loop of one's own has trained on the pairs of the space."""

import math

import pytest

import class_sweep as cs
from class_sweep.results.folder import ResultsFolder

pytestmark = [pytest.mark.ray, pytest.mark.long]


def test_the_trials_of_a_loop_are_confirmed_on_the_data_of_the_space(sweep, small_file, tmp_path):
    space, path = cs.load_space(small_file), tmp_path / "loop"
    with cs.Tuner(space, path) as tuner:
        for trial in tuner:
            for milestone in trial.milestones:
                value = trial.settings.curriculum.alpha * (1 - math.exp(-milestone.step / 50))
                if tuner.tell(trial, value, step=milestone.step) != "continue":
                    break
    begun = ResultsFolder(path).read_environment()
    code, out = sweep.run("confirm", path, "--finalists", 1, "--seeds", 3, "--max-seeds", 3)
    assert code == 0, out
    assert "the difficulty differs" not in out  # the loop has read none
    results = cs.open(path)
    assert (results.state, results.verdict.runs) == ("finished", 6)
    assert results.summary.confirm.words == results.verdict.words
    environment = ResultsFolder(path).read_environment()
    assert environment.features_sha256
    assert environment.index_sha256
    assert (environment.data_sha256, environment.sweep_id) == (begun.data_sha256, begun.sweep_id)
    best = ResultsFolder(path).best.read_text()
    cs.Tuner(space, path).close()
    assert ResultsFolder(path).best.read_text() == best
    assert results.best.name == results.verdict.winner.arm
