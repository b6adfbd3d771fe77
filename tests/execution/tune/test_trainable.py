"""The trainable: its rules in this process, and its imports in a real Ray worker."""

import math

import numpy as np
import pytest
import torch

from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import parse_space
from class_sweep.execution.checkpoints import LocalCheckpointStore
from class_sweep.execution.tune.trainable import CurriculumTrial
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.training.loop import Trainer

FIRST = {
    "trial": 0,
    "values": {"curriculum.order": "hard_first"},
    "state": "trial-0000-first.pt",
    "reached": 0,
}
SECOND = {
    "trial": 1,
    "values": {"curriculum.order": "easy_first", "optimizer.lr": 1e-3, "curriculum.alpha": 0.5},
    "state": "trial-0001-second.pt",
    "reached": 0,
}

FAR = 10**6  # a step that no trial reaches


@pytest.fixture(scope="module")
def space(small_space_text):
    return parse_space(small_space_text)


@pytest.fixture(scope="module")
def features(space, cache):
    return prepare(space, cache, Clock(), Callback()).features


@pytest.fixture
def checkpoints(tmp_path):
    return LocalCheckpointStore(tmp_path / "checkpoints")


@pytest.fixture
def trial(space, features, checkpoints):
    """Bind the parameters as `tune.with_parameters` does, and take a config."""

    class Bound(CurriculumTrial):
        def setup(self, config):
            super().setup(
                config, space=space, features=features.arrays(), gpu=False, checkpoints=checkpoints
            )

    made = []

    def make(config):
        made.append(Bound(dict(config)))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def reports(trainable):
    outcomes = []
    while True:
        outcomes.append(trainable.step()["report"])
        if outcomes[-1].last or outcomes[-1].failure:
            return outcomes


@pytest.mark.parametrize("alpha", [0.6, 1.0])
def test_rungs_at_equal_samples_are_the_same_for_each_trial(
    small_space_text, features, checkpoints, alpha
):
    equal = small_space_text.replace("grace_epochs: 1,", "rungs: samples, grace_epochs: 1,")

    class Bound(CurriculumTrial):
        def setup(self, config):
            super().setup(
                config, space=parse_space(equal), features=features.arrays(), gpu=False,
                checkpoints=checkpoints,
            )  # fmt: skip

    trial = Bound(FIRST | {"values": {"curriculum.alpha": alpha}})
    *at_rungs, _ = reports(trial)
    trial.stop()
    assert [report.rung for report in at_rungs] == [0, 1, 2]
    assert [report.samples for report in at_rungs] == [576, 1120, 2240]


def plain(outcomes):
    return [(o.report, o.step, o.samples, o.rung, o.last, o.metrics, o.loss) for o in outcomes]


def test_it_reports_at_each_rung_and_at_its_end(trial):
    outcomes = reports(trial(FIRST))
    assert [o.rung for o in outcomes] == [0, 1, 2, None]
    steps = outcomes[-1].step
    assert [o.step for o in outcomes[:3]] == [math.ceil(steps * e / 6) for e in (1, 2, 4)]
    assert outcomes[-1].last
    assert "all/mrr" in outcomes[-1].metrics
    assert "all/mrr" not in outcomes[0].metrics  # the objective's pool only, until the end


def test_a_reused_worker_trains_as_a_fresh_one(trial):
    alone = plain(reports(trial(SECOND)))
    worker = trial(FIRST)
    reports(worker)
    assert worker.reset_config(SECOND)
    assert plain(reports(worker)) == alone


def test_a_trial_resumed_from_its_checkpoint_equals_an_uncut_trial(trial):
    whole = plain(reports(trial(FIRST)))
    cut = trial(FIRST)
    for _ in range(2):
        cut.step()
        kept = cut.save()
    assert kept.checkpoint is None  # Ray Tune manages no checkpoint
    other = trial(SECOND)
    other.step()
    other.reset_config(FIRST | {"reached": FAR})
    assert plain(reports(other)) == whole[2:]


def test_a_trial_resumes_only_from_its_own_checkpoint_and_only_after_a_report(trial):
    whole = plain(reports(trial(FIRST)))
    cut = trial(FIRST)
    cut.step()
    cut.save()
    assert plain(reports(trial(FIRST))) == whole
    other = FIRST | {"reached": FAR, "state": "trial-0000-other.pt"}
    assert plain(reports(trial(other))) == whole
    assert plain(reports(trial(FIRST | {"reached": FAR}))) == whole[1:]


def test_a_checkpoint_ahead_of_the_log_is_not_used(trial):
    """If the log has lost its last lines, their reports are made again."""
    whole = plain(reports(trial(FIRST)))
    cut = trial(FIRST)
    steps = []
    for _ in range(3):
        steps.append(cut.step()["report"].step)
        cut.save()
    assert plain(reports(trial(FIRST | {"reached": steps[2]}))) == whole[3:]
    assert plain(reports(trial(FIRST | {"reached": steps[1]}))) == whole[2:]  # the one before it
    assert plain(reports(trial(FIRST | {"reached": steps[0]}))) == whole


def test_a_trial_with_only_a_damaged_checkpoint_restarts(trial, tmp_path):
    whole = plain(reports(trial(FIRST)))
    cut = trial(FIRST)
    cut.step()
    cut.save()
    (path,) = (tmp_path / "checkpoints").iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    assert plain(reports(trial(FIRST | {"reached": FAR}))) == whole


def test_a_trial_with_a_damaged_checkpoint_resumes_from_the_older_one(trial, tmp_path):
    whole = plain(reports(trial(FIRST)))
    cut = trial(FIRST)
    for _ in range(2):
        cut.step()
        cut.save()
    newest, older = sorted((tmp_path / "checkpoints").iterdir(), key=lambda path: len(path.name))
    newest.write_bytes(older.read_bytes()[:1000])
    assert plain(reports(trial(FIRST | {"reached": FAR}))) == whole[1:]


def test_a_loss_that_is_not_finite_fails_the_trial_and_not_the_worker(trial):
    worker = trial(FIRST)
    worker.step()
    with torch.no_grad():
        next(iter(worker._trainer.backbone.parameters())).fill_(math.nan)
    failed = worker.step()
    assert math.isnan(failed["objective"])
    assert "must stay a finite number" in failed["report"].failure
    assert failed["report"].traceback is None
    worker.reset_config(SECOND)
    assert worker.step()["report"].failure is None


def test_an_exception_is_reported_with_its_traceback(trial):
    worker = trial(FIRST | {"values": {"curriculum.sigma": 0.123}})  # not counted by the index
    report = worker.step()["report"]
    assert report.failure.startswith("DataError: sigma must be one that the index was counted at")
    assert "Traceback" in report.traceback
    worker.reset_config(FIRST)
    assert worker.step()["report"].failure is None


def fails_with(error, monkeypatch):
    def train_to(self, step):
        raise error

    monkeypatch.setattr(Trainer, "train_to", train_to)


@pytest.mark.long
def test_a_trial_on_two_processes_reports_what_it_does_on_one(
    small_space_text, features, checkpoints
):
    outcomes = []
    for gpus in (0, 2):
        text = small_space_text.replace("{cpus: 1}", f"{{cpus: 1, gpus: {gpus}}}")
        space = parse_space(text.replace("dimension: 16", "dimension: 16, dropout: 0"))

        class Bound(CurriculumTrial):
            def setup(self, config, space=space):
                super().setup(
                    config, space=space, features=features.arrays(), gpu=False,
                    checkpoints=checkpoints,
                )  # fmt: skip

        worker = Bound(dict(FIRST))
        first = reports(worker)
        worker.reset_config(SECOND)
        outcomes.append(first + reports(worker))
        worker.stop()
        assert not worker._replicas._processes
    for one, two in zip(*outcomes, strict=True):
        assert (one.step, one.rung, one.last) == (two.step, two.rung, two.last)
        assert two.loss == pytest.approx(one.loss, rel=1e-3)
        assert two.metrics["split/mrr"] == pytest.approx(one.metrics["split/mrr"], abs=0.01)


def test_an_unexpected_exception_is_raised_so_that_another_process_retries(trial, monkeypatch):
    worker = trial(FIRST)
    fails_with(KeyError("boom"), monkeypatch)
    with pytest.raises(KeyError, match="boom"):
        worker.step()


def test_a_full_gpu_is_an_error_with_the_batch_size(trial, monkeypatch):
    worker = trial(FIRST)
    fails_with(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), monkeypatch)
    report = worker.step()["report"]
    assert report.failure == (
        "the GPU must hold a training step, got out of memory on 0 of one with"
        " optimizer.batch_size 32; set optimizer.micro_batch_size below it, or raise"
        " resources.gpus"
    )
    assert "CUDA out of memory" in report.traceback


def test_a_write_to_shared_arrays_fails_the_trial_at_its_end(trial, features):
    worker = trial(FIRST)
    text = worker._features.text
    before = text[0, 0]
    text[0, 0] += 1
    try:
        *_, last = reports(worker)
    finally:
        text[0, 0] = before
    assert "shared features must not change" in last.failure


def test_a_trial_does_not_change_the_shared_arrays(trial, features):
    before = features.index_for(Curriculum()).checksum()
    copies = {name: np.array(array) for name, array in features.arrays().items()}
    reports(trial(FIRST))
    assert features.index_for(Curriculum()).checksum() == before
    for name, array in features.arrays().items():
        np.testing.assert_array_equal(array, copies[name])


@pytest.mark.ray
def test_a_worker_imports_no_tokenizer_and_no_chemistry_and_copies_no_array(
    ray_instance, space, features, checkpoints
):
    import ray
    from ray import tune

    bound = tune.with_parameters(
        CurriculumTrial, space=space, features=features.arrays(), gpu=False, checkpoints=checkpoints
    )
    actor = ray.remote(bound).remote(config=dict(FIRST))
    ray.get(actor.train.remote())
    loaded = ray.get(actor.__ray_call__.remote(lambda _: list(__import__("sys").modules)))
    for heavy in ("transformers", "rdkit", "gensim", "mol2vec", "sklearn", "chemicals", "optuna"):
        assert heavy not in loaded
    writeable = ray.get(
        actor.__ray_call__.remote(
            lambda self: [a.flags.writeable for a in self._features.arrays().values()]
        )
    )
    assert not any(writeable)  # views of the object store, not copies
    ray.kill(actor)
