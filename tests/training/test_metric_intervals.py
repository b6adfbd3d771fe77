import numpy as np
import pytest

from class_sweep.config.objective import metric_names
from class_sweep.training import metric_intervals as bootstrap
from class_sweep.training.metric_intervals import intervals
from class_sweep.training.split_metrics import pool_metrics

POOL = "split"


def ranks(queries, seed=0):
    generator = np.random.default_rng(seed)
    drawn = generator.geometric(0.3, size=(2, queries)).astype(float)
    return {"text_to_molecule": drawn[0], "molecule_to_text": drawn[1]}


def test_intervals_contain_the_metrics_and_have_their_names():
    found, metrics = intervals(POOL, ranks(300)), pool_metrics(POOL, ranks(300))
    assert list(found) == list(metrics) == metric_names((POOL,))
    for name, (low, high) in found.items():
        assert low < metrics[name] < high


def test_the_interval_of_a_fraction_has_the_width_of_its_standard_error():
    one = ranks(2000)
    share = (one["text_to_molecule"] <= 1).mean()
    low, high = intervals(POOL, one)["split/text_to_molecule/hits@1"]
    expected = 2 * 1.96 * np.sqrt(share * (1 - share) / 2000)
    assert high - low == pytest.approx(expected, rel=0.1)


def test_equal_directions_give_a_mean_with_the_interval_of_one():
    one = ranks(400)["text_to_molecule"]
    found = intervals(POOL, {"text_to_molecule": one, "molecule_to_text": one})
    assert found["split/mrr"] == pytest.approx(found["split/text_to_molecule/mrr"])


def test_a_seed_gives_the_same_intervals_for_every_block_size(monkeypatch):
    first = intervals(POOL, ranks(50), seed=4)
    assert first != intervals(POOL, ranks(50), seed=5)
    monkeypatch.setattr(bootstrap, "_BLOCK_WEIGHTS", 1000)
    assert intervals(POOL, ranks(50), seed=4) == first


def test_most_intervals_contain_the_mean_of_the_population():
    held = 0
    for seed in range(100):
        low, high = intervals(POOL, ranks(150, seed))["split/text_to_molecule/mean_rank"]
        held += low <= 1 / 0.3 <= high
    assert 88 <= held <= 99
