"""The mean margins of a short run on the full data."""

import numpy as np
import pytest
import torch

from class_sweep.config.document import parse_space
from class_sweep.training.batch_margins import batch_margins
from class_sweep.training.loop import Trainer
from class_sweep.training.margins import mean_margins

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive, hidden: 8, dimension: 4}}
curriculum: {{sigma: 0.5{curriculum}}}
optimizer: {{batch_size: 4, lr: 0.01}}
budget: {{epochs: {epochs}}}
search: {{trials: 1, seed: {seed}}}
"""


def settings_of(curriculum="", epochs=3, seed=0):
    space = parse_space(SPACE.format(curriculum=curriculum, epochs=epochs, seed=seed))
    return space.settings


def test_they_are_means_over_the_batches_of_a_run_on_the_full_data(tiny_features, monkeypatch):
    features = tiny_features(55)
    found = mean_margins(settings_of(", alpha: 0.5, trim: 0.3, hard_negatives: 1"), features)
    margins = [[] for _ in range(len(found))]

    class Recorded:
        def observe(self, pairs, values):
            for pair, value in zip(pairs.tolist(), values.tolist(), strict=True):
                margins[pair].append(value)

    trainer = Trainer(settings_of(), features)
    trainer.observe_margins(Recorded())
    trainer.train_to(trainer.schedule.steps)
    assert {len(values) for values in margins} == {2, 3}
    assert found == pytest.approx([np.mean(values) for values in margins], abs=1e-5)


def test_they_depend_on_the_seed_and_neither_on_threads_nor_on_earlier_runs(tiny_features):
    features = tiny_features(50)
    before = torch.get_num_threads()
    first = mean_margins(settings_of(), features)
    torch.set_num_threads(2)
    torch.manual_seed(77)
    again = mean_margins(settings_of(), features)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, mean_margins(settings_of(seed=1), features))


def test_a_pair_that_no_batch_drew_has_the_mean_of_the_others(tiny_features):
    features = tiny_features(55)  # 33 training pairs, of which an epoch draws 32
    margins = mean_margins(settings_of(epochs=1), features)
    trainer = Trainer(settings_of(epochs=1), features)
    (missing,) = set(range(33)) - set(trainer._sampler.epoch(0).ravel())
    assert margins[missing] == pytest.approx(np.delete(margins, missing).mean())


def test_wrong_pairs_have_low_margins(tiny_features):
    features = tiny_features(250)
    rows = features.rows("train")
    features.molecule[:, :5] = features.text[:, :5]
    wrong = rows[:15]
    features.molecule[wrong] = features.molecule[np.roll(wrong, 1)]
    margins = mean_margins(settings_of(epochs=30), features)
    assert margins[:15].mean() < np.quantile(margins[15:], 0.05)


def test_a_margin_is_not_part_of_the_gradient():
    scores = torch.randn(3, 3, requires_grad=True)
    assert not batch_margins(scores).requires_grad
