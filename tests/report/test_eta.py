from datetime import UTC, datetime, timedelta

import pytest

from class_sweep.report.eta import seconds_left

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


def test_with_known_samples_the_pace_is_that_of_the_samples(record):
    def at(trial, seconds, samples, decision="pause", **fields):
        moment = (BEGIN + timedelta(seconds=seconds)).isoformat()
        return record(trial, decision, samples=samples, at=moment, **fields)

    found = [at(0, 0, 100), at(1, 10, 100), at(2, 20, 100)]
    assert seconds_left(found, wanted=3, foretold=700) == pytest.approx(40)
    found += [at(3, 20, 900, same_as=0), at(0, 30, 300)]  # a leg of 200
    assert seconds_left(found, wanted=4, foretold=700) == pytest.approx(200 * 30 / 400)
    assert seconds_left(found[:2], wanted=4, foretold=700) is None
    assert seconds_left(found, wanted=4, foretold=500) is None
    found += [at(n, 40, 300, "finish") for n in range(4)]
    assert seconds_left(found, wanted=4, foretold=9000) is None  # all have ended, if early
