import json

import pytest
from made_sweeps import make_folder

from class_sweep.config.document import parse_space
from class_sweep.errors import ResultsError
from class_sweep.rendering.terminal import print_blocks
from class_sweep.report.sweep_facts import SweepFacts, read_sweep
from class_sweep.report.sweep_status import SweepStatus, status_blocks
from class_sweep.results.json_files import json_text

FOUR_ENDED = {
    "wanted": 4, "proposed": 4, "finished": 2, "pruned": 1, "repeated": 0, "failed": 1,
}  # fmt: skip


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
def sweep(summary, reports, small_space_text, tmp_path):
    """The facts of a running sweep; `changes` are those of `summary.json`."""

    def build(records=reports, *, running=True, confirmation_runs=0, **changes):
        samples = {"seen": 0, "full_budget": 16_000, "foretold": None, "share": 0.0}
        wanted = changes.get("trials", {"wanted": 16})["wanted"]
        return SweepFacts(
            path=tmp_path,
            space=parse_space(small_space_text.replace("trials: 8", f"trials: {wanted}")),
            records=records,
            confirmation_runs=confirmation_runs,
            running=running,
            summary=summary(**{"state": "running", "samples": samples} | changes),
            environment=None,
            verdict=None,
            tests=[],
        )

    return build


def test_the_state_is_that_of_the_log_and_not_of_the_older_summary(sweep):
    tree = json.loads(json_text(SweepStatus.of(sweep())))
    assert tree["state"] == "running"
    assert tree["objective"] == "validation/split/mrr"
    assert tree["trials"] == {
        "wanted": 16,
        "running": 1,
        "interrupted": 0,
        "full_data": 0,
        "paused": 0,
        "finished": 2,
        "pruned": 1,
        "failed": 1,
    }
    assert tree["rung_decisions"] == 2
    assert tree["samples"] == {"seen": 4400, "full_budget": 16_000, "share": 0.275}
    assert tree["failures"] == [{"trial": 2, "reason": "bad [shape] [/x]"}]
    assert tree["seconds_left"] is None
    assert (tree["confirmed"], tree["verdict"]) == (0, [])


def test_the_best_trial_is_a_finished_one(sweep, reports):
    assert json.loads(json_text(SweepStatus.of(sweep())))["best"] == {
        "trial": 3,
        "name": None,
        "tuned": False,
        "share": None,
        "config": {"curriculum.order": "random", "curriculum.alpha": 0.5},
        "objective": 0.5,
        "samples": 1000,
    }
    assert SweepStatus.of(sweep(reports[1:4])).best is None


def test_a_sweep_without_a_process_is_interrupted(sweep):
    status = SweepStatus.of(sweep(running=False))
    assert status.state == "interrupted"
    assert (status.trials.running, status.trials.interrupted) == (0, 1)
    assert not status.active


@pytest.mark.parametrize("running", [True, False])
def test_a_finished_sweep_stays_finished(sweep, reports, running):
    ended = [record for record in reports if record.trial != 4]
    done = sweep(ended, state="finished", running=running, trials=FOUR_ENDED)
    assert SweepStatus.of(done).state == "finished"


def test_a_sweep_without_trials_has_no_status(tmp_path, small_space_text):
    made = make_folder(tmp_path / "made", small_space_text, [], state=None)
    with pytest.raises(ResultsError, match=r"must have started its trials, got .*made"):
        SweepStatus.of(read_sweep(made))


def test_the_table_has_finished_trials_first_and_the_best_on_top(terminal, sweep):
    console = terminal()
    running = sweep()
    errors = running.path / "errors"
    errors.mkdir()
    (errors / "trial-0002.txt").write_text("Traceback")
    print_blocks(console, status_blocks(SweepStatus.of(running), running))
    head, _, *rows, last = console.file.getvalue().splitlines()
    assert head == (
        "running: 4 of 16 trials ended (2 finished, 1 pruned, 1 failed), 2 rung decisions,"
        " 27.5 % of the full budget's samples"
    )
    assert [row.split()[0] for row in rows] == ["3", "0", "4", "1", "2"]
    assert rows[1].split() == ["0", "37.5", "%", "2,000", "finished", "full_data"]
    assert last == f"trial 2 failed: bad [shape] [/x] ({errors / 'trial-0002.txt'})"


def test_confirmation_runs_are_counted_and_the_verdict_is_shown(sweep):
    status = SweepStatus.of(sweep(state="confirming", confirmation_runs=7))
    assert status.state == "confirming"
    assert status.active
    assert status.headline().endswith(", 7 confirmation runs")
    assert SweepStatus.of(sweep(state="confirming", running=False)).state == "interrupted"
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
    done = SweepStatus.of(sweep(state="finished", confirm=confirmed, running=False))
    assert done.verdict == ["a claim", "its grounds"]


def test_a_finished_sweep_whose_log_lacks_trials_is_interrupted(sweep, reports):
    ended = [record for record in reports if record.trial != 4]
    whole = sweep(ended, running=False, state="finished", trials=FOUR_ENDED)
    assert whole.state == "finished"
    cut = sweep(ended[:-1], running=False, state="finished", trials=FOUR_ENDED)
    assert cut.state == "interrupted"
    assert SweepStatus.of(cut).headline().startswith("interrupted: 3 of 4 trials ended")
