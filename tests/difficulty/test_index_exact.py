"""The index against brute force in float64, whichever path counts it."""

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
def test_it_is_what_brute_force_counts(look_alikes, brute, on, similarity, dtype, sigmas):
    text, molecule = look_alikes(230)
    with on(dtype, block=32):
        index = build_index(text, molecule, sigmas, similarity=similarity, m=7)
    brute(text, molecule, sigmas, 7, similarity).check(index)


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize(
    "how",
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
def test_blocks_tiles_and_flushes_change_nothing(look_alikes, brute, on, dtype, how):
    text, molecule = look_alikes(131)
    with on(dtype, **how):
        index = build_index(text, molecule, WIDE, m=5)
    brute(text, molecule, WIDE, 5).check(index)


def test_blocks_and_tiles_of_one_pair(look_alikes, brute, on):
    text, molecule = look_alikes(12)
    for how in ({"block": 1}, {"block": 1, "tile": 1}):
        with on(**how):
            index = build_index(text, molecule, HIGH, m=0)
        brute(text, molecule, HIGH, 0).check(index)


def test_every_path_gives_the_same_bytes(look_alikes, on):
    text, molecule = look_alikes(300)
    sums = set()
    for dtype in FORMATS:
        for dense in (0.0, 1.0):
            with on(dtype, block=64, dense=dense):
                sums.add(build_index(text, molecule, WIDE).checksum())
    with on(block=64, tile=90):
        sums.add(build_index(text, molecule, WIDE).checksum())
    sums.add(build_index(text, molecule, WIDE).checksum())
    sums.add(build_index(text, molecule, WIDE).checksum())
    assert len(sums) == 1


@st.composite
def pairs(draw):
    """Few distinct values: duplicates, opposites, zero rows and exact ties abound."""
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
def test_it_is_what_brute_force_counts_for_anything(
    brute, on, features, similarity, sigmas, dtype, block, tile, data
):
    text, molecule = features
    m = data.draw(st.integers(0, min(6, len(text) - 1)))
    with on(dtype, block=block, tile=tile):
        index = build_index(text, molecule, sigmas, similarity=similarity, m=m)
    brute(text, molecule, sigmas, m, similarity).check(index)


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize("dense", [0.0, 1.0])
def test_pairs_near_a_threshold_fall_on_its_right_side(
    look_alikes, every_similarity, brute, on, dtype, dense
):
    text, molecule = look_alikes(80)
    s = every_similarity(text, molecule)
    chosen = s[np.triu_indices(80, 1)][::37]
    steps = np.array([-1e-7, -2e-9, -1e-10, 5e-10, 2e-9, 1e-8, 1e-7])
    sigmas = (chosen[:, None] + steps).ravel()
    with on(dtype, block=16, dense=dense):
        index = build_index(text, molecule, sigmas, m=0)
    brute(text, molecule, sigmas, 0).check(index)
    reached = [(s >= sigma - 1e-9).sum(axis=1) for sigma in chosen[0] + steps]
    for sigma, expected in zip(chosen[0] + steps, reached, strict=True):
        np.testing.assert_array_equal(index.at(sigma), expected)


def test_duplicates_reach_one():
    row = np.random.default_rng(0).normal(size=(1, 300)).astype(np.float32)
    index = build_index(np.repeat(row, 50, axis=0), np.repeat(row, 50, axis=0), [1.0])
    assert (index.at(1.0) == 49).all()
    assert index.neighbours[0].tolist() == list(range(1, 33))
    assert index.neighbours[40].tolist() == list(range(32))


def test_a_zero_vector_is_like_nothing_not_even_itself():
    zero, one = np.zeros((3, 4), np.float32), np.ones((3, 4), np.float32)
    assert build_index(zero, zero, [1e-6]).counts.sum() == 0
    assert (build_index(zero, one, [0.5]).at(0.5) == 2).all()
    empty = Similarity(0.0, "tanimoto")
    assert build_index(one, zero, [1e-6], similarity=empty).counts.sum() == 0


def test_one_pair_and_two(brute):
    text, molecule = np.eye(2, 3, dtype=np.float32), np.ones((2, 3), np.float32)
    one = build_index(text[:1], molecule[:1], [0.5])
    assert one.counts.tolist() == [[0]]
    assert one.neighbours.shape == (1, 0)
    assert one.mean_similarity.tolist() == [0]
    two = build_index(text, molecule, [0.5, 0.6])
    brute(text, molecule, [0.5, 0.6], 1).check(two)
    assert two.counts.tolist() == [[1, 0], [1, 0]]


def test_sizes_of_the_features_do_not_matter():
    generator = np.random.default_rng(3)
    text = generator.normal(size=(40, 8)).astype(np.float32)
    lengths = np.float32(10.0) ** generator.integers(-30, 30, size=(40, 1)).astype(np.float32)
    plain = build_index(text, text, WIDE, m=3)
    scaled = build_index(text * lengths, text, WIDE, m=3)
    np.testing.assert_array_equal(plain.counts, scaled.counts)


def test_real_numbers_of_pairs_cross_real_blocks(look_alikes, brute):
    text, molecule = look_alikes(2300, seed=5)
    sigmas = np.round(np.arange(0.8, 0.991, 0.001), 3)
    brute(text, molecule, sigmas, 32).check(build_index(text, molecule, sigmas))


FINE = np.round(np.arange(0.3, 0.99, 0.0005), 4)  # more thresholds than a block is wide


@pytest.mark.parametrize("similarity", [Similarity(), Similarity(0.4, "tanimoto")], ids=str)
@pytest.mark.parametrize("sigmas", [WIDE, FINE], ids=["wide", "fine"])
def test_blocks_in_which_many_pairs_pass(look_alikes, brute, on, similarity, sigmas):
    text, molecule = look_alikes(210)
    for tile in (16384, 90):
        with on(block=64, tile=tile, dense=0.0):
            index = build_index(text, molecule, sigmas, similarity=similarity, m=7)
        brute(text, molecule, sigmas, 7, similarity).check(index)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("similarity", SIMILARITIES, ids=str)
@pytest.mark.parametrize("sigmas", [HIGH, WIDE, FINE], ids=["high", "wide", "fine"])
@pytest.mark.parametrize("precision", ["highest", "high"])
def test_cuda_counts_what_the_cpu_counts(look_alikes, on, similarity, sigmas, precision):
    text, molecule = look_alikes(700)
    with on():
        expected = build_index(text, molecule, sigmas, similarity=similarity)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)  # TF32 products must only leave more open
    try:
        found = build_index(text, molecule, sigmas, similarity=similarity)
    finally:
        torch.set_float32_matmul_precision(before)
    assert found.checksum() == expected.checksum()
