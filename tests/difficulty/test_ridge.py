"""The ranks of the ridge map against the same formula in float64 over the whole matrix."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from class_sweep.difficulty import ridge
from class_sweep.difficulty.ridge import ridge_ranks
from class_sweep.errors import DataError


def pairs_of(seed, pairs=60, text_width=7, molecule_width=5, copies=0, noise=0.5):
    """Texts that are a noisy linear image of their molecules; the last molecules are copies."""
    rng = np.random.default_rng(seed)
    molecules = rng.normal(size=(pairs, molecule_width))
    if copies:
        molecules[-copies:] = molecules[rng.integers(0, pairs - copies, copies)]
    texts = molecules @ rng.normal(size=(molecule_width, text_width))
    texts += noise * rng.normal(size=texts.shape)
    return texts.astype(np.float32), molecules.astype(np.float32)


def brute_force(texts, molecules, seed, folds=5):
    def centred(rows):
        rows = rows.astype(np.float64)
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return rows - rows.mean(axis=0)

    def cosine(a, b):
        return a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-300)

    distinct = sorted({row.tobytes() for row in molecules})
    numbers = np.array([distinct.index(row.tobytes()) for row in molecules])
    fold_of = (np.random.default_rng(seed).permutation(len(distinct)) % folds)[numbers]
    x, y = centred(texts), centred(molecules)
    covariance = y.T @ y / len(y)
    width = len(covariance)
    shrunk = covariance + 0.3 * np.trace(covariance) / width * np.eye(width)
    values, vectors = np.linalg.eigh(shrunk)
    y = y @ vectors / np.sqrt(values)
    penalty = 10 * (x**2).sum() / len(x)
    ranks = []
    for i in range(len(x)):
        others = fold_of != fold_of[i]
        a, b = x[others], y[others]
        predicted = x[i] @ np.linalg.inv(a.T @ a + penalty * np.eye(x.shape[1])) @ a.T @ b
        own = cosine(predicted, y[i])
        cosines = {n: cosine(predicted, y[j]) for j, n in enumerate(numbers) if n != numbers[i]}
        ties = sum(abs(value - own) <= 2e-6 for value in cosines.values())
        ranks.append(1 + sum(value > own + 2e-6 for value in cosines.values()) + ties / 2)
    return np.array(ranks)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 50),
    pairs=st.integers(3, 40),
    copies=st.integers(0, 10),
    folds=st.integers(2, 6),
)
def test_ranks_are_those_of_brute_force(seed, pairs, copies, folds):
    texts, molecules = pairs_of(seed, pairs, copies=min(copies, pairs - 2))
    expected = brute_force(texts, molecules, seed, folds)
    np.testing.assert_array_equal(ridge_ranks(texts, molecules, seed=seed, folds=folds), expected)


def test_blocks_and_threads_do_not_change_a_rank(monkeypatch):
    texts, molecules = pairs_of(3, pairs=300, copies=20)
    expected = ridge_ranks(texts, molecules, seed=1)
    monkeypatch.setattr(ridge, "_BLOCK", 7)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        np.testing.assert_array_equal(ridge_ranks(texts, molecules, seed=1), expected)
    finally:
        torch.set_num_threads(threads)


def test_further_texts_of_a_molecule_do_not_count_against_it():
    texts, molecules = pairs_of(5, pairs=80, noise=0.01)
    texts, molecules = np.tile(texts, (3, 1)), np.tile(molecules, (3, 1))
    texts += np.random.default_rng(0).normal(scale=0.01, size=texts.shape).astype(np.float32)
    ranks = ridge_ranks(texts, molecules, seed=0)
    assert np.median(ranks) == 1
    assert ranks.max() <= 80


def test_pairs_with_the_text_of_another_pair_rank_last():
    texts, molecules = pairs_of(7, pairs=400, noise=0.1)
    texts[:40] = np.roll(texts[:40], 1, axis=0)
    ranks = ridge_ranks(texts, molecules, seed=0)
    worst = np.argsort(-ranks)[:40]
    assert (worst < 40).mean() > 0.8
    back = ridge_ranks(molecules, texts, seed=0)
    assert (np.argsort(-back)[:40] < 40).mean() > 0.8


def test_no_pair_takes_part_in_its_own_map():
    """With noise for texts a map that has seen the pair would find its molecule."""
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(200, 150)).astype(np.float32)
    molecules = rng.normal(size=(100, 8)).astype(np.float32).repeat(2, axis=0)
    texts[1::2] = texts[::2]  # an exact copy of each pair
    ranks = ridge_ranks(texts, molecules, seed=0)
    assert 40 < ranks.mean() < 61


def test_candidates_are_drawn_from_very_many_molecules(monkeypatch):
    texts, molecules = pairs_of(2, pairs=200)
    monkeypatch.setattr(ridge, "MAX_CANDIDATES", 50)
    ranks = ridge_ranks(texts, molecules, seed=0)
    assert ranks.min() >= 1
    assert ranks.max() <= 51
    assert np.array_equal(ranks, ridge_ranks(texts, molecules, seed=0))


@pytest.mark.parametrize("side", ["texts", "molecules", "both"])
def test_features_without_information_give_the_middle_rank(side):
    texts, molecules = pairs_of(0, pairs=30)
    if side != "molecules":
        texts = np.ones_like(texts)
    if side != "texts":
        molecules = np.ones_like(molecules)
    expected = 1 if side != "texts" else 15.5  # one distinct molecule, or 30 that tie
    assert ridge_ranks(texts, molecules, seed=0) == pytest.approx(np.full(30, expected))


def test_bad_features_are_one_error():
    texts, molecules = pairs_of(0)
    with pytest.raises(DataError, match=r"one row per pair, got \(60, 7\) and \(59, 5\)"):
        ridge_ranks(texts, molecules[:-1], seed=0)
    molecules[3, 2] = np.nan
    with pytest.raises(DataError, match="molecule features must be finite"):
        ridge_ranks(texts, molecules, seed=0)
