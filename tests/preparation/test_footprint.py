import numpy as np
import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.sections import Resources
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.errors import InputError
from class_sweep.preparation.footprint import (
    checkpoint_bytes,
    most_on_disk,
    require_gpu_memory,
    results_bytes,
    trial_bytes,
)
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

GIB = 2**30


@pytest.fixture(scope="module")
def features():
    text, molecule = np.ones((40, 6), np.float32), np.ones((40, 4), np.float32)
    split = np.array([0] * 30 + [1] * 10, dtype=np.int8)
    index = build_index(text[:30], molecule[:30], [0.5])
    return TrialFeatures(text, molecule, split, {CLASS_SIMILARITY: index})


def needed(text, features):
    return trial_bytes(parse_space(text), features)


def test_a_trial_needs_its_rows_and_four_times_its_parameters(small_space_text, features):
    space = parse_space(small_space_text)
    settings = space.resolve({"curriculum.sigma": 0.5, "curriculum.alpha": 1.0})
    batches = settings.optimizer.model_copy(update={"batch_size": 4})
    model = Trainer(settings.model_copy(update={"optimizer": batches}), features).backbone
    state = 4 * sum(p.numel() * p.element_size() for p in model.parameters())
    assert trial_bytes(space, features) == 512 * 2**20 + 30 * 10 * 4 + state


def test_of_an_axis_the_larger_end_counts(small_space_text, features):
    axis = small_space_text.replace("hidden: 32", "hidden: {int: [8, 64]}")
    large = small_space_text.replace("hidden: 32", "hidden: 64")
    assert needed(axis, features) == needed(large, features)


def test_a_share_that_cannot_hold_a_trial_is_refused_with_the_numbers():
    require_gpu_memory(Resources(gpus=0.5), 4 * GIB, [8 * GIB, 16 * GIB])
    require_gpu_memory(Resources(gpus=2), 8 * GIB, [8 * GIB, 16 * GIB])
    with pytest.raises(InputError, match=r"\(5\.0 GiB .* got 0\.5 of a GPU of 8\.0 GiB"):
        require_gpu_memory(Resources(gpus=0.5), 5 * GIB, [8 * GIB, 16 * GIB])


def test_without_a_gpu_there_is_nothing_to_refuse():
    require_gpu_memory(Resources(gpus=0), 10**15, [GIB])


def test_a_checkpoint_is_as_large_as_it_is_said_to_be(small_space_text, features, tmp_path):
    space = parse_space(small_space_text)
    settings = space.resolve({"curriculum.sigma": 0.5, "curriculum.alpha": 1.0})
    batches = settings.optimizer.model_copy(update={"batch_size": 4})
    trainer = Trainer(settings.model_copy(update={"optimizer": batches}), features)
    trainer.train_to(1)  # before it AdamW has no moments
    trainer.save(tmp_path / "state.pt")
    size = (tmp_path / "state.pt").stat().st_size
    assert checkpoint_bytes(space, features) <= size <= checkpoint_bytes(space, features) + 2**16


def test_what_waits_at_a_rung_is_on_the_disk_too(small_space_text, features):
    one = checkpoint_bytes(parse_space(small_space_text), features)
    halving = "pruning: {grace_epochs: 1, reduction_factor: 2}"
    for pruning, waiting in (
        (halving, 3),  # of the 7 that are no reference
        ("pruning: {kind: asha}", 0),
        ("pruning: {kind: one_rung, min_kept: 4}", 4),
    ):
        text = small_space_text.replace(halving, pruning)
        assert most_on_disk(parse_space(text), features, 3) == 2 * (3 + waiting) * one


def test_what_a_sweep_leaves_grows_with_its_reports_and_its_runs(small_space_text):
    one = results_bytes(parse_space(small_space_text), 3, 70)
    more = parse_space(small_space_text.replace("trials: 8", "trials: 108"))
    assert results_bytes(more, 3, 70) - one == 100 * (2 * 5 * 3 * 1024 + 4 * 1024)
    confirmed = parse_space(small_space_text.replace("finalists: 0", "finalists: 2, seeds: 5"))
    wanted = confirmed.settings.confirm
    runs = 2 * (1 + len(wanted.controls)) * wanted.max_seeds
    assert results_bytes(confirmed, 3, 70) - one == runs * (3 * 1024 + 4 * 70 * 2 * 2)
