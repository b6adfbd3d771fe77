"""The lookups, the errors and the serialisation of an index."""

import re

import numpy as np
import pytest

from class_sweep.difficulty.index import DifficultyIndex, build_index, sigma_at
from class_sweep.difficulty.similarity import Similarity
from class_sweep.errors import DataError, InputError


@pytest.fixture
def features(look_alikes):
    return look_alikes(60)


def test_an_index_answers_only_at_its_own_sigmas(features):
    index = build_index(*features, [0.9, 0.5, 0.9])
    assert index.sigmas.tolist() == [0.5, 0.9]
    np.testing.assert_array_equal(index.at(0.9), index.counts[:, 1])
    assert index.at(0.9).dtype == np.int32
    for other in (0.91, float("nan")):
        with pytest.raises(DataError, match=f"counted at, got {other}; the nearest is 0"):
            index.at(other)


def test_arrays_restore_the_index(features):
    index = build_index(*features, [0.5, 0.9])
    restored = DifficultyIndex.from_arrays(index.arrays())
    assert restored.checksum() == index.checksum()
    with pytest.raises(DataError, match="another version wrote it"):
        DifficultyIndex.from_arrays({"sigmas": index.sigmas, "neighbours": index.neighbours})


@pytest.mark.parametrize(
    "name", ["sigmas", "counts", "mean_similarity", "neighbours", "neighbour_similarity"]
)
def test_the_checksum_changes_with_any_entry_of_any_array(features, name):
    index = build_index(*features, [0.5, 0.9])
    before = index.checksum()
    array = index.arrays()[name]
    assert index.checksum() == before
    array.reshape(-1)[-1] += array.dtype.type(1)
    assert index.checksum() != before


def test_the_same_features_give_the_same_index(features):
    assert len({build_index(*features, [0.5, 0.9]).checksum() for _ in range(3)}) == 1


def test_read_only_features_give_the_same_index(features):
    text, molecule = features
    expected = build_index(text, molecule, [0.9]).checksum()
    text.flags.writeable = molecule.flags.writeable = False
    assert build_index(text, molecule, [0.9]).checksum() == expected


def test_the_default_is_32_neighbours_or_all_others(features):
    text, molecule = features
    assert build_index(text, molecule, [0.9]).neighbours.shape == (60, 32)
    assert build_index(text[:20], molecule[:20], [0.9]).neighbours.shape == (20, 19)
    without_neighbours = build_index(text, molecule, [0.9], m=0)
    assert without_neighbours.neighbours.shape == (60, 0)
    with pytest.raises(DataError, match="got an index without neighbours"):
        _ = without_neighbours.nearest


@pytest.mark.parametrize("m", [60, 61, -1])
def test_m_must_be_below_the_number_of_pairs(features, m):
    with pytest.raises(DataError, match=f"m must be below L, .*, got {m} for L = 60"):
        build_index(*features, [0.9], m=m)


def test_a_quantile_sigma_is_a_quantile_of_the_nearest_similarities(features, similarity_matrix):
    nearest = similarity_matrix(*features).max(axis=1)
    index = build_index(*features, [0.9], quantiles=[0.25, 0.75])
    expected = [round(float(np.quantile(nearest, q)), 4) for q in (0.25, 0.75)]
    assert [index.sigma_at(q) for q in (0.25, 0.75)] == expected
    by_number = build_index(*features, [0.9, *expected])
    assert index.checksum() == by_number.checksum()
    assert build_index(*features, [], quantiles=[0.5]).sigmas.shape == (1,)


def test_a_quantile_sigma_is_clamped_to_valid_similarities():
    assert sigma_at(np.array([-0.5, -0.1], np.float32), 0.5) == 1e-4
    assert sigma_at(np.array([1.0000001, 1], np.float32), 1.0) == 1.0


@pytest.mark.parametrize("quantile", [-0.1, 1.1, float("nan")])
def test_a_quantile_outside_0_to_1_is_an_error(features, quantile):
    with pytest.raises(DataError, match=r"quantile of sigma must be a share in \[0, 1\], got"):
        build_index(*features, [0.9], quantiles=[quantile])


def test_quantiles_need_neighbours(features):
    with pytest.raises(DataError, match="quantiles of sigma need m of at least 1, got 0"):
        build_index(*features, [0.9], m=0, quantiles=[0.5])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["text", "molecule"])
def test_features_must_be_finite(features, value, side):
    arrays = dict(zip(("text", "molecule"), features, strict=True))
    arrays[side][[7, 9], 3] = value
    message = f"{side} features must be finite, got NaN or infinity in 2 rows, the first of them"
    with pytest.raises(DataError, match=f"{message} row 7"):
        build_index(arrays["text"], arrays["molecule"], [0.9])


def test_rows_must_match(features):
    text, molecule = features
    with pytest.raises(DataError, match=re.escape("got (60, 24) and (59, 70)")):
        build_index(text, molecule[:-1], [0.9])
    with pytest.raises(DataError, match="one row per pair"):
        build_index(text[:, 0], molecule, [0.9])


def test_a_pair_and_a_sigma_are_needed(features):
    text, molecule = features
    with pytest.raises(DataError, match="got 60 pairs, 0 sigmas"):
        build_index(text, molecule, [])
    with pytest.raises(DataError, match="got 0 pairs, 1 sigmas"):
        build_index(text[:0], molecule[:0], [0.9])
    with pytest.raises(DataError, match="sigma must be a finite number, got nan"):
        build_index(text, molecule, [0.9, np.nan])


@pytest.mark.parametrize("weight", [-0.01, 1.01, float("nan")])
def test_a_text_weight_outside_0_to_1_is_an_error(weight):
    with pytest.raises(InputError, match=rf"text_weight must be a share in \[0, 1\], got {weight}"):
        Similarity(weight)


def test_an_unknown_similarity_is_an_error_that_lists_the_known():
    with pytest.raises(InputError, match="one of cosine, tanimoto, got 'dice'"):
        Similarity(molecule="dice")


@pytest.mark.parametrize("quantiles", [[], [0.5]], ids=["one pass", "two passes"])
def test_progress_reports_every_block_once(features, counting_with, quantiles):
    seen = []
    with counting_with(block=16, tile=30):
        build_index(
            *features, [0.9], m=4, quantiles=quantiles, progress=lambda *blocks: seen.append(blocks)
        )
    total = seen[0][1]
    assert seen == [(k, total) for k in range(1, total + 1)]
