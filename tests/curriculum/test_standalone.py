"""A curriculum in the user's own training loop: batches, weights and errors."""

import numpy as np
import pytest

from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import Budget
from class_sweep.curriculum import CurriculumRun
from class_sweep.errors import ConfigError

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


@pytest.fixture
def best(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "best.yaml").write_text(BEST)
    return tmp_path / "best.yaml"


@pytest.fixture
def difficulty():
    return np.arange(L) % 17


def test_the_first_pools_have_the_hardest_examples(best, difficulty):
    run = CurriculumRun.from_file(best, difficulty)
    first = run.batches(0)
    assert first.shape == (3, 8)  # of ⌈0.4 · 64⌉ = 26 pairs
    hardest = set(np.argsort(-difficulty, kind="stable")[:26].tolist())
    assert {difficulty[row] for row in first.ravel()} <= {difficulty[row] for row in hardest}
    assert [len(run.batches(epoch)) for epoch in range(4)] == [3, 5, 8, 8]
    assert run.steps == 24


def test_iteration_gives_every_epoch_in_sequence(best, difficulty):
    run = CurriculumRun.from_file(best, difficulty)
    rows = list(run)
    assert len(rows) == len(run) == 24 * 8
    expected = np.concatenate([run.batches(epoch).ravel() for epoch in range(4)])
    assert rows == expected.tolist()
    assert list(run) == rows
    assert [run.epoch_of(step) for step in (0, 2, 3, 8, 23)] == [0, 0, 1, 2, 3]


def test_weights_and_rates_follow_the_intensity_and_its_target(difficulty):
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


def test_hard_negatives_are_for_the_loss_of_the_loop(difficulty):
    settings = Curriculum(hard_negatives=1.5)
    run = CurriculumRun(settings, difficulty, budget=Budget(epochs=1), batch_size=8)
    assert run.hard_negatives == 1.5


def test_a_budget_of_samples_ends_a_run_within_an_epoch(difficulty):
    budget = Budget(epochs=3, samples=100)
    run = CurriculumRun(Curriculum(), difficulty, budget=budget, batch_size=8)
    assert [len(run.batches(epoch)) for epoch in range(3)] == [8, 4, 0]
    assert len(list(run)) == len(run) == 96


def test_a_file_with_axes_is_refused(best, difficulty):
    best.write_text(BEST.replace("alpha: 0.4", "alpha: {uniform: [0.2, 0.4]}"))
    with pytest.raises(ConfigError, match=r"must hold one configuration, got axes: \['curric"):
        CurriculumRun.from_file(best, difficulty)


def test_a_run_that_trims_by_difficulty_needs_no_margins():
    curriculum = Curriculum(trim=0.25, trim_by="difficulty", trim_from=0)
    difficulty = np.arange(40)[::-1]
    run = CurriculumRun(curriculum, difficulty, budget=Budget(epochs=3), batch_size=5)
    assert sorted(run.batches(1).ravel().tolist()) == list(range(10, 40))
    assert len(list(run)) == len(run) == 40 + 30 + 30
