from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
import pytest
import torch

from class_sweep.difficulty import layout, screen, tile_counter, tiles
from class_sweep.difficulty.similarity import Similarity


def unit(features):
    rows = np.asarray(features, dtype=np.float64)
    norms = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def tanimoto(fingerprints):
    bits = (fingerprints != 0).astype(np.float64)
    common, ones = bits @ bits.T, bits.sum(axis=1)
    return common / np.maximum(ones[:, None] + ones - common, 1)


def matrix(text, molecule, similarity=None):
    """All s_ij in float64: (L, L), with −∞ on the diagonal."""
    similarity = similarity or Similarity()
    w = similarity.text_weight
    by_molecule = (
        tanimoto(molecule)
        if similarity.molecule == "tanimoto"
        else unit(molecule) @ unit(molecule).T
    )
    s = w * (unit(text) @ unit(text).T) + (1 - w) * by_molecule
    np.fill_diagonal(s, -np.inf)
    return s


class BruteForce:
    """The expected index, from the whole matrix in float64."""

    def __init__(self, s, sigmas, m):
        pairs = len(s)
        self.sigmas = np.unique(sigmas)
        self.counts = np.stack([(s >= sigma - 1e-9).sum(axis=1) for sigma in self.sigmas], axis=1)
        rounded = (np.rint(s * 2.0**30) / 2.0**30 + 0.0).astype(np.float32)
        numbers = np.broadcast_to(np.arange(pairs), s.shape)
        self.neighbours = np.lexsort((numbers, -rounded), axis=1)[:, :m]
        self.similarity = np.take_along_axis(rounded, self.neighbours, axis=1)
        others = np.where(np.isfinite(s), s, 0).sum(axis=1)
        self.mean = others / max(1, pairs - 1)

    def check(self, index):
        np.testing.assert_array_equal(index.sigmas, self.sigmas)
        np.testing.assert_array_equal(index.counts, self.counts)
        np.testing.assert_array_equal(index.neighbour_similarity, self.similarity)
        np.testing.assert_array_equal(index.neighbours, self.neighbours)
        np.testing.assert_allclose(index.mean_similarity, self.mean, atol=2e-7)


def patched_engine(
    dtype=torch.float32,
    block=16,
    tile=16384,
    pending=tile_counter.PENDING,
    dense=tile_counter.DENSE,
):
    """Patch the screen format and the sizes, so that small data crosses blocks and tiles."""
    stack = ExitStack()
    screen_format = (torch.device("cpu"), dtype)
    stack.enter_context(patch.object(screen, "screen_format", lambda: screen_format))
    stack.enter_context(patch.object(layout, "BLOCK", block))
    stack.enter_context(patch.object(tiles, "TILE", tile))
    stack.enter_context(patch.object(tile_counter, "PENDING", pending))
    stack.enter_context(patch.object(tile_counter, "DENSE", dense))
    return stack


@pytest.fixture
def brute_force():
    return lambda text, molecule, sigmas, m, similarity=None: BruteForce(
        matrix(text, molecule, similarity), sigmas, m
    )


@pytest.fixture
def similarity_matrix():
    return matrix


@pytest.fixture
def counting_with():
    return patched_engine


@pytest.fixture
def look_alikes():
    """Makes clustered features with duplicates and zero rows: (L, 24) and (L, 70)."""

    def make(pairs, seed=0, spread=0.3):
        generator = np.random.default_rng(seed)
        centres = generator.normal(size=(max(2, pairs // 20), 94))
        group = generator.integers(0, len(centres), pairs)
        both = centres[group] + spread * generator.normal(size=(pairs, 94))
        text, molecule = both[:, :24], np.maximum(0, both[:, 24:])
        for source, copies in ((0, [1, 2]), (pairs // 2, [pairs - 1])):
            text[copies], molecule[copies] = text[source], molecule[source]
        text[pairs // 3] = molecule[pairs // 3] = molecule[pairs // 4] = 0
        return text.astype(np.float32), molecule.astype(np.float32)

    return make
