import numpy as np
import pytest
import torch

from class_sweep.config.curriculum import Curriculum
from class_sweep.errors import TrainingError
from class_sweep.training.features import TrialFeatures

CPU = torch.device("cpu")


@pytest.fixture
def shared(tiny_features):
    """Features over read-only arrays, like those of an object store."""
    arrays = tiny_features().arrays()
    for array in arrays.values():
        array.setflags(write=False)
    return TrialFeatures.from_arrays(arrays)


def test_rows_of_a_split_are_ascending_and_whole(shared):
    rows = {name: shared.rows(name) for name in ("train", "validation", "test")}
    assert rows["validation"].tolist() == list(range(2, 40, 5))
    assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(40))


def test_a_tensor_has_the_requested_rows(shared):
    rows = np.array([5, 0, 5])
    batch = shared.batch(rows, CPU)
    assert batch.texts.sentence.tolist() == shared.text[[5, 0, 5]].tolist()
    assert batch.molecules.vectors.tolist() == shared.molecule[[5, 0, 5]].tolist()


@pytest.mark.parametrize(("side", "field"), [("texts", "sentence"), ("molecules", "vectors")])
def test_writing_to_a_tensor_does_not_change_the_shared_arrays(shared, side, field):
    before = {name: array.copy() for name, array in shared.arrays().items()}
    checksum = shared.index_for(Curriculum()).checksum()
    for split in ("train", "validation"):
        tensors = getattr(shared, side)(shared.rows(split), CPU)
        getattr(tensors, field).fill_(7).relu_().mul_(3)
    for name, array in shared.arrays().items():
        assert np.array_equal(array, before[name]), name
    assert shared.index_for(Curriculum()).checksum() == checksum


def test_writable_arrays_are_not_changed_either(tiny_features):
    features = tiny_features()
    before = features.text.copy()
    features.texts(features.rows("train"), CPU).sentence.zero_()
    assert np.array_equal(features.text, before)


def test_from_arrays_is_the_inverse_of_arrays(tiny_features):
    features = tiny_features()
    arrays = features.arrays()
    again = TrialFeatures.from_arrays(arrays)
    for name, array in again.arrays().items():
        assert array is arrays[name], name
    assert again.index_for(Curriculum()).checksum() == features.index_for(Curriculum()).checksum()
    assert all(isinstance(array, np.ndarray) for array in arrays.values())


def test_a_write_to_shared_arrays_is_detected(tiny_features):
    arrays = {name: array.copy() for name, array in tiny_features().arrays().items()}
    shared = TrialFeatures.from_arrays(arrays)
    shared.require_unaltered()
    for name in set(arrays) - {"seal"}:
        entry = arrays[name].reshape(-1)[-1:]
        before = entry.copy()
        entry += entry.dtype.type(1)
        with pytest.raises(TrainingError, match="shared features must not change"):
            shared.require_unaltered()
        entry[:] = before
    shared.require_unaltered()


def test_the_seal_is_that_of_the_first_sharing(tiny_features):
    arrays = {name: array.copy() for name, array in tiny_features().arrays().items()}
    arrays["text"][0, 0] += 1
    with pytest.raises(TrainingError):
        TrialFeatures.from_arrays(TrialFeatures.from_arrays(arrays).arrays()).require_unaltered()
