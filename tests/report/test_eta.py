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


def test_the_rate_is_that_of_the_ended_trials(ends):
    assert seconds_left(ends(0, 10, 20), trials=8) == pytest.approx(50)


def test_the_time_is_unknown_with_too_few_ends_and_with_no_trial_left(ends):
    assert seconds_left(ends(0, 10), trials=8) is None
    assert seconds_left(ends(0, 10, 20), trials=3) is None


def test_a_running_trial_does_not_count_as_an_end(ends, record):
    running = record(9, at=(BEGIN + timedelta(seconds=99)).isoformat())
    assert seconds_left([*ends(0, 10, 20), running], trials=8) == pytest.approx(50)


def test_the_pause_before_a_resume_does_not_count(ends):
    times = [0, 1000, *range(1010, 1010 + 40 * 5, 5)]
    assert seconds_left(ends(*times), trials=52) == pytest.approx(10 * 5)


def test_the_rate_is_in_samples_if_the_expected_samples_are_known(record):
    def at(trial, seconds, samples, decision="pause", **fields):
        moment = (BEGIN + timedelta(seconds=seconds)).isoformat()
        return record(trial, decision, samples=samples, at=moment, **fields)

    reports = [at(0, 0, 100), at(1, 10, 100), at(2, 20, 100)]
    assert seconds_left(reports, trials=3, expected_samples=700) == pytest.approx(40)
    reports += [at(3, 20, 900, same_as=0), at(0, 30, 300)]  # 200 new samples
    assert seconds_left(reports, trials=4, expected_samples=700) == pytest.approx(200 * 30 / 400)
    assert seconds_left(reports[:2], trials=4, expected_samples=700) is None
    assert seconds_left(reports, trials=4, expected_samples=500) is None
    reports += [at(n, 40, 300, "finish") for n in range(4)]
    assert seconds_left(reports, trials=4, expected_samples=9000) is None  # ended early
