"""The README's two examples, as they stand there, and what the class behind them promises."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from class_sweep.config.sections import Budget, Curriculum
from class_sweep.curriculum import CurriculumRun
from class_sweep.errors import ConfigError

README = Path(__file__).parents[2] / "README.md"
BEST = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {order: hard_first, alpha: 0.4, beta: 0.3, intensity: inverse}
optimizer: {batch_size: 8}
budget: {epochs: 4}
search: {trials: 1, seed: 3}
"""
L = 64


def example(word):
    """The README's Python block that holds a word, as code."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    [block] = [block for block in blocks if word in block]
    return block


@pytest.fixture
def best(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "best.yaml").write_text(BEST)
    return tmp_path / "best.yaml"


@pytest.fixture
def difficulty():
    return np.arange(L) % 17


def test_the_pools_hold_the_hardest_first(best, difficulty):
    run = CurriculumRun.from_file(best, difficulty)
    first = run.batches(0)
    assert first.shape == (3, 8)  # of ⌈0.4 · 64⌉ = 26 pairs
    hardest = set(np.argsort(-difficulty, kind="stable")[:26].tolist())
    assert {difficulty[row] for row in first.ravel()} <= {difficulty[row] for row in hardest}
    assert [len(run.batches(epoch)) for epoch in range(4)] == [3, 5, 8, 8]
    assert run.steps == 24


def test_as_a_sampler_it_is_every_epoch_in_turn(best, difficulty):
    run = CurriculumRun.from_file(best, difficulty)
    rows = list(run)
    assert len(rows) == len(run) == 24 * 8
    expected = np.concatenate([run.batches(epoch).ravel() for epoch in range(4)])
    assert rows == expected.tolist()
    assert list(run) == rows
    assert [run.epoch_of(step) for step in (0, 2, 3, 8, 23)] == [0, 0, 1, 2, 3]


def test_weights_are_the_intensity_and_rates_stay_unless_it_acts_on_them(difficulty):
    inverse = Curriculum(intensity="inverse")
    run = CurriculumRun(inverse, difficulty, budget=Budget(epochs=3), batch_size=8)
    assert [run.weight(k) for k in range(3)] == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    assert run.rate(0) == 1
    on_rate = inverse.model_copy(update={"intensity_target": "learning_rate"})
    run = CurriculumRun(on_rate, difficulty, budget=Budget(epochs=3), batch_size=8)
    assert (run.weight(0), run.rate(0)) == (1, 0.5)
    parts = Curriculum(intensity={"triplet": "inverse"})
    run = CurriculumRun(parts, difficulty, budget=Budget(epochs=3), batch_size=8)
    assert run.weight(1, "triplet") == pytest.approx(2 / 3)


def test_a_budget_of_samples_ends_it_within_an_epoch(difficulty):
    budget = Budget(epochs=3, samples=100)
    run = CurriculumRun(Curriculum(), difficulty, budget=budget, batch_size=8)
    assert [len(run.batches(epoch)) for epoch in range(3)] == [8, 4, 0]
    assert len(list(run)) == len(run) == 96


def test_a_file_with_axes_is_refused(best, difficulty):
    best.write_text(BEST.replace("alpha: 0.4", "alpha: {uniform: [0.2, 0.4]}"))
    with pytest.raises(ConfigError, match=r"must hold one configuration, got axes: \['curric"):
        CurriculumRun.from_file(best, difficulty)


def test_neighbourhood_batches_ask_for_neighbours(difficulty):
    settings = Curriculum(batching="neighbourhood", group_size=2)
    with pytest.raises(ValueError, match="needs each example's nearest others"):
        CurriculumRun(settings, difficulty, budget=Budget(epochs=1), batch_size=8)
    nearest = np.stack([(np.arange(L) + 1) % L, (np.arange(L) + 2) % L], axis=1).astype(np.int32)
    run = CurriculumRun(
        settings, difficulty, budget=Budget(epochs=1), batch_size=8, nearest=nearest
    )
    assert sorted(run) == list(range(L))


def test_the_readmes_loop_trains(best, difficulty):
    import torch
    from torch.nn import functional

    torch.manual_seed(0)
    texts = molecules = torch.randn(L, 6)
    model = torch.nn.Linear(6, 6)
    sizes = []

    def loss_of(model, text, molecule):
        sizes.append(len(text))
        return functional.cross_entropy(model(text) @ molecule.T, torch.arange(len(text)))

    before = loss_of(model, texts, molecules).item()

    names = {
        "torch": torch, "difficulty": difficulty, "model": model, "texts": texts,
        "molecules": molecules, "loss_of": loss_of,
    }  # fmt: skip
    exec(example("for epoch in range(run.epochs)"), names)  # noqa: S102 - the example is ours
    assert sizes == [L] + [8] * 24
    assert loss_of(model, texts, molecules).item() < before
    assert names["rates"].get_last_lr() == [pytest.approx(0, abs=1e-9)]


def test_the_readmes_trainer_sees_the_schedules_batches_and_weights(best, difficulty, monkeypatch):
    pytest.importorskip("accelerate")
    import torch
    from torch.nn import functional

    torch.manual_seed(0)
    seen, weighed = [], []
    weight = CurriculumRun.weight
    monkeypatch.setattr(
        CurriculumRun, "weight", lambda run, epoch: weighed.append(epoch) or weight(run, epoch)
    )

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(6, 6)

        def forward(self, text, molecule, row):
            seen.append(row.tolist())
            scores = self.linear(text) @ molecule.T
            return {"loss": functional.cross_entropy(scores, torch.arange(len(text)))}

    data = [{"text": torch.randn(6), "molecule": torch.randn(6), "row": i} for i in range(L)]
    names = {"difficulty": difficulty, "model": Model(), "data": data}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformers' own
        exec(example("CurriculumTrainer"), names)  # noqa: S102
    trainer, run = names["trainer"], names["run"]
    assert trainer.state.global_step == run.steps == 24
    assert [row for batch in seen for row in batch] == list(run)
    assert weighed == [0] * 3 + [1] * 5 + [2] * 8 + [3] * 8
