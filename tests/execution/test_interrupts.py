"""Requests to stop: the first Ctrl-C asks, the second one ends at once."""

import signal

import pytest

from class_sweep.errors import SweepError
from class_sweep.execution.interrupts import StopRequest


def test_the_first_interrupt_asks_and_the_second_one_ends():
    stop, told = StopRequest(), []
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stop.listening(lambda: told.append("asked")):
        assert not stop.asked
        signal.raise_signal(signal.SIGINT)
        assert stop.asked
        assert told == ["asked"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == ["asked"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_termination_ends_at_once():
    stop = StopRequest()
    with pytest.raises(KeyboardInterrupt), stop.listening(lambda: None):
        signal.raise_signal(signal.SIGTERM)
    assert not stop.asked


def test_ray_tune_ends_only_once_every_running_trial_has_reported():
    stop = StopRequest()
    assert not stop.stop_all()
    stop.ask(SweepError("a node is unusable"))
    assert not stop.stop_all()
    stop.ready = True
    assert stop.stop_all()
    assert not stop("a trial", {})  # the pruner stops single trials
