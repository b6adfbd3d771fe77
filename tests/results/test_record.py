import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.results.record import Record

words = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**53)
records = st.builds(
    Record,
    trial=counts,
    name=words | st.none(),
    identity=words,
    config=st.dictionaries(words, numbers | st.integers() | words | st.booleans(), max_size=4),
    report=counts,
    step=counts,
    samples=counts,
    rung=counts | st.none(),
    decision=st.sampled_from(["continue", "prune", "finish", "fail"]),
    compared=st.booleans(),
    objective=numbers | st.none(),
    metrics=st.dictionaries(words, numbers, max_size=3),
    loss=numbers | st.none(),
    reason=words | st.none(),
    seconds=numbers,
    at=words,
)


WHOLE = (
    '{"trial": 1, "name": null, "identity": "x", "config": {"α": 1}, "report": 0, "step": 2,'
    ' "samples": 64, "rung": null, "decision": "finish", "compared": false, "objective": 0.5}'
)


@given(records)
def test_a_record_is_one_line_and_is_read_back(record):
    line = record.to_json()
    assert "\n" not in line
    assert Record.from_json(line) == record


@given(records, st.dictionaries(words.map("later_{}".format), words, min_size=1, max_size=3))
def test_keys_of_a_later_version_are_ignored(record, later):
    assert Record.from_json(json.dumps(asdict(record) | later)) == record


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("[1, 2]", r"it must be an object, got \[1, 2\]"),
        ("3", "it must be an object, got 3"),
        ('{"decision": "finish", "trial": 1}', "the key name is required, and it is missing"),
        (WHOLE.replace(', "decision": "finish"', ""), "the key decision is required"),
        (WHOLE.replace("finish", "stop"), "decision must be 'continue', .* or 'fail', got 'stop'"),
        (WHOLE.replace("64", '"64"'), "samples must be a valid integer, got '64'"),
        (WHOLE.replace('"α": 1', '"α": null'), "config.α must be a number, a string or a truth"),
        ('{"trial": 1, "decision"', "Invalid JSON: EOF"),
        ("", "Invalid JSON: EOF"),
    ],
)
def test_a_line_that_is_no_record_is_refused(line, rule):
    with pytest.raises(ValueError, match=rule):
        Record.from_json(line)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_outside_json_are_refused(record, value):
    with pytest.raises(ValueError, match="JSON compliant"):
        record(objective=value).to_json()


def test_a_trial_has_ended_unless_it_continues(record):
    ended = {d: record(decision=d).ended for d in ("continue", "prune", "finish", "fail")}
    assert ended == {"continue": False, "prune": True, "finish": True, "fail": True}
