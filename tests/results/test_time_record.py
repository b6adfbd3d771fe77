"""The time that a sweep used, from its logs."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.results.time_record import TimeRecord, busy_seconds

RECORD = TimeRecord(
    hours=0.1, machine="EPYC, 1 core", step_seconds=0.01, evaluation_seconds=0.3,
    start_seconds=0.1, worker_seconds=4, trials=14, seeds=5,
    search_seconds=216, confirm_seconds=144,
)  # fmt: skip


@dataclass
class Line:
    at: str
    seconds: float


def line(end, seconds):
    return Line(datetime.fromtimestamp(end, UTC).isoformat(timespec="milliseconds"), seconds)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12))))
def test_busy_time_is_that_in_which_any_line_was_worked_on(spans):
    covered = {second for end, length in spans for second in range(end - length, end)}
    assert busy_seconds([line(end, length) for end, length in spans]) == pytest.approx(len(covered))


def test_lines_without_a_time_do_not_count():
    assert busy_seconds([Line("", 5), line(10, 0)]) == 0


def test_the_words_say_what_was_planned_and_what_was_used():
    assert RECORD.trials_wanted == 14
    assert RECORD.words == (
        "search.hours 0.1 (6 min 00 s): planned up to 14 trials in 3 min 36 s and a confirmation"
        " with 5 seeds in 2 min 24 s, by steps measured on EPYC, 1 core"
    )
    ended = RECORD.model_copy(update={"proposed": 9, "used_seconds": 350.0, "seeds": 0})
    assert ended.trials_wanted == 9
    assert ended.words.endswith(
        "and no confirmation, by steps measured on EPYC, 1 core; had time for 9; used 5 min 50 s"
    )
