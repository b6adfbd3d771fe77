"""Typed JSON files: their content, and the error about a file with another shape."""

import json

import pytest
from made_sweeps import made_reading, made_saving, made_verdict, summary_of

from class_sweep.errors import ResultsError
from class_sweep.results.json_files import json_line, json_text, read_json
from class_sweep.results.summary import SweepSummary
from class_sweep.results.test_log import TestReading
from class_sweep.results.verdict import Verdict

SUMMARY = summary_of("finished", 8)
FILES = [
    (SweepSummary, SUMMARY),
    (Verdict, made_verdict()),
    (Verdict, made_saving()),
    (TestReading, made_reading()),
]


@pytest.mark.parametrize(("model", "tree"), FILES)
def test_a_file_has_the_same_keys_in_the_same_order_after_reading_and_writing(
    tmp_path, model, tree
):
    path = tmp_path / "file.json"
    path.write_text(json.dumps(tree))
    read = read_json(path, model)
    assert json.loads(json_text(read)) == tree
    assert list(json.loads(json_line(read))) == [name for name in order(model) if name in tree]


def order(model):
    return [field.alias or name for name, field in model.model_fields.items()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": None}, "state must be 'running', 'confirming', .*, got None"),
        ({"rung_decisions": "3"}, "rung_decisions must be a valid integer, got '3'"),
        ({"rung_decisions": True}, "rung_decisions must be a valid integer, got True"),
        ({"pairs": {"train": 1, "validation": 2}}, "the key pairs.test is required"),
        ({"warnings": [1]}, "warnings.0 must be a valid string, got 1"),
        ({"samples": {"seen": 0, "full_budget": 1, "share": 0.0}}, "the key samples.foretold"),
    ],
)
def test_an_error_names_the_file_the_key_and_what_was_expected(tmp_path, change, message):
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(SUMMARY | change))
    with pytest.raises(ResultsError, match=rf"summary\.json must be readable: .*: {message}"):
        read_json(path, SweepSummary)


def test_a_verdict_of_an_older_version_is_read_without_a_margin(tmp_path):
    tree = made_verdict()
    del tree["frontier"], tree["trials"], tree["rule"]["margin"], tree["rule"]["prefer"]
    for pair in tree["pairs"]:
        del pair["non_inferior"], pair["p_ni_adjusted"]
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(tree))
    assert json.loads(json_text(read_json(path, Verdict))) == made_verdict() | {"trials": None}


def test_the_intervals_of_an_older_verdict_have_equal_tails(tmp_path):
    tree = made_verdict()
    del tree["rule"]["better_share"]
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(tree))
    assert read_json(path, Verdict).rule.better_share == 0.5


def test_keys_of_a_later_version_are_ignored(tmp_path):
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(SUMMARY | {"later": 1}))
    assert json.loads(json_text(read_json(path, SweepSummary))) == SUMMARY
