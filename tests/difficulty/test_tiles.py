"""An index does not depend on where and in which order its tiles are counted."""

from copy import deepcopy

import numpy as np
import pytest

from class_sweep.difficulty import combine
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.layout import block_order, even_spans
from class_sweep.difficulty.similarity import Similarity
from class_sweep.difficulty.tiles import TILE, count_tile, tiles

SIGMAS = np.round(np.arange(0.3, 1.0, 0.05), 2)


@pytest.mark.parametrize("similarity", [Similarity(), Similarity(0.5, "tanimoto")], ids=str)
def test_tiles_of_an_executor_in_any_order_give_the_same_index(
    look_alikes, counting_with, similarity
):
    text, molecule = look_alikes(150)
    arguments = {"similarity": similarity, "m": 6, "quantiles": [0.5]}

    def executor(vectors, work, request):
        for k in np.random.default_rng(0).permutation(len(work)):
            copies = deepcopy((vectors, work[k], request))
            for array in vars(copies[0]).values():  # arrays of an object store are read-only
                if isinstance(array, np.ndarray):
                    array.flags.writeable = False
            partial = count_tile(*copies)
            for side in partial:
                side.counts.flags.writeable = False
            yield partial

    in_process = build_index(text, molecule, SIGMAS, **arguments)
    with counting_with(block=16, tile=40):
        assert len(tiles(150)) == 10
        of_many_tiles = build_index(text, molecule, SIGMAS, executor=executor, **arguments)
    assert of_many_tiles.checksum() == in_process.checksum()
    of_one_tile = build_index(text, molecule, SIGMAS, executor=executor, **arguments)
    assert of_one_tile.checksum() == in_process.checksum()


def test_counts_and_keys_have_enough_bits():
    # A pair has one count fewer than there are pairs: it is not its own look-alike.
    assert np.iinfo(np.uint16).max >= combine.MAX_UINT16_PAIRS - 1
    assert TILE <= 2**16


def test_more_pairs_than_two_bytes_can_count(counting_with, monkeypatch):
    monkeypatch.setattr("class_sweep.difficulty.combine.MAX_UINT16_PAIRS", 50)
    features = np.ones((90, 3), np.float32)
    with counting_with(tile=32):
        index = build_index(features, features, [0.5, 1.0], m=2)
    assert index.counts.dtype == np.uint32
    assert (index.counts == 89).all()


@pytest.mark.parametrize("rows", [1, 5, 16, 37])
@pytest.mark.parametrize("columns", [1, 7, 16, 33])
@pytest.mark.parametrize("square", [True, False])
def test_blocks_cover_every_combination_of_two_pairs_once(counting_with, rows, columns, square):
    row_span = range(100, 100 + rows)
    column_span = row_span if square else range(300, 300 + columns)
    seen = np.zeros((len(row_span), len(column_span)), dtype=int)
    with counting_with(block=4):
        for i, j in block_order(row_span, column_span, kept=0):
            seen[i, j] += 1
            if square and i != j:
                seen[j, i] += 1
    assert (seen == 1).all()


def test_spans_are_even():
    assert [len(span) for span in even_spans(10, 4)] == [3, 3, 4]
    assert even_spans(4, 4) == [range(4)]
