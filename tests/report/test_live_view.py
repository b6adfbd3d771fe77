import re

import pytest

from class_sweep.config.objective import parse_objective
from class_sweep.report.live_view import LiveView

MRR = parse_objective("validation/mrr")


def seen(console):
    """The text without colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())


@pytest.fixture
def follow(terminal, started, record):
    """Show a small sweep until four trials have ended; return the output."""

    def run(console, objective=MRR):
        with LiveView(console, objective) as view:
            for stage in ("data", "encoders", "index", "workers", "trials"):
                view.on_stage(stage)
            view.on_progress(1, 4)
            view.on_plan(8, 2000, None)
            for number in range(5):
                view.on_trial_start(started(number, "full_data" if number == 0 else None))
            view.on_report(record(0, samples=500))
            view.on_report(record(1, "prune", samples=500, objective=0.9))
            view.on_report(record(2, "fail", objective=None, samples=0, reason="bad [shape] [/x]"))
            view.on_report(record(0, "finish", name="full_data", samples=2000, objective=0.375))
            view.on_report(record(3, "finish", samples=1000, objective=0.5))
        return seen(console)

    return run


def test_a_terminal_shows_the_sweep_at_a_glance(terminal, follow):
    shown = follow(terminal(terminal=True))
    assert "running trials  25%" in shown
    assert "4 of 8 trials ended: 2 finished, 1 pruned, 1 failed; 1 running." in shown
    spent = "22% of the full budget's samples spent"  # (2000 + 500 + 1000) of 8 · 2000
    assert spent in " ".join(shown.split())
    last = shown[shown.rindex("best finished") :]
    assert last.startswith("best finished: trial 3, validation/split/mrr 50.0 %  random  α 0.5")


def test_a_terminal_shows_each_trial_in_a_row(terminal, follow):
    shown = follow(terminal(terminal=True))
    table = shown[shown.rindex("trial  schedule") :]
    rows = [line.split() for line in table.splitlines()[1:6]]
    assert rows == [
        ["0", "full_data", "2,000", "37.5", "%", "finished"],
        ["1", "random", "α", "0.5", "500", "90.0", "%", "pruned"],
        ["2", "random", "α", "0.5", "0", "–", "failed"],
        ["3", "random", "α", "0.5", "1,000", "50.0", "%", "finished"],
        ["4", "random", "α", "0.5", "running"],
    ]


def test_the_cursor_of_a_terminal_is_restored(terminal, follow):
    console = terminal(terminal=True)
    follow(console)
    text = console.file.getvalue()
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor


def test_a_terminal_shows_the_last_trials_only(terminal, started):
    console = terminal(terminal=True)
    with LiveView(console, MRR) as view:
        view.on_plan(40, 2000, None)
        for number in range(40):
            view.on_trial_start(started(number))
    table = seen(console)
    numbers = re.findall(r"^(\d+) +random", table[table.rindex("trial  schedule") :], re.MULTILINE)
    assert numbers == [str(number) for number in range(28, 40)]


def test_before_a_trial_starts_a_terminal_shows_the_stage(terminal):
    console = terminal(terminal=True)
    with LiveView(console, MRR) as view:
        view.on_stage("index")
        view.on_progress(3, 12)
    assert "counting look-alikes  25%" in seen(console)


def test_a_pruned_trial_is_not_the_best_finished_trial(terminal, started, record):
    console = terminal(terminal=True)
    with LiveView(console, MRR) as view:
        view.on_plan(2, 2000, None)
        view.on_trial_start(started(0))
        view.on_report(record(0, "prune", objective=0.9))
    assert "no trial has finished yet" in seen(console)
    assert "best finished" not in seen(console)


def test_without_a_terminal_there_is_a_line_for_each_stage_and_report(terminal, follow):
    console = terminal(width=60)
    shown = follow(console)
    assert console.file.getvalue() == shown  # no control codes
    lines = [re.sub(r"^ *\S+ s +", "", line) for line in shown.splitlines()]
    assert lines == [
        "reading the pairs",
        "encoding texts and molecules",
        "counting look-alikes",
        "starting Ray",
        "running trials",
        "trial    0  running         500 samples  validation/split/mrr 25.0 %  random  α 0.5",
        "trial    1  pruned          500 samples  validation/split/mrr 90.0 %  random  α 0.5",
        "trial    2  failed            0 samples  validation/split/mrr –  random  α 0.5"
        "  bad [shape] [/x]",
        "trial    0  finished       2000 samples  validation/split/mrr 37.5 %  full_data",
        "trial    3  finished       1000 samples  validation/split/mrr 50.0 %  random  α 0.5",
    ]


def test_a_failed_baseline_has_its_name_and_its_reason(terminal, record):
    console = terminal()
    with LiveView(console, MRR) as view:
        view.on_report(record(0, "fail", name="paper", objective=None, reason="out of memory"))
    assert seen(console).rstrip().endswith("–  paper  out of memory")


def test_a_mean_rank_is_shown_as_a_rank(terminal, follow):
    shown = follow(terminal(), parse_objective("validation/all/mean_rank"))
    assert "validation/all/mean_rank 0.5  random" in shown


def test_an_error_passes_through_and_the_cursor_is_restored(terminal):
    console = terminal(terminal=True)

    def fail():
        with LiveView(console, MRR):
            raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        fail()
    text = console.file.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_a_promoted_trial_is_running_and_stays_in_the_table(terminal, started, record):
    console = terminal(terminal=True)
    with LiveView(console, MRR) as view:
        view.on_plan(20, 2000, 9000)
        for number in range(20):
            view.on_trial_start(started(number))
            view.on_report(record(number, "pause" if number < 2 else "prune", samples=500))
        view.on_trial_start(started(0))
    shown = seen(console)
    last = shown[shown.rindex("18 of 20 trials ended") :]
    assert "0 failed; 1 running, 1 paused." in " ".join(last.split())
    rows = last[last.index("trial  schedule") :].splitlines()[1:]
    assert rows[0].split()[0] == "0"
    assert rows[0].split()[-1] == "running"
    assert rows[1].split()[0] == "9"
