"""The parts of a confirmation that need no Ray: settings, seeds, single runs and failures."""

import pytest

from class_sweep.config.document import parse_space
from class_sweep.confirmation import paired_runs
from class_sweep.confirmation.paired_runs import Job, train_job
from class_sweep.confirmation.procedure import (
    ConfirmOptions,
    confirmation_seeds,
    confirmation_space,
)
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import ConfigError, TrainingError
from class_sweep.execution.checkpoints import LocalCheckpointStore
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.training.features import TrialFeatures
from class_sweep.training.replicas import Replicas
from class_sweep.training.split_metrics import metrics_of_ranks


@pytest.fixture(scope="module")
def space(small_space_text):
    return parse_space(small_space_text)


@pytest.fixture(scope="module")
def prepared(space, cache):
    return prepare(space, cache, Clock(), Callback())


@pytest.fixture(scope="module")
def arrays(prepared):
    return prepared.features.arrays()


@pytest.fixture
def train(space, arrays, tmp_path):
    """Train a job with its checkpoints in a folder."""
    store = LocalCheckpointStore(tmp_path)
    return lambda job, every=1e9: train_job(arrays, job, space, "validation", store, every)


VALUES = {
    "curriculum.order": "hard_first", "curriculum.alpha": 0.5, "curriculum.beta": 0.1,
    "curriculum.sigma": 0.6, "curriculum.intensity": "constant",
}  # fmt: skip


def test_options_replace_the_settings_of_the_space(space):
    other = confirmation_space(space, ConfirmOptions(finalists=2, seeds=3, max_seeds=20))
    wanted = other.settings.confirm
    assert (wanted.finalists, wanted.seeds, wanted.max_seeds) == (2, 3, 20)
    assert other.settings.search == space.settings.search


def test_more_seeds_raise_the_last_look(space):
    confirm = confirmation_space(space, ConfirmOptions(finalists=1, seeds=20)).settings.confirm
    assert (confirm.seeds, confirm.max_seeds) == (20, 20)
    confirm = confirmation_space(space, ConfirmOptions(finalists=1, seeds=3)).settings.confirm
    assert (confirm.seeds, confirm.max_seeds) == (3, 10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "finalists must be at least 1, got 0; name how many with --finalists"),
        ({"finalists": 1, "max_seeds": 3}, "max_seeds: must be at least confirm.seeds"),
        ({"finalists": 1, "seeds": 8}, "seeds: must be one of 3, 5, 7, 10, 20, 40, got 8"),
    ],
)
def test_settings_that_break_a_rule_are_refused(space, changes, message):
    with pytest.raises(ConfigError, match=message):
        confirmation_space(space, ConfirmOptions(**changes))


def test_a_recording_has_nothing_to_confirm(small_space_text):
    text = small_space_text.replace("trials: 8", "trials: 8, record: 2")
    text = text.replace("{grace_epochs: 1, reduction_factor: 2}", "{kind: none}")
    with pytest.raises(ConfigError, match="a recording has no winner"):
        confirmation_space(parse_space(text), ConfirmOptions(finalists=1))


def test_the_seeds_follow_those_of_the_sweep(space, small_space_text):
    assert confirmation_seeds(space, 3) == [4, 5, 6]
    last = parse_space(small_space_text.replace("seed: 3", f"seed: {2**32 - 1}"))
    assert confirmation_seeds(last, 2) == [0, 1]


@pytest.mark.long
def test_a_run_in_two_processes_has_the_values_of_one_and_leaves_no_process(
    small_space_text, arrays, tmp_path, monkeypatch
):
    trainer, processes = paired_runs.Trainer, []

    def on_cpu(*args, gpu, replicas):
        made = trainer(*args, gpu=False, replicas=replicas)
        processes.append([process._process for process in replicas._processes])
        return made

    monkeypatch.setattr(paired_runs, "Trainer", on_cpu)
    monkeypatch.setattr(Replicas, "of", lambda resources, *, gpu: Replicas(resources.processes - 1))  # noqa: ARG005
    text = small_space_text.replace("dimension: 16", "dimension: 16, dropout: 0")
    runs = []
    for gpus in (1, 2):
        space = parse_space(text.replace("{cpus: 1}", f"{{cpus: 2, gpus: {gpus}}}"))
        store = LocalCheckpointStore(tmp_path / str(gpus))
        job = Job("trial 1", VALUES, 4)
        runs.append(train_job(arrays, job, space, "validation", store, 1e9))
    one, two = runs
    assert (one.reason, two.reason, one.samples) == (None, None, two.samples)
    assert two.metrics["split/mrr"] == pytest.approx(one.metrics["split/mrr"], abs=0.01)
    assert [len(each) for each in processes] == [0, 1]
    assert processes[1][0].poll() is not None


def test_a_run_is_trained_to_its_end_and_its_ranks_give_its_metrics(space, arrays, train):
    trained = train(Job("trial 1", VALUES, 4))
    assert trained.reason is None
    again = train(Job("trial 1", VALUES, 4))
    other = train(Job("trial 1", VALUES, 5))
    assert again.metrics == trained.metrics != other.metrics
    assert metrics_of_ranks(trained.ranks) == pytest.approx(trained.metrics, rel=1e-6)
    settings = space.resolve(VALUES)
    pairs = len(TrialFeatures.from_arrays(arrays).rows("train"))
    assert trained.samples == Schedule.of(settings, pairs).samples


def test_a_training_that_would_fail_again_is_not_retried(train, monkeypatch):
    def diverges(*_):
        raise TrainingError("the loss must stay a finite number, got nan by step 3")

    with monkeypatch.context() as patch:
        patch.setattr(paired_runs.Trainer, "train_to", diverges)
        trained = train(Job("trial 1", VALUES, 4))
    assert trained.reason == "the loss must stay a finite number, got nan by step 3"
    assert trained.traceback is None
    broken = Job("trial 1", VALUES | {"curriculum.sigma": 0.123}, 4)  # was never indexed
    trained = train(broken)
    assert "0.123" in trained.reason
    assert trained.traceback is None


def test_a_transient_failure_is_marked_for_a_retry(train, monkeypatch):
    def breaks(*_):
        raise OSError("a moment without the disk")

    monkeypatch.setattr(paired_runs.Trainer, "ranks", breaks)
    trained = train(Job("trial 1", VALUES, 4))
    assert trained.reason == "OSError: a moment without the disk"
    assert "Traceback" in trained.traceback


@pytest.mark.parametrize("damaged", [False, True])
def test_a_killed_run_continues_from_its_checkpoint(train, monkeypatch, tmp_path, damaged):
    job, starts = Job("trial 1", VALUES, 4), []
    whole = train(job)
    step = paired_runs.Trainer.train_to

    def watched(trainer, to):
        starts.append(trainer.step)
        if len(starts) == 5:
            raise KeyboardInterrupt
        return step(trainer, to)

    monkeypatch.setattr(paired_runs.Trainer, "train_to", watched)
    with pytest.raises(KeyboardInterrupt):
        train(job, every=0)
    newest, older = sorted(tmp_path.glob("run-*.pt"), key=lambda path: len(path.name))
    if damaged:
        newest.write_bytes(b"")
    continued = train(job)
    assert starts == [0, 1, 3, 7, 15, *starts[5:]]  # slices of twice the steps
    assert starts[5] == (7 if damaged else 15)
    assert (continued.metrics, continued.samples) == (whole.metrics, whole.samples)
    assert continued.ranks.keys() == whole.ranks.keys()
    assert all((continued.ranks[name] == ranks).all() for name, ranks in whole.ranks.items())
    assert older.exists()  # the driver removes both once the run is in the log


def test_a_checkpoint_belongs_to_one_arm_and_seed(space):
    jobs = [Job("a", VALUES, 4), Job("a", VALUES, 5), Job("b", {}, 4)]
    assert len({job.checkpoint(space) for job in jobs}) == 3
    assert Job("other name", VALUES, 4).checkpoint(space) == jobs[0].checkpoint(space)
