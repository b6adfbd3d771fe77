"""The index equals brute force in float64, whichever code path counts it."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import Similarity

FORMATS = [torch.bfloat16, torch.float32]
SIMILARITIES = [
    Similarity(),
    Similarity(0.3),
    Similarity(1.0),
    Similarity(0.0),
    Similarity(0.5, "tanimoto"),
    Similarity(0.2, "tanimoto"),
    Similarity(0.0, "tanimoto"),
    Similarity(1.0, "tanimoto"),
]
HIGH = [0.9, 0.95, 0.99, 1.0]
WIDE = [-0.5, *np.round(np.arange(0.05, 1.0, 0.01), 2), 1.0]


@pytest.mark.parametrize("similarity", SIMILARITIES, ids=str)
@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize("sigmas", [HIGH, WIDE], ids=["high", "wide"])
def test_an_index_equals_brute_force(
    look_alikes, brute_force, counting_with, similarity, dtype, sigmas
):
    text, molecule = look_alikes(230)
    with counting_with(dtype, block=32):
        index = build_index(text, molecule, sigmas, similarity=similarity, m=7)
    brute_force(text, molecule, sigmas, 7, similarity).check(index)


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize(
    "sizes",
    [
        {"block": 8},
        {"block": 1024},
        {"block": 16, "tile": 60},
        {"block": 64, "tile": 33},
        {"block": 32, "pending": 50},
        {"block": 32, "dense": 0.0},
        {"block": 32, "dense": 1.0},
    ],
    ids=str,
)
def test_block_and_tile_sizes_do_not_change_the_index(
    look_alikes, brute_force, counting_with, dtype, sizes
):
    text, molecule = look_alikes(131)
    with counting_with(dtype, **sizes):
        index = build_index(text, molecule, WIDE, m=5)
    brute_force(text, molecule, WIDE, 5).check(index)


def test_blocks_and_tiles_of_one_pair(look_alikes, brute_force, counting_with):
    text, molecule = look_alikes(12)
    for sizes in ({"block": 1}, {"block": 1, "tile": 1}):
        with counting_with(**sizes):
            index = build_index(text, molecule, HIGH, m=0)
        brute_force(text, molecule, HIGH, 0).check(index)


def test_every_path_gives_the_same_bytes(look_alikes, counting_with):
    text, molecule = look_alikes(300)
    checksums = set()
    for dtype in FORMATS:
        for dense in (0.0, 1.0):
            with counting_with(dtype, block=64, dense=dense):
                checksums.add(build_index(text, molecule, WIDE).checksum())
    with counting_with(block=64, tile=90):
        checksums.add(build_index(text, molecule, WIDE).checksum())
    checksums.add(build_index(text, molecule, WIDE).checksum())
    checksums.add(build_index(text, molecule, WIDE).checksum())
    assert len(checksums) == 1


@st.composite
def pairs(draw):
    """Features of few distinct values, with many duplicates, opposites, zero rows and ties."""
    count = draw(st.integers(1, 25))
    coarse = st.sampled_from([0.0, 0.0, 1.0, -1.0, 2.0, 0.5])
    fine = st.floats(-(2.0**60), 2.0**60, width=32)
    shape = (count, draw(st.integers(1, 5)))
    text = draw(hnp.arrays(np.float32, shape, elements=draw(st.sampled_from([coarse, fine]))))
    molecule = draw(hnp.arrays(np.float32, (count, draw(st.integers(1, 5))), elements=coarse))
    return text, molecule


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pairs(),
    st.sampled_from(SIMILARITIES),
    st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.7071, 0.75, 0.9, 1.0]), min_size=1),
    st.sampled_from(FORMATS),
    st.integers(3, 12),
    st.integers(6, 50),
    st.data(),
)
def test_an_index_of_any_features_equals_brute_force(
    brute_force, counting_with, features, similarity, sigmas, dtype, block, tile, data
):
    text, molecule = features
    m = data.draw(st.integers(0, min(6, len(text) - 1)))
    with counting_with(dtype, block=block, tile=tile):
        index = build_index(text, molecule, sigmas, similarity=similarity, m=m)
    brute_force(text, molecule, sigmas, m, similarity).check(index)


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize("dense", [0.0, 1.0])
def test_similarities_near_a_threshold_are_counted_correctly(
    look_alikes, similarity_matrix, brute_force, counting_with, dtype, dense
):
    text, molecule = look_alikes(80)
    s = similarity_matrix(text, molecule)
    chosen = s[np.triu_indices(80, 1)][::37]
    steps = np.array([-1e-7, -2e-9, -1e-10, 5e-10, 2e-9, 1e-8, 1e-7])
    sigmas = (chosen[:, None] + steps).ravel()
    with counting_with(dtype, block=16, dense=dense):
        index = build_index(text, molecule, sigmas, m=0)
    brute_force(text, molecule, sigmas, 0).check(index)
    reached = [(s >= sigma - 1e-9).sum(axis=1) for sigma in chosen[0] + steps]
    for sigma, expected in zip(chosen[0] + steps, reached, strict=True):
        np.testing.assert_array_equal(index.at(sigma), expected)


def test_duplicates_reach_a_sigma_of_1():
    row = np.random.default_rng(0).normal(size=(1, 300)).astype(np.float32)
    index = build_index(np.repeat(row, 50, axis=0), np.repeat(row, 50, axis=0), [1.0])
    assert (index.at(1.0) == 49).all()
    assert index.neighbours[0].tolist() == list(range(1, 33))
    assert index.neighbours[40].tolist() == list(range(32))


def test_a_zero_vector_resembles_no_vector_and_not_itself():
    zeros, ones = np.zeros((3, 4), np.float32), np.ones((3, 4), np.float32)
    assert build_index(zeros, zeros, [1e-6]).counts.sum() == 0
    assert (build_index(zeros, ones, [0.5]).at(0.5) == 2).all()
    empty = Similarity(0.0, "tanimoto")
    assert build_index(ones, zeros, [1e-6], similarity=empty).counts.sum() == 0


def test_one_pair_and_two_pairs(brute_force):
    text, molecule = np.eye(2, 3, dtype=np.float32), np.ones((2, 3), np.float32)
    of_one_pair = build_index(text[:1], molecule[:1], [0.5])
    assert of_one_pair.counts.tolist() == [[0]]
    assert of_one_pair.neighbours.shape == (1, 0)
    assert of_one_pair.mean_similarity.tolist() == [0]
    of_two_pairs = build_index(text, molecule, [0.5, 0.6])
    brute_force(text, molecule, [0.5, 0.6], 1).check(of_two_pairs)
    assert of_two_pairs.counts.tolist() == [[1, 0], [1, 0]]


def test_the_lengths_of_feature_vectors_do_not_matter():
    generator = np.random.default_rng(3)
    text = generator.normal(size=(40, 8)).astype(np.float32)
    lengths = np.float32(10.0) ** generator.integers(-30, 30, size=(40, 1)).astype(np.float32)
    plain = build_index(text, text, WIDE, m=3)
    scaled = build_index(text * lengths, text, WIDE, m=3)
    np.testing.assert_array_equal(plain.counts, scaled.counts)


def test_2300_pairs_cross_blocks_of_the_default_size(look_alikes, brute_force):
    text, molecule = look_alikes(2300, seed=5)
    sigmas = np.round(np.arange(0.8, 0.991, 0.001), 3)
    brute_force(text, molecule, sigmas, 32).check(build_index(text, molecule, sigmas))


FINE = np.round(np.arange(0.3, 0.99, 0.0005), 4)  # more thresholds than a block is wide


@pytest.mark.parametrize("similarity", [Similarity(), Similarity(0.4, "tanimoto")], ids=str)
@pytest.mark.parametrize("sigmas", [WIDE, FINE], ids=["wide", "fine"])
def test_dense_blocks_equal_brute_force(
    look_alikes, brute_force, counting_with, similarity, sigmas
):
    text, molecule = look_alikes(210)
    for tile in (16384, 90):
        with counting_with(block=64, tile=tile, dense=0.0):
            index = build_index(text, molecule, sigmas, similarity=similarity, m=7)
        brute_force(text, molecule, sigmas, 7, similarity).check(index)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("similarity", SIMILARITIES, ids=str)
@pytest.mark.parametrize("sigmas", [HIGH, WIDE, FINE], ids=["high", "wide", "fine"])
@pytest.mark.parametrize("precision", ["highest", "high"])
def test_cuda_counts_what_the_cpu_counts(look_alikes, counting_with, similarity, sigmas, precision):
    text, molecule = look_alikes(700)
    with counting_with():
        expected = build_index(text, molecule, sigmas, similarity=similarity)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)  # TF32 products may only leave more pairs open
    try:
        on_cuda = build_index(text, molecule, sigmas, similarity=similarity)
    finally:
        torch.set_float32_matmul_precision(before)
    assert on_cuda.checksum() == expected.checksum()
