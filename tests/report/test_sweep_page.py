"""The report of a sweep: complete in every state of a results folder, and self-contained."""

import base64
import gzip
import json
import re
import time

import plotly.graph_objects as go
import pytest
from made_sweeps import (
    CONFIG,
    made_reading,
    made_saving,
    made_verdict,
    make_folder,
    report_of,
    searched,
)
from page_reader import read_page

from class_sweep.config.components import BACKBONES
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import parse_space
from class_sweep.config.recording import as_recording
from class_sweep.config.sections import Optimizer
from class_sweep.errors import ResultsError
from class_sweep.report.chapters.axes import _UNITS, edge_warnings
from class_sweep.report.chapters.importance import fanova
from class_sweep.report.sweep_facts import read_sweep
from class_sweep.report.sweep_page import sweep_markdown, sweep_page, write_page

CHAPTERS = [
    "verdict", "curves", "axes", "importance", "parallel", "schedules", "order", "cost", "trials",
    "provenance",
]  # fmt: skip
NO_AXES = """\
data: {source: names, limit: 700}
text_encoder: {kind: lsa, dimensions: 32}
molecule_encoder: {kind: morgan, bits: 256}
backbone: {name: contrastive, hidden: 32, dimension: 16}
curriculum: {order: hard_first, sigma: 0.6, alpha: 0.5, beta: 0.1}
optimizer: {lr: 3e-3, batch_size: 32}
budget: {epochs: 6}
search: {trials: 1}
objective: validation/mrr
"""


def read(page):
    reader = read_page(page)
    assert set(reader.ids) >= set(CHAPTERS)
    for name, figure in figures(reader).items():
        assert f"plot-{name}" in reader.ids
        drawn = go.Figure(figure["data"], figure["layout"])  # an unknown property raises
        assert drawn.layout.xaxis.title.text or drawn.layout.yaxis.title.text, name
    return reader


def figures(reader):
    return json.loads(reader.scripts[0]) if len(reader.scripts) == 3 else {}


def plots(reader):
    return set(figures(reader))


@pytest.fixture
def folder(tmp_path, small_space_text):
    def build(records=None, *, text=small_space_text, **more):
        return make_folder(tmp_path / "made", text, records, **more)

    return build


def test_a_finished_sweep_has_every_plot_and_nothing_is_confirmed(folder):
    reader = read(sweep_page(folder(trials=60)))
    axes = {f"axis-{i}" for i in range(5)}
    small = {"share", "intensity", "samples", "stage-seconds", "outcome-samples"}
    assert plots(reader) == {
        "savings", "curves", "importance", "parallel", "order", *axes, *small,
    }  # fmt: skip
    assert "Nothing is confirmed. The best of" in reader.text
    assert "this is a candidate, not a finding" in reader.text
    assert "class-sweep run 'small space.yaml'" in reader.text
    assert "a" * 64 in reader.text


def test_the_page_loads_nothing_and_is_reproducible(folder):
    made = folder()
    page = sweep_page(made)
    assert read(page).loads == []
    outside = page[: page.index('id="plotly"')]
    assert not re.search(r"@import|url\(|https?://", outside)
    assert sweep_page(made) == page


@pytest.mark.parametrize(("share", "longer"), [(0.9, True), (0.5, False)])
def test_a_page_says_which_intervals_are_longer_on_the_side_of_better(folder, share, longer):
    verdict = made_verdict()
    verdict["rule"]["better_share"] = share
    page = sweep_page(folder(verdict=verdict))
    assert ("an interval is longer on that side" in page) == longer


def test_a_verdict_is_shown_with_its_intervals(folder):
    reader = read(sweep_page(folder(verdict=made_verdict())))
    assert "verdict" in plots(reader)
    assert "Nothing is confirmed" not in reader.text
    for words in ("trial 2 is better", "+0.40 … +1.80", "−3.00 … −1.00", "no memory", "79 %"):
        assert words in reader.text
    forest = figures(reader)["verdict"]["data"]
    assert {trace["name"]: trace["x"] for trace in forest} == {
        "better": [pytest.approx(1.1)],
        "worse": [pytest.approx(-2.0)],
        "not told apart": [pytest.approx(0.2)],
    }
    assert "λ trial 2" in reader.text  # the finalist's schedule, not that of the sweep's best


def test_the_first_screen_says_what_the_winner_is_and_what_it_saves(folder):
    made = folder(verdict=made_saving())
    reader = read(sweep_page(made))
    assert {"verdict", "savings"} <= plots(reader)
    text = reader.text[: reader.text.index("paired seeds")]
    assert "trial 2 is not worse than full data by more than 0.3 points" in text
    for words in (
        "trial 2: hard_first", "30.2 % ± 0.2 %, over 5 seeds", "30.0 % ± 0.2 %, over 5 seeds",
        "one run of the search", "62.0 % of full data's", "70.0 % of full data's",
        f"class-sweep train {made / 'best.yaml'} --out models/made",
    ):  # fmt: skip
        assert words in text
    [trace] = figures(reader)["verdict"]["data"]
    assert trace["name"] == "not worse"


def test_the_unit_of_a_difference_in_mean_rank_is_ranks(folder, small_space_text):
    text = small_space_text.replace("validation/mrr", "validation/mean_rank")
    reader = read(sweep_page(folder(text=text, verdict=made_verdict("split/mean_rank"))))
    layout = figures(reader)["verdict"]["layout"]
    assert layout["xaxis"]["title"]["text"] == "difference (ranks)"
    assert "neither better nor worse; lower is better" in reader.text


def test_readings_of_the_test_split_are_counted(folder):
    made = folder(verdict=made_verdict())
    first, second = made_reading(reading=1), made_reading(reading=2)
    second["arms"] = {arm: dict.fromkeys(means, 0.77) for arm, means in second["arms"].items()}
    lines = "".join(json.dumps(reading) + "\n" for reading in (first, second))
    (made / "test.jsonl").write_text(lines + '{"torn')
    text = read(sweep_page(made)).text
    assert "It was read 2 times; only the first reading" in text
    assert "31.0 %" in text
    assert "77.0 %" not in text


@pytest.mark.parametrize("state", ["running", "interrupted", None])
def test_the_report_of_an_unfinished_sweep_has_a_warning(folder, small_space_text, state):
    space = parse_space(small_space_text)
    records = [r for r in searched(space, 5) if r.decision != "finish"]
    reader = read(sweep_page(folder(records, state=state)))
    if state:
        assert "State: interrupted" in reader.text  # no process holds the lock
        assert "The sweep has not ended" in reader.text
    assert "no trial has finished, so there is no winner" in reader.text
    assert "curves" in plots(reader)


def test_the_report_of_a_folder_with_only_a_space(folder):
    reader = read(sweep_page(folder([], state=None)))
    assert "State: not started" in reader.text
    assert plots(reader) == set()


def test_the_report_of_a_sweep_whose_trials_all_failed(folder):
    records = [
        report_of(i, "fail", None, CONFIG, samples=0, reason="<b>it</b> | burst") for i in range(3)
    ]
    made = folder(records, state="failed")
    reader = read(sweep_page(made))
    assert "3 failed" in reader.text
    assert "<b>it</b> | burst" in reader.text
    assert "\\<b>it\\</b> \\| burst |" in sweep_markdown(made)


def test_the_report_of_a_space_without_axes(folder):
    reader = read(sweep_page(folder([report_of(0, "finish", 0.3, {})], text=NO_AXES)))
    assert "This space has no axes" in reader.text
    assert "best of 1 finished" in reader.text


def test_duplicates_reruns_and_paused_trials_are_shown(folder):
    other = CONFIG | {"curriculum.sigma": 0.65}
    records = [
        report_of(0, "finish", 0.3, CONFIG),
        report_of(1, "finish", 0.3, other, same_as=0),
        report_of(2, "fail", None, CONFIG, samples=0, reason="burst"),
        report_of(3, "finish", 0.2, CONFIG, rerun_of=2),
        report_of(4, "pause", 0.1, CONFIG, samples=576, rung=0),
    ]
    made = folder(records, state="interrupted")
    text = read(sweep_page(made)).text
    for words in (
        "duplicate of trial 0, not trained",
        "rerun of trial 2",
        "failed, run again",
    ):
        assert words in text
    assert "1 paused" in text
    assert "1 trials were not trained: they are duplicates" in text
    curves = next(c for c in figures(read(sweep_page(made)))["curves"]["data"])
    assert all("trial 1:" not in label for label in curves["text"])


def test_a_paused_trial_that_is_pruned_later_counts_at_its_rung(folder):
    records = [
        report_of(0, "pause", 0.1, CONFIG, samples=576, rung=0),
        report_of(1, "pause", 0.3, CONFIG, samples=576, rung=0),
        report_of(0, "prune", 0.1, CONFIG, samples=576, report=1),
        report_of(1, "finish", 0.4, CONFIG, report=1),
    ]
    _, table = sweep_markdown(folder(records)).split("pruned there", 1)
    row = table.splitlines()[2]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == "576"
    assert cells[3:5] == ["2", "1"]  # trials there, pruned there


def test_a_recording_has_a_mean_for_each_configuration_and_no_winner(folder, small_space_text):
    space = as_recording(parse_space(small_space_text), 2)
    records = [
        report_of(trial, "finish", 0.2 + trial / 100, CONFIG | {"search.seed": 3 + trial % 2})
        for trial in range(4)
    ]
    reader = read(sweep_page(folder(records, text=space.text)))
    assert "this is a recording of learning curves" in reader.text
    assert "20.5 %" in reader.text  # of trials 0 and 1
    assert "search.seed" not in {
        f["layout"]["xaxis"]["title"]["text"] for f in figures(reader).values()
    }


@pytest.mark.parametrize(
    ("alpha", "sigma", "edges"),
    [
        (0.31, 0.6, ["curriculum.alpha"]),
        (0.6, 0.8, ["curriculum.sigma"]),
        (0.6, 0.6, []),
        (0.89, 0.4, ["curriculum.alpha", "curriculum.sigma"]),
    ],
)
def test_a_best_trial_at_an_edge_gives_a_warning(folder, alpha, sigma, edges):
    config = CONFIG | {"curriculum.alpha": alpha, "curriculum.sigma": sigma}
    made = folder([report_of(0, "finish", 0.3, config), report_of(1, "finish", 0.1, CONFIG)])
    warnings = edge_warnings(read_sweep(made))
    assert [path for path in config if any(path in line for line in warnings)] == edges


def test_the_bound_of_a_setting_gives_no_warning(folder, small_space_text):
    text = small_space_text.replace("uniform: [0.3, 0.9]", "uniform: [0.3, 1.0]")
    made = folder([report_of(0, "finish", 0.3, CONFIG | {"curriculum.alpha": 1.0})], text=text)
    assert edge_warnings(read_sweep(made)) == []


def test_fanova_finds_the_axis_that_matters(small_space_text):
    space = parse_space(small_space_text)
    trials = {r.trial: r for r in searched(space, 80, first=())}.values()
    shares = fanova(space.axes, [(r.config, r.config["curriculum.alpha"]) for r in trials])
    assert max(shares, key=shares.get) == "curriculum.alpha"
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["curriculum.alpha"] > 0.9


def test_markdown_has_the_same_facts(folder):
    made = folder(trials=30, verdict=made_verdict())
    text = sweep_markdown(made)
    for title in ("## Verdict", "## Learning curves", "## Trials", "### Epoch by epoch"):
        assert title in text
    assert "**trial 2 is better**" in text
    rows = [line for line in text.splitlines() if re.match(r"\| \d+ \| (finished|pruned)", line)]
    assert len(rows) == 30
    head = next(line for line in text.splitlines() if line.startswith("| trial | state"))
    assert {row.count(" | ") for row in rows} == {head.count(" | ")}


def test_the_report_of_a_thousand_trials_takes_seconds_and_is_small(folder, capsys):
    made = folder(trials=1000)
    start, worked = time.perf_counter(), time.process_time()
    page = write_page(made)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    size = page.stat().st_size
    cost = f" [1,000 trials: {seconds:.1f} s, {worked:.1f} s of work, {size / 1e6:.2f} MB]"
    with capsys.disabled():
        print(cost, end="")  # noqa: T201 - the cost is a result of the test
    assert worked < 10
    assert size < 5_000_000
    scripts = read(page.read_text()).scripts
    assert b"plotly.js v" in gzip.decompress(base64.b64decode(scripts[1]))[:100]


def test_a_folder_without_a_sweep_and_a_damaged_file_are_errors(tmp_path, folder):
    with pytest.raises(ResultsError, match=r"must hold space\.yaml"):
        sweep_page(tmp_path)
    made = folder(verdict={})
    (made / "verdict.json").write_text("{")
    with pytest.raises(ResultsError, match=r"verdict\.json must be readable"):
        sweep_page(made)


def test_units_of_axes_belong_to_settings():
    sections = [Curriculum, Optimizer, *(BACKBONES.settings_class(name) for name in BACKBONES)]
    settings = {name for section in sections for name in section.model_fields}
    assert set(_UNITS) <= settings | {"quantile"}  # of sigma
