"""The reason of a trial that Ray Tune gave up on, from Ray Tune's own error texts."""

import pytest

from class_sweep.execution.tune.scheduler import _reason

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
