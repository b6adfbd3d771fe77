"""Trimming: running margins, the pairs that an epoch leaves out, and cuts that change nothing."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from class_sweep.config.document import parse_space
from class_sweep.training.batch_margins import batch_margins
from class_sweep.training.loop import Trainer

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive, hidden: 8, dimension: 4, dropout: 0.2}}
curriculum: {{sigma: 0.5{curriculum}}}
optimizer: {{batch_size: 4, lr: 0.01{optimizer}}}
budget: {{epochs: 6{budget}}}
search: {{trials: 1, seed: 3}}
"""
PACED = ", order: hard_first, alpha: 0.5, beta: 0.2, trim: 0.25, trim_from: 0.2"
VARIANTS = {
    "full": {"curriculum": ", trim: 0.3"},
    "paced": {"curriculum": PACED},
    "random": {"curriculum": PACED.replace("hard_first", "random")},
    "micro-batches": {"curriculum": PACED, "optimizer": ", micro_batch_size: 3"},
    "samples": {"curriculum": ", trim: 0.3", "budget": ", samples: 90"},
}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_trainer(tiny_features):
    features = tiny_features(50)

    def make(curriculum="", optimizer="", budget=""):
        text = SPACE.format(curriculum=curriculum, optimizer=optimizer, budget=budget)
        return Trainer(parse_space(text).settings, features)

    return make


def state(trainer):
    """The weights, the random state and the margins."""
    return [
        *trainer.backbone.state_dict().values(),
        torch.get_rng_state(),
        trainer._trimming.state_dict()["margins"],
    ]


@given(
    arrays.arrays(
        np.float32, st.integers(2, 6).map(lambda n: (n, n)), elements=st.floats(-5, 5, width=32)
    )
)
def test_a_margin_is_a_pairs_score_less_the_best_other_of_its_text_and_molecule(scores):
    expected = []
    for i in range(len(scores)):
        others = [scores[i, j] for j in range(len(scores)) if j != i]
        others += [scores[j, i] for j in range(len(scores)) if j != i]
        expected.append(scores[i, i] - max(others))
    assert batch_margins(torch.from_numpy(scores)).tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_margins_and_pools_are_those_of_a_simulation(make_trainer, monkeypatch, variant):
    trainer = make_trainer(**VARIANTS[variant])
    schedule, order = trainer.schedule, trainer._sampler._order
    known = {}  # pair to its running margin
    batches = []
    logits = trainer.backbone.logits

    def watched(texts, molecules):
        scores = logits(texts, molecules)
        of_loss = torch.is_grad_enabled()
        margins = [] if of_loss else zip(batches[-1], batch_margins(scores).tolist(), strict=True)
        for pair, margin in margins:
            known[pair] = (known[pair] + margin) / 2 if pair in known else margin
        return scores

    step = trainer._train_on

    def recorded(parts, pairs, factors):
        batches.append(pairs.tolist())
        return step(parts, pairs, factors)

    monkeypatch.setattr(trainer.backbone, "logits", watched)
    monkeypatch.setattr(trainer, "_train_on", recorded)
    for epoch, end in enumerate(schedule.ends):
        worst = sorted(
            (p for p in order[: schedule.pools[epoch]] if p in known), key=lambda p: known[p]
        )
        left_out = set(worst[: schedule.left_out[epoch]])
        assert len(left_out) == schedule.left_out[epoch]
        first = len(batches)
        trainer.train_to(end)
        drawn = [pair for batch in batches[first:] for pair in batch]
        assert len(set(drawn)) == len(drawn)
        assert set(drawn) <= set(order[: schedule.pools[epoch]]) - left_out
    margins = trainer._trimming.state_dict()["margins"]
    assert {pair: margins[pair].item() for pair in known} == pytest.approx(known, abs=1e-4)
    assert torch.isposinf(margins).sum() == len(margins) - len(known)
    assert any(schedule.left_out)


@pytest.mark.parametrize("variant", VARIANTS)
def test_cuts_at_any_step_change_nothing(make_trainer, tmp_path, variant):
    straight = make_trainer(**VARIANTS[variant])
    steps = straight.schedule.steps
    straight.train_to(steps)
    whole = state(straight)
    trainer = make_trainer(**VARIANTS[variant])
    for step in range(1, steps + 1):
        trainer.train_to(step)
        trainer.save(tmp_path / "state.pt")
        trainer = make_trainer(**VARIANTS[variant])
        trainer.restore(tmp_path / "state.pt")
    assert all(torch.equal(a, b) for a, b in zip(state(trainer), whole, strict=True))


def test_trimming_trains_fewer_steps_and_ends_without_the_pairs_of_lowest_margin(make_trainer):
    full, trimmed = make_trainer(), make_trainer(", trim: 0.3")
    assert trimmed.schedule.steps < full.schedule.steps
    trimmed.train_to(trimmed.schedule.steps)
    margins = trimmed._trimming.state_dict()["margins"].numpy()
    left_out = trimmed._trimming.left_out_of(5)
    assert len(left_out) == trimmed.schedule.left_out[5] == 9
    assert np.median(margins[left_out]) < np.median(np.delete(margins, left_out))


def test_without_trimming_a_checkpoint_has_no_margins(make_trainer, tmp_path):
    trainer = make_trainer()
    trainer.train_to(2)
    trainer.save(tmp_path / "state.pt")
    assert "trimming" not in torch.load(tmp_path / "state.pt", weights_only=True)


BY_DIFFICULTY = ", trim: 0.3, trim_by: difficulty, trim_from: 0.2"


@pytest.mark.parametrize("curriculum", [BY_DIFFICULTY, f"{PACED}, trim_by: difficulty"])
def test_trimming_by_difficulty_leaves_out_the_hardest_pairs_of_each_pool(
    make_trainer, monkeypatch, curriculum
):
    trainer = make_trainer(curriculum)
    schedule, order = trainer.schedule, trainer._sampler._order
    index = trainer.features.index_for(trainer.settings.curriculum)
    counts, batches = index.at(0.5), []
    step = trainer._train_on

    def recorded(parts, pairs, factors):
        batches.append(pairs.tolist())
        return step(parts, pairs, factors)

    monkeypatch.setattr(trainer, "_train_on", recorded)
    assert any(schedule.left_out)
    for epoch, end in enumerate(schedule.ends):
        pool = sorted(order[: schedule.pools[epoch]])
        hardest = sorted(pool, key=lambda pair: -counts[pair])[: schedule.left_out[epoch]]
        batches.clear()
        trainer.train_to(end)
        drawn = {pair for batch in batches for pair in batch}
        assert drawn <= set(pool) - set(hardest)
        assert len(drawn) == (len(pool) - len(hardest)) // 4 * 4
    assert schedule == make_trainer(curriculum.replace("difficulty", "margin")).schedule


def test_a_cut_run_that_trims_by_difficulty_equals_an_uncut_one(make_trainer, tmp_path):
    whole = make_trainer(BY_DIFFICULTY)
    whole.train_to(whole.schedule.steps)
    first = make_trainer(BY_DIFFICULTY)  # which seeds the dropout
    first.train_to(whole.schedule.steps // 2)
    first.save(tmp_path / "state")
    second = make_trainer(BY_DIFFICULTY)
    second.restore(tmp_path / "state")
    second.train_to(whole.schedule.steps)
    pairs = zip(
        whole.backbone.state_dict().values(), second.backbone.state_dict().values(), strict=True
    )
    assert all(torch.equal(a, b) for a, b in pairs)
