"""Ask and tell: the trials of a sweep for a loop of one's own, its end, and its misuse."""

import math
import shutil

import pytest
from typer.testing import CliRunner

import class_sweep as cs
from class_sweep.cli.main import app
from class_sweep.errors import DataError, ResultsError, TunerError
from class_sweep.results.folder import ResultsFolder

PAIRS = 560


def space_of(trials=8, **sections):
    given = {
        "data": cs.data.Names(limit=700),
        "text_encoder": cs.text_encoders.Lsa(),
        "molecule_encoder": cs.molecule_encoders.Morgan(),
        "backbone": cs.backbones.Contrastive(),
        "curriculum": cs.Curriculum(alpha=cs.uniform(0.3, 0.9), beta=cs.uniform(0.05, 0.2)),
        "optimizer": cs.Optimizer(batch_size=32),
        "budget": cs.Budget(6),
        "search": cs.Search(trials, seed=3, baselines=["full_data"]),
        "pruning": cs.pruners.SuccessiveHalving(grace_epochs=1, reduction_factor=2, min_kept=2),
        "confirm": cs.Confirm(finalists=0),
    }
    return cs.Space(**given | sections)


def score(trial, step):
    """A learning curve that depends on the trial alone."""
    return trial.settings.curriculum.alpha * (1 - math.exp(-step / 50))


def train(tuner, reports=math.inf):
    """Run the loop of the documentation; the trials in the order in which they ended."""
    order = []
    for trial in tuner:
        for milestone in trial.milestones:
            value = score(trial, milestone.step)
            decision = tuner.tell(trial, value, step=milestone.step)
            order.append((trial.number, milestone.step, decision))
            if len(order) >= reports:
                return order
            if decision != "continue":
                break
    return order


def without_times(folder):
    return [
        {k: v for k, v in vars(record).items() if k not in ("at", "seconds")}
        for record in ResultsFolder(folder).records()
    ]


def test_a_loop_trains_every_trial_to_its_end(tmp_path):
    with cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS) as tuner:
        order = train(tuner)
        assert tuner.finished
        best = tuner.best
    decisions = [decision for _, _, decision in order]
    assert {"continue", "pause", "finish"} <= set(decisions)
    results = cs.open(tmp_path / "loop")
    assert results.state == "finished"
    trials = results.trials
    assert len(trials) == 8
    assert set(trials.state) == {"finished", "pruned"}
    top = trials[trials.state == "finished"].sort_values("objective").iloc[-1]
    assert (best.trial, best.metrics["split/mrr"]) == (top.trial, top.objective)
    assert results.best.config == best.config
    assert results.best.space.axes == {}
    assert results.report().exists()


def test_a_tuner_in_memory_makes_the_trials_of_one_with_a_folder(tmp_path):
    in_memory = train(cs.Tuner(space_of(), pairs=PAIRS))
    with cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS) as tuner:
        assert train(tuner) == in_memory


@pytest.mark.parametrize(
    "reports", [4, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 9, 14))]
)
def test_a_loop_that_was_cut_continues_to_the_same_log(tmp_path, reports):
    with cs.Tuner(space_of(), tmp_path / "whole", pairs=PAIRS) as tuner:
        train(tuner)
    with cs.Tuner(space_of(), tmp_path / "cut", pairs=PAIRS) as tuner:
        train(tuner, reports)
    with cs.Tuner(space_of(), tmp_path / "cut") as tuner:
        train(tuner)
    assert without_times(tmp_path / "cut") == without_times(tmp_path / "whole")


def test_the_settings_of_a_trial_are_a_space_without_axes(tmp_path):
    tuner = cs.Tuner(space_of(), pairs=PAIRS)
    baseline, trial = tuner.ask(), tuner.ask()
    assert (baseline.name, trial.name) == ("full_data", None)
    assert trial.settings.curriculum.alpha == trial.config["curriculum.alpha"]
    (tmp_path / "trial.yaml").write_text(trial.space.text)
    assert cs.load_space(tmp_path / "trial.yaml").settings == trial.settings
    assert [m.rung for m in trial.milestones[:-1]] == list(range(len(trial.milestones) - 1))
    assert trial.milestones[-1].last


def test_trials_run_in_parallel_until_only_a_report_can_free_one():
    tuner = cs.Tuner(space_of(pruning=cs.pruners.None_()), pairs=PAIRS)
    asked = [tuner.ask() for _ in range(8)]
    assert tuner.ask() is None
    for trial in reversed(asked):
        assert tuner.tell(trial.number, 0.5) == "finish"
    assert tuner.finished


def test_ask_after_the_end_is_an_error():
    tuner = cs.Tuner(space_of(), pairs=PAIRS)
    train(tuner)
    with pytest.raises(TunerError, match="asked for before the end, and all 8 trials have ended"):
        tuner.ask()


def test_tell_twice_is_an_error():
    tuner = cs.Tuner(space_of(), pairs=PAIRS)
    trial = tuner.ask()
    first = trial.milestones[0].step
    tuner.tell(trial, 0.1, step=first)
    with pytest.raises(
        TunerError, match=rf"must be told of its next milestone, step \d+, got step {first}"
    ):
        tuner.tell(trial, 0.1, step=first)
    tuner.tell(trial, 0.2)
    with pytest.raises(TunerError, match=r"trial 0 is not: it has ended \(complete\)"):
        tuner.tell(trial, 0.2)


def test_a_trial_that_is_unknown_or_not_running_is_an_error(tmp_path):
    tuner = cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS)
    with pytest.raises(TunerError, match="must be one that was asked for, got 3 of 0"):
        tuner.tell(3, 0.5)
    trial = tuner.ask()
    tuner.release(trial)
    with pytest.raises(TunerError, match="trial 0 is not: ask for it"):
        tuner.tell(trial, 0.5)
    assert tuner.ask().number == trial.number


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"split/hits@1": 0.5}, "must give the objective, split/mrr, got split/hits@1"),
        ({}, "must give the objective, split/mrr, got nothing"),
        ("high", "must be a number, or numbers by metric, got 'high'"),
        (None, "must be a number, or numbers by metric, got None"),
    ],
)
def test_a_value_without_the_objective_is_an_error(value, words):
    tuner = cs.Tuner(space_of(), pairs=PAIRS)
    with pytest.raises(TunerError, match=words):
        tuner.tell(tuner.ask(), value)


def test_a_failed_trial_ends_and_the_others_continue():
    tuner = cs.Tuner(space_of(), pairs=PAIRS)
    tuner.fail(tuner.ask(), "no memory")
    assert tuner.tell(tuner.ask(), math.nan) == "fail"
    train(tuner)
    assert tuner.finished
    assert tuner.best.trial not in (0, 1)


def test_the_loop_needs_the_end_of_the_trial_before():
    tuner = cs.Tuner(space_of(trials=2), pairs=PAIRS)
    with pytest.raises(TunerError, match="and trial 0, 1 was not; call tell, fail or release"):
        for _ in tuner:
            pass


def test_another_process_tells_of_trials_that_still_run(tmp_path):
    space = space_of(pruning=cs.pruners.None_())
    with cs.Tuner(space, tmp_path / "loop", pairs=PAIRS) as tuner:
        asked = [tuner.ask() for _ in range(3)]
    with cs.Tuner(space, tmp_path / "loop", running=[0, 2]) as tuner:
        assert tuner.ask().number == asked[1].number  # its job is lost
        assert tuner.ask().number == 3
        for number in (0, 2, 1, 3):
            tuner.tell(number, 0.1 * number)
    with pytest.raises(TunerError, match="running trial must be open, and trial 2 is not: it has"):
        cs.Tuner(space, tmp_path / "loop", running=[2])


def test_a_folder_of_another_sweep_is_refused(tmp_path, small_space_text):
    from made_sweeps import make_folder

    cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS).close()
    with pytest.raises(ResultsError, match=r"got other settings: search\.trials 8 → 7"):
        cs.Tuner(space_of(trials=7), tmp_path / "loop")
    with pytest.raises(ResultsError, match="must continue with 560 pairs, got 561"):
        cs.Tuner(space_of(), tmp_path / "loop", pairs=561)
    with pytest.raises(ResultsError, match=r"by the loop that trains its trials"):
        cs.open(tmp_path / "loop").resume()
    run = make_folder(tmp_path / "run", small_space_text)
    with pytest.raises(ResultsError, match="was begun by `class-sweep run`"):
        cs.Tuner(space_of(), run)


def test_the_folder_is_complete(tmp_path):
    with cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS) as tuner:
        begun = cs.open(tmp_path / "loop")
        assert (begun.state, begun.summary.state) == ("running", "running")
        train(tuner, 5)
    assert begun.state == "interrupted"
    with cs.Tuner(space_of(), tmp_path / "loop") as tuner:
        train(tuner)
        best = tuner.best
    summary = begun.summary
    counts, pairs = summary.trials, summary.pairs
    assert (begun.state, summary.state) == ("finished", "finished")
    assert (counts.wanted, counts.finished + counts.pruned) == (8, 8)
    assert (pairs.train, pairs.validation, pairs.test) == (PAIRS, None, None)
    assert summary.best.metrics == best.metrics
    assert set(summary.references) == {"full_data"}
    assert summary.samples.seen == sum(
        trial.samples for trial in begun.trials.itertuples() if trial.trial >= 0
    )
    page = begun.report().read_text()
    assert "the best of many runs is also the luckiest" in page
    other = shutil.copytree(tmp_path / "loop", tmp_path / "other")
    for command in (["status"], ["compare", str(other)], ["export", "--format", "ray"]):
        assert CliRunner().invoke(app, [*command, str(begun.path)]).exit_code == 0


def test_a_sweep_without_a_finished_trial_has_failed(tmp_path):
    with cs.Tuner(space_of(trials=2), tmp_path / "loop", pairs=PAIRS) as tuner:
        for trial in tuner:
            tuner.fail(trial, "no memory")
    assert cs.open(tmp_path / "loop").state == "failed"


def test_a_sweep_that_ends_with_repeated_trials_is_complete(tmp_path):
    curriculum = cs.Curriculum(alpha=0.5, order=cs.choice(["easy_first", "random"]))
    space = space_of(
        curriculum=curriculum,
        pruning=cs.pruners.None_(),
        search=cs.Search(8, seed=3, sampler="random"),
    )
    with cs.Tuner(space, tmp_path / "loop", pairs=PAIRS) as tuner:
        asked = 0
        for trial in tuner:
            tuner.tell(trial, 0.5)
            asked += 1
    results = cs.open(tmp_path / "loop")
    assert asked == 2
    assert results.summary.trials.repeated == 6
    assert results.best.trial == 0


def test_more_trials_in_the_space_extend_the_sweep(tmp_path, caplog):
    with cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS) as tuner:
        train(tuner)
    before = without_times(tmp_path / "loop")
    with cs.Tuner(space_of(trials=12), tmp_path / "loop") as tuner:
        assert cs.open(tmp_path / "loop").state == "running"
        assert train(tuner)
    results = cs.open(tmp_path / "loop")
    assert without_times(tmp_path / "loop")[: len(before)] == before
    assert (results.state, results.summary.trials.wanted, len(results.trials)) == (
        "finished",
        12,
        12,
    )
    assert results.space.extended_from == (8,)
    with pytest.raises(ResultsError, match=r"got other settings: search\.trials 12 → 8"):
        cs.Tuner(space_of(), tmp_path / "loop")


def test_a_process_that_was_killed_in_an_extension_has_extended_the_sweep(tmp_path):
    cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS).close()
    folder = ResultsFolder(tmp_path / "loop")
    text = folder.space.read_text()
    cs.Tuner(space_of(trials=12), tmp_path / "loop").close()
    extended = folder.space.read_text()
    folder.space.write_text(text)
    with cs.Tuner(space_of(trials=12), tmp_path / "loop") as tuner:
        assert folder.space.read_text() == extended
        train(tuner)
    assert len(cs.open(tmp_path / "loop").trials) == 12


def test_the_end_of_a_sweep_leaves_its_confirmed_best_configuration(tmp_path):
    with cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS) as tuner:
        train(tuner)
    best = ResultsFolder(tmp_path / "loop").best
    best.write_text(f"# confirmed\n{best.read_text()}")
    cs.Tuner(space_of(), tmp_path / "loop").close()
    assert best.read_text().startswith("# confirmed")


def test_no_command_trains_what_only_the_loop_can(tmp_path):
    with cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS) as tuner:
        train(tuner)
    files = [path for path in (tmp_path / "loop").iterdir() if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    commands = {
        "resume": "by the loop that trains its trials, with class_sweep.Tuner",
        "extend --trials 12": "by the loop that trains its trials, with class_sweep.Tuner",
        "extend --epochs 12 -o more": "by the loop that trains its trials, with class_sweep.Tuner",
        "confirm": "begun by class_sweep.Tuner with `pairs` of the loop's own",
    }
    for command, words in commands.items():
        name, *options = command.split()
        done = CliRunner().invoke(app, [name, str(tmp_path / "loop"), *options])
        assert isinstance(done.exception, ResultsError), command
        assert words in str(done.exception)
    assert before == {path: path.read_bytes() for path in before}


def test_an_unfinished_sweep_names_the_loop_that_continues_it(tmp_path):
    with cs.Tuner(space_of(), tmp_path / "loop") as tuner:  # with the pairs of the space
        train(tuner, 3)
    begun = cs.open(tmp_path / "loop")
    continued = r"continue it with: class_sweep\.Tuner, in the loop that trains its trials"
    with pytest.raises(ResultsError, match=f"must have ended to have a best .*{continued}"):
        _ = begun.best
    with pytest.raises(ResultsError, match=f"must be finished to be confirmed.*{continued}"):
        begun.confirm(finalists=1, progress=False)


def test_the_best_trial_of_a_share_has_its_share_of_full_datas_samples(tmp_path):
    space = space_of(
        curriculum=cs.Curriculum(alpha=0.5, pacing="full", hard_negatives=cs.choice([0, 1])),
        search=cs.Search(2, shares=[0.5], sampler="random"),
        pruning=cs.pruners.None_(),
    )
    with cs.Tuner(space, tmp_path / "loop", pairs=PAIRS) as tuner:
        train(tuner)
        best = tuner.best
    assert best.space.settings.budget.samples is not None
    assert best.share_of_full_data == pytest.approx(0.5, abs=0.02)
    assert cs.open(tmp_path / "loop").best.share_of_full_data == best.share_of_full_data


def test_a_sweep_of_a_loop_starts_no_search_warm(tmp_path):
    with cs.Tuner(space_of(), tmp_path / "loop") as tuner:
        train(tuner)
    warm = space_of(search=cs.Search(8, warm_start=[str(tmp_path / "loop")]))
    with pytest.raises(ResultsError, match=r"trained by a loop of one's own, with class_sweep"):
        cs.run(warm, tmp_path / "warm", progress=False)


@pytest.mark.parametrize("setting", [{"warm_start": ["results/first"]}, {"hours": 2}])
def test_settings_of_run_alone_are_refused(setting):
    with pytest.raises(TunerError, match=rf"without search\.{next(iter(setting))}, which only"):
        cs.Tuner(space_of(search=cs.Search(8, **setting)), pairs=PAIRS)


def test_one_process_at_a_time_has_the_folder(tmp_path):
    tuner = cs.Tuner(space_of(), tmp_path / "loop", pairs=PAIRS)
    with pytest.raises(ResultsError, match="one process at a time may write"):
        cs.Tuner(space_of(), tmp_path / "loop")
    tuner.close()
    cs.Tuner(space_of(), tmp_path / "loop").close()


def test_too_few_pairs_write_nothing(tmp_path):
    with pytest.raises(DataError, match=r"^optimizer\.batch_size: "):
        cs.Tuner(space_of(), tmp_path / "loop", pairs=20)
    assert not (tmp_path / "loop").exists()


def test_the_pairs_of_the_space_are_counted():
    assert cs.Tuner(space_of()).ask().milestones == cs.Tuner(space_of(), pairs=560).ask().milestones
