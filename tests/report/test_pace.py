from datetime import UTC, datetime, timedelta

import pytest

from class_sweep.report.pace import seconds_left

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ends(record):
    """Reports that end trials at given seconds."""

    def build(*seconds):
        return [
            record(n, "prune", at=(BEGIN + timedelta(seconds=s)).isoformat())
            for n, s in enumerate(seconds)
        ]

    return build


def test_what_is_left_takes_as_long_as_what_was_done(ends):
    assert seconds_left(ends(0, 10, 20), wanted=8) == pytest.approx(50)


def test_too_few_ends_say_nothing_and_none_left_neither(ends):
    assert seconds_left(ends(0, 10), wanted=8) is None
    assert seconds_left(ends(0, 10, 20), wanted=3) is None


def test_a_trial_under_way_is_no_end(ends, record):
    running = record(9, at=(BEGIN + timedelta(seconds=99)).isoformat())
    assert seconds_left([*ends(0, 10, 20), running], wanted=8) == pytest.approx(50)


def test_the_pause_before_a_resume_is_forgotten(ends):
    times = [0, 1000, *range(1010, 1010 + 40 * 5, 5)]
    assert seconds_left(ends(*times), wanted=52) == pytest.approx(10 * 5)
