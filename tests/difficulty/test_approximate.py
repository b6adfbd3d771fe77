"""What the approximate index finds of the exact one."""

import sys

import numpy as np
import pytest

from class_sweep.difficulty.approximate import approximate_index, recall
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import Similarity
from class_sweep.errors import InputError

SIGMAS = np.round(np.arange(0.7, 1.0, 0.02), 2)


@pytest.fixture
def faiss():
    return pytest.importorskip("faiss")


def test_it_finds_nearly_all_look_alikes_and_invents_none(faiss, look_alikes):
    text, molecule = look_alikes(4000, spread=0.4)
    exact = build_index(text, molecule, SIGMAS)
    found = approximate_index(text, molecule, SIGMAS)
    assert recall(found, exact).min() >= 0.98
    assert (found.counts <= exact.counts).all()
    np.testing.assert_allclose(found.mean_similarity, exact.mean_similarity)
    met = [np.isin(a, b).mean() for a, b in zip(found.neighbours, exact.neighbours, strict=True)]
    assert np.mean(met) >= 0.9
    assert (found.neighbours != np.arange(4000)[:, None]).all()


def test_every_cluster_probed_is_exact(faiss, look_alikes):
    text, molecule = look_alikes(300)
    exact = build_index(text, molecule, SIGMAS, m=5)
    found = approximate_index(text, molecule, SIGMAS, m=5, probes=1000)
    np.testing.assert_array_equal(found.counts, exact.counts)
    np.testing.assert_allclose(found.neighbour_similarity, exact.neighbour_similarity, atol=1e-6)


def test_few_pairs_still_get_all_their_neighbours(faiss, look_alikes):
    text, molecule = look_alikes(120)
    found = approximate_index(text, molecule, SIGMAS, m=100, probes=1)
    assert found.neighbours.min() >= 0
    assert all(len(set(row)) == 100 for row in found.neighbours.tolist())


def test_what_it_cannot_do_is_refused(look_alikes, monkeypatch):
    text, molecule = look_alikes(60)
    with pytest.raises(InputError, match="is of cosines, got tanimoto"):
        approximate_index(text, molecule, SIGMAS, similarity=Similarity(0.5, "tanimoto"))
    with pytest.raises(InputError, match=r"m must be below L, .* got 60 for L = 60"):
        approximate_index(text, molecule, SIGMAS, m=60)
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(InputError, match="needs the package faiss-cpu"):
        approximate_index(text, molecule, SIGMAS)


def test_recall_is_one_where_there_is_nothing_to_find(look_alikes):
    index = build_index(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), [0.5, 0.9])
    assert recall(index, index).tolist() == [1, 1]
