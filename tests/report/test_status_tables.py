import json

import pytest

from class_sweep.config.objective import parse_objective
from class_sweep.report.status import headline, status_tree, status_view

MRR = parse_objective("validation/mrr")


@pytest.fixture
def reports(record):
    return [
        record(0, "finish", name="full_data", samples=2000, objective=0.375),
        record(1, "continue", compared=True, samples=500),
        record(1, "prune", compared=True, samples=900, objective=0.9),
        record(2, "fail", objective=None, samples=0, reason="bad [shape] [/x]"),
        record(3, "finish", samples=1000, objective=0.5),
        record(4, "continue", samples=500),
    ]


@pytest.fixture
def running(summary):
    return summary(
        state="running", samples={"seen": 0, "full_budget": 16_000, "foretold": None, "share": 0.0}
    )


def test_the_state_is_that_of_the_log_and_not_of_the_older_summary(running, reports):
    tree = status_tree(running, reports, MRR, running=True)
    assert json.loads(json.dumps(tree)) == tree
    assert tree["state"] == "running"
    assert tree["trials"] == {
        "wanted": 16,
        "running": 1,
        "interrupted": 0,
        "paused": 0,
        "finished": 2,
        "pruned": 1,
        "failed": 1,
    }
    assert tree["rung_decisions"] == 2
    assert tree["samples"] == {"seen": 4400, "full_budget": 16_000, "share": 0.275}
    assert tree["failures"] == [{"trial": 2, "reason": "bad [shape] [/x]"}]


def test_the_best_is_a_finished_trial(running, reports):
    assert status_tree(running, reports, MRR, running=True)["best"] == {
        "trial": 3,
        "name": None,
        "config": {"curriculum.order": "random", "curriculum.alpha": 0.5},
        "objective": 0.5,
        "samples": 1000,
    }
    assert status_tree(running, reports[1:4], MRR, running=True)["best"] is None


def test_a_sweep_that_nobody_runs_was_interrupted(running, reports):
    tree = status_tree(running, reports, MRR, running=False)
    assert tree["state"] == "interrupted"
    assert (tree["trials"]["running"], tree["trials"]["interrupted"]) == (0, 1)


@pytest.mark.parametrize("running_now", [True, False])
def test_a_finished_sweep_stays_finished(summary, reports, running_now):
    tree = status_tree(summary(state="finished"), reports, MRR, running=running_now)
    assert tree["state"] == "finished"


def test_the_table_has_finished_trials_first_and_the_best_on_top(
    terminal, running, reports, tmp_path
):
    console = terminal()
    tree = status_tree(running, reports, MRR, running=True)
    errors = tmp_path / "errors"
    errors.mkdir()
    (errors / "trial-0002.txt").write_text("Traceback")
    console.print(status_view(tree, reports, MRR, errors), soft_wrap=True)
    head, _, *rows, last = console.file.getvalue().splitlines()
    assert head == (
        "running: 4 of 16 trials ended (2 finished, 1 pruned, 1 failed), 2 rung decisions,"
        " 27.5 % of the full budget's samples"
    )
    assert [row.split()[0] for row in rows] == ["3", "0", "4", "1", "2"]
    assert rows[1].split() == ["0", "37.5", "%", "2,000", "finished", "full_data"]
    assert last == f"trial 2 failed: bad [shape] [/x] ({errors / 'trial-0002.txt'})"


def test_a_confirmation_is_counted_and_its_verdict_told(summary, reports):
    found = summary(state="confirming")
    tree = status_tree(found, reports, MRR, running=True, confirmed=7)
    assert tree["state"] == "confirming"
    assert headline(tree).endswith(", 7 runs of the confirmation")
    assert status_tree(found, reports, MRR, running=False)["state"] == "interrupted"
    confirmed = {
        "winner": {"arm": None, "confirmed": False, "words": "a claim"},
        "words": ["a claim", "its grounds"],
        "finalists": [],
        "seeds": [],
        "runs": 0,
        "samples": 0,
        "failed": [],
        "enough": None,
    }
    done = summary(state="finished", confirm=confirmed)
    assert status_tree(done, reports, MRR, running=False)["verdict"] == ["a claim", "its grounds"]
