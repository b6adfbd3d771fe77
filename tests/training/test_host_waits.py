"""The host never waits for the GPU inside a training step, and makes the next batch meanwhile."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from class_sweep.backbones import transport
from class_sweep.config.components import BACKBONES
from class_sweep.config.document import parse_space
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.training.loop import Trainer, one_ahead

SPACE = """\
data: {{source: names, limit: 120}}
text_encoder: {{model: {model}, trainable: true, max_tokens: 16}}
molecule_encoder: {{kind: mol2vec, epochs: 1, dimensions: 16}}
backbone: {backbone}
curriculum: {{sigma: 0.9, alpha: 1, hard_negatives: {rho}, trim: 0.2}}
optimizer: {{lr: 1e-3, batch_size: 16}}
budget: {{epochs: 2}}
search: {{trials: 1}}
"""
SMALL = "hidden: 16, dimension: 16"
VARIANTS = [
    *(f"{{name: {name}, {SMALL}}}" for name in sorted(BACKBONES)),
    f"{{name: text2mol, molecule: gcn, {SMALL}}}",
]

# Operations whose output has a size, or a value on the host, that only the GPU knows.
WAITING = {
    "_local_scalar_dense", "_unique2", "bincount", "equal", "is_nonzero", "masked_select",
    "nonzero", "unique_consecutive", "unique_dim",
}  # fmt: skip
ON_HOST = ["cpu", "numpy", "tolist", "item"]


class NoWaiting(TorchDispatchMode):
    """Refuses operations that make the host wait for a GPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operation that does not wait."""
        name = str(func._overloadpacket).removeprefix("aten.")
        assert name not in WAITING, name
        if name == "repeat_interleave":
            assert (kwargs or {}).get("output_size") is not None, name
        if name in {"index", "index_put", "index_put_"}:
            assert all(i is None or i.dtype != torch.bool for i in args[1]), f"{name} by a mask"
        return func(*args, **(kwargs or {}))


@pytest.fixture
def trainer_of(tiny_bert, cache, callback):
    """A trial that trains its text encoder."""

    def build(backbone):
        rho = 0 if "aman" in backbone else 1  # its loss has no weights
        space = parse_space(SPACE.format(model=tiny_bert, backbone=backbone, rho=rho))
        return Trainer(space.settings, prepare(space, cache, Clock(), callback).features)

    return build


@pytest.mark.parametrize("backbone", VARIANTS)
def test_a_step_does_not_wait_for_the_gpu(backbone, trainer_of, monkeypatch):
    trainer = trainer_of(backbone)
    monkeypatch.setattr(transport, "_knows_sizes", lambda _: False)  # as on a GPU
    trainer.train_to(1)
    step = trainer._train_on

    def watched(*given):
        with monkeypatch.context() as patch, NoWaiting():
            for name in ON_HOST:
                patch.setattr(torch.Tensor, name, lambda *_, name=name: pytest.fail(name))
            return step(*given)

    monkeypatch.setattr(trainer, "_train_on", watched)
    trainer.train_to(4)
    assert trainer.step == 4


@pytest.mark.parametrize(
    "waits",
    [
        lambda tensor: tensor.sum().item(),
        lambda tensor: tensor[tensor > 0],
        lambda tensor: tensor.nonzero(),
        lambda tensor: torch.bincount(tensor.long().abs()),
        lambda tensor: tensor.repeat_interleave(tensor.long().abs()),
        torch.unique_consecutive,
    ],
)
def test_the_watch_notices_what_waits(waits):
    with pytest.raises(AssertionError), NoWaiting():
        waits(torch.ones(3))


def test_batches_that_are_made_ahead_give_the_same_weights(trainer_of, monkeypatch):
    trainer = trainer_of("{name: aman, hidden: 16, dimension: 16}")

    def weights(ahead):
        again = Trainer(trainer.settings, trainer.features)  # seeds dropout as well
        monkeypatch.setattr(again, "_makes_batches_ahead", ahead)
        again.train_to(5)
        again.train_to(7)
        return again.backbone.state_dict()

    expected = weights(False)
    for name, value in weights(True).items():
        assert torch.equal(value, expected[name]), name


def test_one_item_is_made_ahead_and_an_error_arrives_in_its_place():
    made = []

    def items():
        for number in range(4):
            made.append(number)
            yield number
        raise ValueError("no more")

    ahead = one_ahead(items())
    assert next(ahead) == 0
    assert next(ahead) == 1
    assert made[:2] == [0, 1]
    with pytest.raises(ValueError, match="no more"):
        list(ahead)
    assert made == [0, 1, 2, 3]
    assert list(one_ahead(iter(np.arange(3)))) == [0, 1, 2]
