"""Tiles counted anywhere, in any order, make the same index."""

from copy import deepcopy

import numpy as np
import pytest

from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.layout import block_order, even_spans
from class_sweep.difficulty.similarity import Similarity
from class_sweep.difficulty.tiles import count_tile, tiles

SIGMAS = np.round(np.arange(0.3, 1.0, 0.05), 2)


@pytest.mark.parametrize("similarity", [Similarity(), Similarity(0.5, "tanimoto")], ids=str)
def test_elsewhere_and_out_of_order_the_index_is_the_same(look_alikes, on, similarity):
    text, molecule = look_alikes(150)
    asked = {"similarity": similarity, "m": 6, "quantiles": [0.5]}

    def elsewhere(vectors, todo, request):
        for k in np.random.default_rng(0).permutation(len(todo)):
            given = deepcopy((vectors, todo[k], request))
            for array in vars(given[0]).values():  # as an object store hands them out
                if isinstance(array, np.ndarray):
                    array.flags.writeable = False
            partial = count_tile(*given)
            for side in partial:  # as an object store hands them out
                side.counts.flags.writeable = False
            yield partial

    whole = build_index(text, molecule, SIGMAS, **asked)
    with on(block=16, tile=40):
        assert len(tiles(150)) == 10
        spread = build_index(text, molecule, SIGMAS, executor=elsewhere, **asked)
    assert spread.checksum() == whole.checksum()
    one = build_index(text, molecule, SIGMAS, executor=elsewhere, **asked)
    assert one.checksum() == whole.checksum()


def test_more_pairs_than_two_bytes_count(on, monkeypatch):
    monkeypatch.setattr("class_sweep.difficulty.combine.SMALL", 50)
    features = np.ones((90, 3), np.float32)
    with on(tile=32):
        index = build_index(features, features, [0.5, 1.0], m=2)
    assert index.counts.dtype == np.uint32
    assert (index.counts == 89).all()


@pytest.mark.parametrize("rows", [1, 5, 16, 37])
@pytest.mark.parametrize("columns", [1, 7, 16, 33])
@pytest.mark.parametrize("square", [True, False])
def test_blocks_cover_every_two_pairs_once(on, rows, columns, square):
    down = range(100, 100 + rows)
    across = down if square else range(300, 300 + columns)
    seen = np.zeros((len(down), len(across)), dtype=int)
    with on(block=4):
        for i, j in block_order(down, across, kept=0):
            seen[i, j] += 1
            if square and i != j:
                seen[j, i] += 1
    assert (seen == 1).all()


def test_spans_are_even():
    assert [len(span) for span in even_spans(10, 4)] == [3, 3, 4]
    assert even_spans(4, 4) == [range(4)]
