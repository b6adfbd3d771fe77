"""A few kills of a sweep, its confirmation and a training; `kill_loop.py` makes more by hand."""

import pytest
from kill_loop import KillLoop, SweepWork, TrainWork


@pytest.mark.long
@pytest.mark.ray
@pytest.mark.parametrize(("kind", "kills"), [(SweepWork, 6), (TrainWork, 2)])
def test_no_kill_loses_repeats_or_changes_a_line(kind, kills, tmp_path):
    outcome = KillLoop(tmp_path, seed=5, kills=kills).run([kind])
    assert outcome.kills == kills
    assert not outcome.problems, outcome.table()
