"""Trials that Ray Tune gave up on: their reason from its own error texts, and who is told."""

from types import SimpleNamespace

import pytest

from class_sweep.execution.interrupts import StopRequest
from class_sweep.execution.tune.scheduler import TunerScheduler, _reason

RAISED = """\
Failure # 1 (occurred at 2026-01-01_10-00-00)
\x1b[36mray::CurriculumTrial.train()\x1b[39m (pid=1, ip=127.0.0.1)
  File "/a/loop.py", line 11, in train_to
OSError: [Errno 5] first
Failure # 2 (occurred at 2026-01-01_10-00-09)
\x1b[36mray::CurriculumTrial.train()\x1b[39m (pid=2, ip=127.0.0.1)
  File "/a/loop.py", line 11, in train_to
KeyError: 'boom [x]'

"""
DIED = """\
Failure # 1 (occurred at 2026-01-01_10-00-00)
The actor died unexpectedly before finishing this task.
\tclass_name: CurriculumTrial
\tactor_id: 5d56
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (RAISED, "KeyError: 'boom [x]'"),
        (DIED, "the trial's process died: The actor died unexpectedly before finishing this task."),
        (RAISED + DIED.replace("# 1", "# 3"), "the trial's process died: The actor died"
         " unexpectedly before finishing this task."),
        ("", "the trial's process died: it left no message"),
    ],
)  # fmt: skip
def test_the_reason_is_the_last_failure_in_one_line(text, reason):
    assert _reason(text) == reason


@pytest.mark.parametrize("recovers", [True, False])
def test_a_trial_that_ray_tune_starts_again_has_not_lost_a_retry(tmp_path, recovers):
    (tmp_path / "error").write_text(DIED)
    deaths = []
    tuner = SimpleNamespace(worker_died=lambda number, *_, **__: deaths.append(number))
    trial = SimpleNamespace(
        should_recover=lambda: recovers, error_file=str(tmp_path / "error"), config={"trial": 7}
    )
    TunerScheduler(tuner, StopRequest()).on_trial_error(None, trial)
    assert deaths == ([] if recovers else [7])
