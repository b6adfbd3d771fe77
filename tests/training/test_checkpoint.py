import pickle

import pytest
import torch

from class_sweep.errors import TrainingError
from class_sweep.training.checkpoint import load_state, save_state

CPU = torch.device("cpu")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.pt"


def test_a_state_is_read_back_to_the_bit(path):
    state = {"step": 7, "weights": {"a": torch.randn(3, 2)}, "rng": torch.get_rng_state()}
    save_state(path, state)
    again = load_state(path, CPU)
    assert again["step"] == 7
    assert torch.equal(again["weights"]["a"], state["weights"]["a"])
    assert torch.equal(again["rng"], state["rng"])
    assert [p.name for p in path.parent.iterdir()] == ["state.pt"]


def test_a_later_state_replaces_an_earlier_one(path):
    for step in (1, 2):
        save_state(path, {"step": step})
    assert load_state(path, CPU) == {"step": 2}


@pytest.mark.parametrize("there", [True, False])
def test_a_path_never_has_a_partial_checkpoint(path, there):
    if there:
        save_state(path, {"step": 1})
    with pytest.raises(Exception, match="pickle"):
        save_state(path, {"step": 2, "weights": torch.ones(1000), "bad": lambda: None})
    assert path.exists() is there
    if there:
        assert load_state(path, CPU) == {"step": 1}


def test_a_missing_checkpoint_is_an_error(path):
    with pytest.raises(
        TrainingError, match=r"a checkpoint must be readable: .*state\.pt: .*No such"
    ):
        load_state(path, CPU)


@pytest.mark.parametrize("keep", [0, 10, 400, -1])
def test_a_truncated_checkpoint_is_an_error(path, keep):
    save_state(path, {"step": 1, "weights": torch.ones(1000)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(TrainingError, match=r"a checkpoint must be readable: .*state\.pt"):
        load_state(path, CPU)


def test_a_file_that_is_no_checkpoint_is_an_error(path):
    path.write_text("step: 1")
    with pytest.raises(TrainingError, match="a checkpoint must be readable"):
        load_state(path, CPU)


@pytest.mark.parametrize("content", [[1, 2], {"weights": 1}, torch.ones(2)])
def test_a_torch_file_without_a_state_is_an_error(path, content):
    torch.save(content, path)
    with pytest.raises(TrainingError, match="a checkpoint must hold a trial's state"):
        load_state(path, CPU)


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", ["torch", "pickle"])
def test_reading_runs_no_code(path, tmp_path, protocol):
    touched = tmp_path / "touched"
    if protocol == "torch":
        torch.save({"step": 1, "bad": Touch(touched)}, path)
    else:
        path.write_bytes(pickle.dumps({"step": 1, "bad": Touch(touched)}))
    with pytest.raises(TrainingError, match="a checkpoint must be readable"):
        load_state(path, CPU)
    assert not touched.exists()
