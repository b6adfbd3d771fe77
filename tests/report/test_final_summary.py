import json
import math
import re
from pathlib import Path

import pytest
from made_sweeps import made_reading, made_saving

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, POOLS
from class_sweep.rendering.blocks import Text
from class_sweep.rendering.terminal import print_blocks, print_chapters
from class_sweep.report.final_summary import cautions, files_chapter, final_summary
from class_sweep.report.tables.test_reading import test_reading_blocks as reading_blocks
from class_sweep.results.test_log import TestReading
from class_sweep.results.verdict import Verdict


@pytest.fixture
def printed(terminal):
    def run(summary, folder=Path("results/small")):
        console = terminal(width=70)
        print_chapters(console, [*final_summary(summary, folder), files_chapter(summary, folder)])
        return console.file.getvalue()

    return run


def texts(blocks):
    return [block.text for block in blocks]


def test_every_number_of_the_table_is_that_of_the_summary(printed, summary):
    sweep_summary = summary()
    text = printed(sweep_summary)
    [heads] = re.findall(r"^ +best +(.*)$", text, re.MULTILINE)
    assert heads.split() == ["paper", "full_data"]
    trials = [sweep_summary.best, *sweep_summary.references.values()]
    for pool in POOLS:
        for direction in DIRECTIONS:
            for metric in METRICS:
                name = f"{pool}/{direction}/{metric}"
                [row] = re.findall(rf"^ +{re.escape(name)} +(.*)$", text, re.MULTILINE)
                values = [float(number) for number in row.replace("%", "").split()]
                assert ("%" in row) is (metric not in {"mean_rank", "log_rank"})
                scale = 1 if metric == "mean_rank" else 100
                expected = [
                    math.exp(trial.metrics[name])
                    if metric == "log_rank"
                    else scale * trial.metrics[name]
                    for trial in trials
                ]
                assert values == pytest.approx(expected, abs=0.051)
    [row] = re.findall(r"samples, of full data's +(.*)$", text, re.MULTILINE)
    assert row.split() == ["71.2", "%", "65.9", "%", "100.0", "%"]


def test_the_best_trial_and_the_cost_are_shown(printed, summary):
    text = printed(summary())
    assert "Best finished trial: trial 7\n  hard_first  α 0.4375\n" in text
    assert "16 trials: 6 finished, 9 pruned at 21 rung decisions, 1 failed" in text
    assert (
        "345,678 samples seen, 25.0 % of the samples if every trial trained on the full data"
        in text
    )
    assert "2 min 06 s in total: data 1.2 s, trials 2 min 05 s" in text


def test_duplicates_are_counted_and_explained_once(printed, summary):
    whole = summary()
    assert "duplicate" not in printed(whole)
    trials = whole.trials.model_copy(update={"repeated": 3})
    text = " ".join(printed(whole.model_copy(update={"trials": trials})).split())
    assert "3 of them duplicates, not trained" in text
    assert text.count("the space has few different schedules") == 1


def test_the_files_are_listed_also_if_the_folder_name_has_brackets(printed, summary):
    folder = Path("results/[bold]a[/x]")
    text = printed(summary(), folder)
    for name in ("best.yaml", "trials.jsonl", "summary.json", "study.db"):
        assert f"  {folder / name} " in text


def test_a_baseline_as_the_best_trial_has_its_name(printed, summary):
    sweep_summary = summary()
    sweep_summary = sweep_summary.model_copy(update={"best": sweep_summary.references["paper"]})
    assert "Best finished trial: trial 0\n  paper\n" in printed(sweep_summary)


# --- caution: an unconfirmed lead ----------------------------------------------------------------


def test_the_lead_over_full_data_is_in_points_beside_the_standard_error(summary):
    sweep_summary = summary()
    sweep_summary.best.metrics["split/hits@1"] = 0.36
    sweep_summary.references["full_data"].metrics["split/hits@1"] = 0.325
    [line] = texts(cautions(sweep_summary))
    assert "differs from full_data's by +3.5 points" in line
    error = 100 * math.sqrt(0.36 * 0.64 / 400)
    assert f"standard error is about {error:.1f} points on 400 queries" in line
    assert "2.4 points" in line
    assert line.endswith("this is a candidate, not a finding.")


def test_a_schedule_that_is_behind_full_data_has_a_negative_lead(summary):
    sweep_summary = summary()
    sweep_summary.best.metrics["split/hits@1"] = 0.30
    sweep_summary.references["full_data"].metrics["split/hits@1"] = 0.325
    assert "differs from full_data's by -2.5 points" in texts(cautions(sweep_summary))[0]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_standard_error_at_the_ends_is_zero(summary, share):
    sweep_summary = summary()
    sweep_summary.best.metrics["split/hits@1"] = share
    assert "is about 0.0 points" in texts(cautions(sweep_summary))[0]


def test_full_data_as_the_best_trial_means_that_no_schedule_beat_it(summary):
    sweep_summary = summary()
    sweep_summary = sweep_summary.model_copy(update={"best": sweep_summary.references["full_data"]})
    [line] = texts(cautions(sweep_summary))
    assert line.startswith("The best trial is full_data itself: no schedule of this sweep beat it.")


def test_without_full_data_the_setting_that_adds_it_is_named(summary):
    [line] = texts(cautions(summary(references={})))
    assert line.startswith("No full_data trial finished to compare with")
    assert "baselines: [full_data]" in line


def test_the_warnings_of_a_sweep_are_red_and_first(summary, printed, terminal):
    sweep_summary = summary(warnings=["No rung decision was made: nothing was compared"])
    assert cautions(sweep_summary)[0] == Text(sweep_summary.warnings[0], "alarm")
    assert len(cautions(sweep_summary)) == 2
    assert sweep_summary.warnings[0] in printed(sweep_summary)
    console = terminal(terminal=True)
    print_blocks(console, cautions(sweep_summary)[:1])
    bold_and_red = "\x1b[1;31m"
    assert console.file.getvalue().startswith(f"{bold_and_red}{sweep_summary.warnings[0]}")


# --- confirmed ----------------------------------------------------------------------------------

WON = "trial 7 is better than full data by 1.1 points of MRR [0.4, 1.8] with 79 % of its samples"


@pytest.fixture
def confirm():
    return {
        "winner": {"arm": "trial 7", "confirmed": True, "words": WON},
        "finalists": ["trial 7", "trial 9"],
        "samples": 12_345,
        "words": [WON, WON.replace("is better", ": better"), "trial 9: not told [apart]"],
        "seeds": [4, 5, 6],
        "runs": 21,
        "failed": [],
        "enough": None,
    }


def test_a_verdict_replaces_the_caution(printed, summary, confirm):
    text = printed(summary(confirm=confirm))
    assert "Verdict" in text
    assert f"  {WON}\n" in text
    assert "trial 9: not told [apart]" in text  # brackets are no markup
    assert "21 runs with up to 3 paired seeds." in text
    assert "verdict.json" in text
    assert "a candidate, not a finding" not in text
    assert "More seeds" not in text


def test_the_winner_is_shown_beside_full_data_and_the_paper(terminal, summary, confirm):
    console = terminal(width=100)
    verdict = Verdict.model_validate_json(json.dumps(made_saving()))
    sweep_summary = summary(confirm=confirm)
    print_chapters(console, final_summary(sweep_summary, Path("results/a b"), verdict))
    text = console.file.getvalue()
    paper = 100 * sweep_summary.references["paper"].metrics["split/mrr"]
    for line in (
        r"best\.yaml +trial 2: hard_first",
        r"validation/split/mrr +30\.2 % ± 0\.2 %, over 5 seeds",
        r"full data +30\.0 % ± 0\.2 %, over 5 seeds",
        rf"the paper's schedule +{paper:.1f} %, one run of the search",
        r"samples +62\.0 % of full data's",
        r"time +70\.0 % of full data's",
        r"class-sweep train 'results/a b/best\.yaml' --out 'models/a b'",
    ):
        assert re.search(rf"^ +{line}", text, re.MULTILINE), line


def test_failed_runs_and_the_command_for_more_seeds_are_shown(printed, summary, confirm):
    failed = [{"arm": "paper", "seed": 4, "reason": "x"}]
    text = printed(summary(confirm=confirm | {"enough": 20, "failed": failed}))
    assert "21 runs with up to 3 paired seeds, 1 of them failed." in text
    assert " --seeds 20 --max-seeds 20\n" in text


def test_warnings_stay_beside_a_verdict(summary, confirm):
    sweep_summary = summary(confirm=confirm, warnings=["No rung decision was made"])
    assert cautions(sweep_summary) == [Text("No rung decision was made", "alarm")]


def test_a_reading_of_the_test_split_shows_arms_differences_and_the_number_of_readings(terminal):
    def reading(number):
        return TestReading.model_validate_json(json.dumps(made_reading(reading=number)))

    console = terminal(width=200)
    print_blocks(console, reading_blocks(reading(1)))
    text = console.file.getvalue()
    assert "test, 2 seeds, 70 queries" in text
    assert (
        "trial 2 − full_data, split/mrr: +1.2, 95 % [+0.4, +2.1] over seeds, [-0.1, +2.5] over"
        " seeds and queries"
    ) in text
    assert "only the first reading" not in text
    print_blocks(console, reading_blocks(reading(2)))
    assert "has now been read 2 times; only the first reading was a test" in console.file.getvalue()
