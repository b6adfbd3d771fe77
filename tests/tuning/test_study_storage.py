import optuna
import pytest
from optuna.trial import TrialState

from class_sweep.errors import ResultsError, StorageError
from class_sweep.tuning.study_storage import FileStorage, MemoryStorage, reopen_trials

AXES = {
    "x": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
    "order": optuna.distributions.CategoricalDistribution(["easy_first", "random"]),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.db"


def opened(path):
    file = FileStorage(path)
    study = optuna.create_study(
        storage=file, study_name="s", direction="maximize", load_if_exists=True
    )
    return file, study


def read(path):
    """The trials as Optuna reads them from the file."""
    return optuna.load_study(study_name="s", storage=f"sqlite:///{path}").trials


def facts(trial):
    return (
        trial.number, trial.state, trial.values, trial.params, trial.distributions,
        trial.user_attrs, trial.system_attrs, trial.intermediate_values,
    )  # fmt: skip


def test_a_saved_file_equals_the_study_in_memory(path):
    file, study = opened(path)
    finished, pruned, running = (study.ask(AXES) for _ in range(3))
    for trial in (finished, pruned, running):
        trial.set_user_attr("config", "{}")
        file.save(trial.number)
    finished.report(0.1, 100)
    file.save(0)
    finished.report(0.2, 300)
    study.tell(finished, 0.2)
    file.save(0)
    pruned.report(0.05, 100)
    study.tell(pruned, state=TrialState.PRUNED)
    file.save(1)
    assert [facts(t) for t in read(path)] == [facts(t) for t in study.trials]
    assert [t.state for t in read(path)] == [
        TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING,
    ]  # fmt: skip


def test_a_reopened_study_continues(path):
    file, study = opened(path)
    first, second = study.ask(AXES), study.ask(AXES)
    first.report(0.5, 10)
    for number in (0, 1):
        file.save(number)
    study.tell(second, 0.7)
    file.save(1)
    before = [facts(t) for t in study.trials]
    file, study = opened(path)
    assert [facts(t) for t in study.trials] == before
    assert study.best_trial.number == 1
    study.tell(0, 0.9)
    file.save(0)
    assert [t.value for t in read(path)] == [0.9, 0.7]
    assert study.ask(AXES).number == 2


def test_an_unsaved_trial_is_not_in_the_file(path):
    _, study = opened(path)
    study.ask(AXES)
    assert read(path) == []
    _, study = opened(path)
    assert study.trials == []


def test_an_attribute_that_a_sampler_sets_later_is_saved(path):
    file, study = opened(path)
    trial = study.ask(AXES)
    file.save(0)
    study._storage.set_trial_system_attr(trial._trial_id, "cma:state", "00ff")
    trial.set_user_attr("reason", "it was late")
    file.save(0)
    assert read(path)[0].system_attrs == {"cma:state": "00ff"}
    assert read(path)[0].user_attrs == {"reason": "it was late"}


def test_a_trial_costs_the_file_few_transactions(path, monkeypatch):
    import sqlalchemy.event

    file, study = opened(path)
    commits = []
    sqlalchemy.event.listen(file._file.engine, "commit", commits.append)
    trial = study.ask(AXES)
    trial.set_user_attr("config", "{}")
    file.save(0)
    trial.report(0.5, 10)
    study.tell(trial, 0.5)
    file.save(0)
    assert len(commits) <= 3  # by Optuna's own storage: 14


def test_a_trial_that_has_not_ended_in_the_log_is_reopened(path):
    file, study = opened(path)
    finished, pruned, early, running = (study.ask(AXES) for _ in range(4))
    for trial in (finished, pruned, early, running):
        trial.set_user_attr("plan", f"plan {trial.number}")
        trial.report(0.1 * trial.number, step=100)
        file.save(trial.number)
    study.tell(finished, 0.5)
    study.tell(pruned, state=TrialState.PRUNED)
    study.tell(early, 0.7)
    for number in range(3):
        file.save(number)
    before = [facts(trial) for trial in read(path)]
    reopen_trials(path, {0, 1, 2, 3})
    assert [facts(trial) for trial in read(path)] == before
    reopen_trials(path, {0, 1, 3})
    after = read(path)
    assert [facts(trial) for trial in (*after[:2], after[3])] == [*before[:2], before[3]]
    assert after[2].state == TrialState.RUNNING
    assert after[2].values is None
    assert facts(after[2])[3:-1] == before[2][3:-1]
    assert after[2].intermediate_values == {}
    assert sorted(p.name for p in path.parent.iterdir()) == ["study.db"]
    file, study = opened(path)  # the study continues
    file.set_trial_intermediate_value(2, 100, 0.2)
    study.tell(2, 0.7)
    file.save(2)
    assert [facts(trial) for trial in read(path)] == before


def test_only_samplers_see_a_reported_open_trial_as_pruned():
    memory = MemoryStorage()
    study = optuna.create_study(storage=memory, direction="maximize")
    reported, silent = study.ask(AXES), study.ask(AXES)
    reported.report(0.3, 100)
    with memory.sampler_view():
        seen = study.get_trials(deepcopy=False)
        assert [t.state for t in seen] == [TrialState.PRUNED, TrialState.RUNNING]
        assert seen[0].intermediate_values == {100: 0.3}
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        assert [t.number for t in running] == [silent.number]
    assert {t.state for t in study.trials} == {TrialState.RUNNING}
    study.tell(reported, 0.5)
    assert study.trials[0].state == TrialState.COMPLETE


def test_tpe_draws_near_the_good_reports_of_trials_that_are_still_open():
    axes = {"x": optuna.distributions.FloatDistribution(0, 1)}

    def drawn(shown):
        memory = MemoryStorage()
        study = optuna.create_study(storage=memory, direction="maximize")
        for number in range(40):
            study.sampler = optuna.samplers.TPESampler(
                seed=number, constant_liar=True, multivariate=True, n_startup_trials=10
            )
            if shown:
                with memory.sampler_view():
                    trial = study.ask(axes)
            else:
                trial = study.ask(axes)
            trial.report(-abs(trial.params["x"] - 0.8), 100)
        return [abs(trial.params["x"] - 0.8) for trial in study.trials[20:]]

    assert sum(drawn(shown=True)) < 0.6 * sum(drawn(shown=False))


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_samplers_see_the_latest_and_the_best_trials_of_a_long_study(direction):
    memory = MemoryStorage()
    study = optuna.create_study(storage=memory, direction=direction)
    sign = 1 if direction == "maximize" else -1
    for number in range(1300):
        trial = study.ask()
        trial.report(sign * number, 100)
        ended = number % 20 == 0  # 1 of 20 finishes, the later the better
        study.tell(trial, sign * number if ended else None,
                   state=TrialState.COMPLETE if ended else TrialState.PRUNED)  # fmt: skip
    with memory.sampler_view():
        shown = [t.number for t in study.get_trials(deepcopy=False)]
    assert shown[-900:] == list(range(400, 1300))
    finished = [n for n in range(400) if n % 20 == 0]
    pruned = [n for n in range(400) if n % 20][-80:]
    assert shown[:-900] == sorted(finished + pruned)
    assert len(study.trials) == 1300


def test_an_early_value_is_not_compared_with_a_late_one():
    memory = MemoryStorage()
    study = optuna.create_study(storage=memory, direction="maximize")
    for number in range(1100):
        trial = study.ask()
        late = number < 100
        trial.report(0.1 if late else 0.9, 300 if late else 100)
        study.tell(trial, state=TrialState.PRUNED)
    with memory.sampler_view():
        shown = [t.number for t in study.get_trials(deepcopy=False)]
    assert shown == [*range(100), *range(200, 1100)]


# --- files that SQLite refuses --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["study σ?", "50%", "a#1", "{SCHEMA_VERSION}", "x@y:1", "a&b=c"])
def test_the_file_is_at_its_path_whatever_the_path_is_called(tmp_path, name):
    path = tmp_path / name / "study.db"
    path.parent.mkdir()
    opened(path)
    assert [p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()] == [
        path.relative_to(tmp_path)
    ]


@pytest.mark.parametrize("bytes_left", [20, 5_000, 60_000])
def test_a_cut_or_overwritten_file_is_one_error_that_names_it(path, bytes_left):
    _, study = opened(path)
    study.ask(AXES)
    damaged = path.read_bytes()[:bytes_left]
    for content in (damaged, b"\xff" * 100 + damaged):
        path.write_bytes(content)
        for attempt in (lambda: opened(path), lambda: reopen_trials(path, {0})):
            with pytest.raises(ResultsError, match="must be a whole file of SQLite") as caught:
                attempt()
            assert str(path) in str(caught.value)
            assert "restore it from a copy" in str(caught.value)
        assert path.read_bytes() == content


def test_a_file_that_was_emptied_is_left_to_the_ledger(path):
    path.touch()
    reopen_trials(path, {0})


def test_a_folder_that_is_gone_is_one_error(path):
    file, study = opened(path)
    path.parent.rename(path.parent.with_name("moved"))
    study.ask(AXES)
    with pytest.raises(StorageError, match=r"must be readable and writable: .*study\.db: "):
        file.save(0)
