"""Complete sweeps on a real Ray, from the command line."""

import json
import math

import optuna
import pytest
from waiting import patience

from class_sweep.config.document import load_space, parse_space
from class_sweep.curriculum.schedule import Schedule
from class_sweep.results.record import Record

pytestmark = pytest.mark.ray


def test_a_finished_folder_has_its_files(finished):
    folder, _ = finished
    assert {p.name for p in folder.iterdir()} >= {
        "space.yaml", "trials.jsonl", "study.db", "best.yaml", "summary.json", "environment.json",
        "report.html",
    }  # fmt: skip
    assert not (folder / "tune").exists()


def test_the_results_take_no_more_disk_than_check_estimates(finished, small_space_text):
    from class_sweep.preparation.footprint import results_bytes

    folder, _ = finished
    taken = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    estimated = results_bytes(parse_space(small_space_text), 3, 70)
    assert taken <= estimated < 4 * taken


def test_the_summary_agrees_with_the_log(finished, small_space_text, lines):
    folder, _ = finished
    summary = json.loads((folder / "summary.json").read_text())
    records = [Record.from_json(json.dumps(line)) for line in lines(folder)]
    last = {r.trial: r for r in records}
    ends = [r.decision for r in last.values()]
    assert summary["objective"] == "validation/split/mrr"
    assert summary["trials"] == {
        "wanted": 8, "full_data": 0, "proposed": 8, "finished": ends.count("finish"),
        "pruned": ends.count("prune"), "failed": 0, "repeated": 0,
    }  # fmt: skip
    assert ends.count("prune") > 0
    assert summary["rung_decisions"] == sum(r.compared for r in records) > 0
    seen = sum(r.samples for r in last.values())
    assert summary["samples"]["seen"] == seen
    assert summary["samples"]["full_budget"] == 8 * 6 * (560 // 32) * 32
    best = max((r for r in last.values() if r.decision == "finish"), key=lambda r: r.objective)
    assert summary["best"]["trial"] == best.trial
    assert summary["best"]["metrics"] == best.metrics
    assert summary["best"]["share_of_full_data"] == pytest.approx(best.samples / 3264, abs=1e-4)
    assert set(summary["seconds"]) == {"data", "encoders", "index", "workers", "trials"}


def test_reports_are_exactly_at_the_rungs(finished, lines):
    folder, _ = finished
    space = load_space(folder / "space.yaml", recorded=True)
    for line in lines(folder):
        if line["rung"] is not None:  # after 1, 2 and 4 of the 6 epochs of full data
            steps = Schedule.of(space.resolve(line["config"]), 560).steps
            assert line["step"] == math.ceil(steps * 2 ** line["rung"] / 6)


def test_the_baseline_runs_first_and_to_its_end(finished, lines):
    folder, _ = finished
    first = [line for line in lines(folder) if line["trial"] == 0]
    assert first[0]["name"] == "full_data"
    assert first[-1]["decision"] == "finish"
    assert first[-1]["samples"] == 3264


def test_the_study_has_the_outcome_of_each_trial(finished, lines):
    folder, _ = finished
    study = optuna.load_study(study_name="class-sweep", storage=f"sqlite:///{folder}/study.db")
    states = {"finish": "COMPLETE", "prune": "PRUNED", "fail": "FAIL"}
    expected = {line["trial"]: states.get(line["decision"]) for line in lines(folder)}
    assert {t.number: t.state.name for t in study.trials} == expected


def test_the_best_file_is_complete_and_check_accepts_it(finished, sweep):
    folder, _ = finished
    space = load_space(folder / "best.yaml")
    assert not space.axes
    summary = json.loads((folder / "summary.json").read_text())
    for path, value in summary["best"]["config"].items():
        section, key = path.split(".")
        assert getattr(getattr(space.settings, section), key) == value
    code, out = sweep.run("check", folder / "best.yaml")
    assert code == 0, out


def test_the_final_summary_has_the_important_facts(finished):
    folder, out = finished
    for words in ("Best finished trial", "full_data", "samples, of full data's", "pruned at",
                  "a candidate, not a finding", str(folder / "best.yaml")):  # fmt: skip
        assert words in out


def test_status_and_export_of_a_finished_sweep(finished, sweep):
    folder, _ = finished
    code, out = sweep.run("status", folder, "--json")
    assert code == 0
    tree = json.loads(out)
    assert tree["state"] == "finished"
    assert tree["trials"]["running"] == 0
    code, out = sweep.run("export", folder, "--top", 2, "-o", sweep.cwd / "top.yaml")
    assert code == 0
    first = load_space(sweep.cwd / "top-1.yaml")
    assert first.settings == load_space(folder / "best.yaml").settings
    code, out = sweep.run("export", folder)
    assert parse_space(out).settings == first.settings


@pytest.mark.long
def test_the_same_file_and_seed_give_the_same_reports(finished, sweep, small_file, without_times):
    folder, _ = finished
    again = sweep.cwd / "again"
    code, out = sweep.run("run", small_file, "--out", again)
    assert code == 0, out
    assert without_times(again) == without_times(folder)


def test_a_folder_in_use_is_refused(finished, sweep):
    from class_sweep.results.folder import ResultsFolder, ResultsWriter

    folder, _ = finished
    with ResultsWriter(ResultsFolder(folder)):
        code, out = sweep.run("resume", folder)
    assert code == 2
    assert "is in use" in out


@pytest.fixture(scope="module")
def one_rung_file(small_space_text, tmp_path_factory):
    path = tmp_path_factory.mktemp("space") / "one_rung.yaml"
    halving = "pruning: {grace_epochs: 1, reduction_factor: 2}"
    assert halving in small_space_text
    text = small_space_text.replace(
        halving, "pruning: {kind: one_rung, grace_epochs: 2, min_kept: 2}"
    )
    path.write_text(text.replace("[0.3, 0.9]", "[0.7, 0.9]"))  # every trial reaches the rung
    return path


def by_trial(lines: list[dict]) -> dict[int, list[dict]]:
    by_number = {}
    for line in lines:
        by_number.setdefault(line["trial"], []).append(line)
    return by_number


@pytest.mark.long
def test_one_rung_finishes_the_best_trials_and_a_kill_loses_no_paused_trial(
    sweep, one_rung_file, lines, without_times
):
    whole = sweep.cwd / "one-rung"
    code, out = sweep.run("run", one_rung_file, "--out", whole)
    assert code == 0, out
    trials = by_trial(without_times(whole))
    baseline, *searched = (trials[number] for number in range(8))
    assert [line["decision"] for line in baseline] == ["continue", "finish"]
    best = sorted(searched, key=lambda reports: reports[0]["objective"])[-2:]
    finished = [reports for reports in searched if reports[-1]["decision"] == "finish"]
    assert sorted(finished, key=str) == sorted(best, key=str)
    ends = [[line["decision"] for line in reports] for reports in searched]
    assert ["pause", "prune"] in ends  # a paused trial that a better trial replaced
    cut = sweep.cwd / "one-rung-cut"
    process = sweep.start_and_wait(cut, 7, "run", one_rung_file, "--out", cut)
    process.kill()
    process.communicate(timeout=patience())
    code, out = sweep.run("resume", cut)
    assert code == 0, out
    assert by_trial(without_times(cut)) == trials
    study = optuna.load_study(study_name="class-sweep", storage=f"sqlite:///{cut}/study.db")
    assert {t.state.name for t in study.trials} == {"COMPLETE", "PRUNED"}


@pytest.mark.long
def test_a_recording_keeps_every_curve_for_replay(sweep, small_space_text, lines):
    path = sweep.cwd / "record.yaml"
    path.write_text(small_space_text.replace("trials: 8", "trials: 4"))
    folder = sweep.cwd / "recorded"
    code, out = sweep.run("run", path, "--out", folder, "--record", "2")
    assert code == 0, out
    by_number = by_trial(lines(folder))
    assert len(by_number) == 8
    for reports in by_number.values():
        assert [line["decision"] for line in reports[:-1]] == ["continue"] * (len(reports) - 1)
        assert reports[-1]["decision"] == "finish"
        assert [line["rung"] for line in reports[:-1]] == list(range(len(reports) - 1))
    assert len(by_number[0]) == 6  # full data: at each of its six epochs
    assert by_number[2][-1]["config"] | {"search.seed": 4} == by_number[3][-1]["config"]
    assert by_number[2][-1]["objective"] != by_number[3][-1]["objective"]
    assert json.loads((folder / "summary.json").read_text())["warnings"] == []
    code, out = sweep.run("replay", folder, "--json", "--pruner", "one_rung", "--min-kept", "1")
    assert code == 0, out
    tree = json.loads(out)
    assert (tree["configurations"], tree["references"], tree["seeds"]) == (3, 1, 2)
    assert 0 < tree["pruners"][0]["samples"] < 1


@pytest.mark.long
def test_a_sweep_without_rung_decisions_succeeds_with_a_warning(sweep, small_space_text):
    path = sweep.cwd / "late.yaml"
    text = small_space_text.replace("grace_epochs: 1", "grace_epochs: 6")
    path.write_text(text.replace("trials: 8", "trials: 3"))
    code, out = sweep.run("run", path, "--out", sweep.cwd / "late")
    assert code == 0, out
    assert "No rung decision was made: nothing was ever pruned or compared" in out
    summary = json.loads((sweep.cwd / "late" / "summary.json").read_text())
    assert [w.split(":")[0] for w in summary["warnings"]] == ["No rung decision was made"]
    assert summary["rung_decisions"] == 0
