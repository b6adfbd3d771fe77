import numpy as np
import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.sections import Resources
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.errors import InputError
from class_sweep.preparation.footprint import (
    checkpoint_bytes,
    max_checkpoint_bytes,
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


def trial_bytes_of(text, features):
    return trial_bytes(parse_space(text), features)


def test_a_trial_needs_its_rows_and_four_times_its_trained_parameters(small_space_text, features):
    space = parse_space(small_space_text)
    settings = space.resolve({"curriculum.sigma": 0.5, "curriculum.alpha": 1.0})
    batches = settings.optimizer.model_copy(update={"batch_size": 4})
    model = Trainer(settings.model_copy(update={"optimizer": batches}), features).backbone
    copies = {True: 4, False: 1}  # of a trained and of a fixed parameter
    state = sum(copies[p.requires_grad] * p.numel() * p.element_size() for p in model.parameters())
    assert trial_bytes(space, features) == 512 * 2**20 + 30 * 10 * 4 + state


def test_the_larger_end_of_an_axis_counts(small_space_text, features):
    axis = small_space_text.replace("hidden: 32", "hidden: {int: [8, 64]}")
    large = small_space_text.replace("hidden: 32", "hidden: 64")
    assert trial_bytes_of(axis, features) == trial_bytes_of(large, features)


def test_a_gpu_share_too_small_for_a_trial_is_an_error():
    require_gpu_memory(Resources(gpus=0.5), 4 * GIB, [8 * GIB, 16 * GIB])
    require_gpu_memory(Resources(gpus=1), 8 * GIB, [8 * GIB, 16 * GIB])
    with pytest.raises(InputError, match=r"\(9\.0 GiB, .* got 1 of a GPU of 8\.0 GiB"):
        require_gpu_memory(Resources(gpus=2), 9 * GIB, [8 * GIB, 16 * GIB])  # the first holds all
    with pytest.raises(InputError, match=r"\(5\.0 GiB, .* got 0\.5 of a GPU of 8\.0 GiB"):
        require_gpu_memory(Resources(gpus=0.5), 5 * GIB, [8 * GIB, 16 * GIB])


def test_a_trial_without_a_gpu_needs_no_gpu_memory():
    require_gpu_memory(Resources(gpus=0), 10**15, [GIB])


def test_a_checkpoint_file_has_the_estimated_size(small_space_text, features, tmp_path):
    space = parse_space(small_space_text)
    settings = space.resolve({"curriculum.sigma": 0.5, "curriculum.alpha": 1.0})
    batches = settings.optimizer.model_copy(update={"batch_size": 4})
    trainer = Trainer(settings.model_copy(update={"optimizer": batches}), features)
    trainer.train_to(1)  # AdamW has no moments before the first step
    trainer.save(tmp_path / "state.pt")
    size = (tmp_path / "state.pt").stat().st_size
    assert checkpoint_bytes(space, features) <= size <= checkpoint_bytes(space, features) + 2**16


def test_paused_trials_count_as_disk_space(small_space_text, features):
    checkpoint = checkpoint_bytes(parse_space(small_space_text), features)
    halving = "pruning: {grace_epochs: 1, reduction_factor: 2}"
    for pruning, paused in (
        (halving, 3),  # of the 7 sampled trials
        ("pruning: {kind: asha}", 0),
        ("pruning: {kind: one_rung, min_kept: 4}", 4),
    ):
        text = small_space_text.replace(halving, pruning)
        assert max_checkpoint_bytes(parse_space(text), features, 3) == 2 * (3 + paused) * checkpoint


def test_the_results_size_grows_with_trials_and_confirmation_runs(small_space_text):
    small = results_bytes(parse_space(small_space_text), 3, 70)
    larger = parse_space(small_space_text.replace("trials: 8", "trials: 108"))
    assert results_bytes(larger, 3, 70) - small == 100 * (2 * 5 * 3 * 1024 + 4 * 1024)
    confirmed = parse_space(small_space_text.replace("finalists: 0", "finalists: 2, seeds: 5"))
    confirm = confirmed.settings.confirm
    runs = 2 * (1 + len(confirm.controls)) * confirm.max_seeds
    assert results_bytes(confirmed, 3, 70) - small == runs * (3 * 1024 + 4 * 70 * 2 * 2)
