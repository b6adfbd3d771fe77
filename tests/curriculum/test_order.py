import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from class_sweep.config.components import ORDERS
from class_sweep.config.curriculum import Curriculum
from class_sweep.curriculum.order import difficulty_order
from class_sweep.errors import ConfigError
from class_sweep.testing import check_order

TIE_BREAKS = ("mean_similarity", "random")


@st.composite
def difficulties(draw):
    """N and mean similarity of 1 … 60 pairs, with ties in both."""
    pairs = draw(st.integers(1, 60))
    neighbours = draw(hnp.arrays(np.int32, pairs, elements=st.integers(0, 5)))
    similarity = draw(
        hnp.arrays(np.float64, pairs, elements=st.sampled_from([-0.5, 0.0, 0.25, 0.3, 0.9]))
    )
    return neighbours, similarity


seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("name", ORDERS)
@given(difficulty=difficulties(), seed=seeds)
def test_every_order_keeps_the_contract(name, difficulty, seed):
    counts, similarity = difficulty
    check_order(name, counts, similarity, seed)
    assert Curriculum(order=name).order == name


@given(difficulties(), st.sampled_from(sorted(ORDERS)), st.sampled_from(TIE_BREAKS), seeds)
def test_an_order_by_name_is_a_permutation_and_repeatable(difficulty, order, tie_break, seed):
    first = difficulty_order(*difficulty, order=order, tie_break=tie_break, seed=seed)
    assert sorted(first) == list(range(len(difficulty[0])))
    again = difficulty_order(*difficulty, order=order, tie_break=tie_break, seed=seed)
    assert np.array_equal(first, again)


@given(difficulties(), st.sampled_from(TIE_BREAKS), seeds)
def test_easy_first_never_falls_and_hard_first_is_its_exact_reverse(difficulty, tie_break, seed):
    easy = difficulty_order(*difficulty, order="easy_first", tie_break=tie_break, seed=seed)
    hard = difficulty_order(*difficulty, order="hard_first", tie_break=tie_break, seed=seed)
    assert (np.diff(difficulty[0][easy]) >= 0).all()
    assert np.array_equal(hard, easy[::-1])


@given(difficulties(), seeds)
def test_mean_similarity_breaks_ties_then_the_order_of_the_data(difficulty, seed):
    neighbours, similarity = difficulty
    easy = difficulty_order(*difficulty, order="easy_first", tie_break="mean_similarity", seed=seed)
    expected = sorted(range(len(neighbours)), key=lambda i: (neighbours[i], similarity[i], i))
    assert list(easy) == expected


def test_a_random_tie_break_and_a_random_order_depend_on_the_seed_alone():
    pairs = 200
    tied, counted = np.zeros(pairs, np.int32), np.arange(pairs, dtype=np.int32)
    similarity = np.linspace(0, 1, pairs)

    def at(neighbours, order, tie_break, seed):
        return difficulty_order(
            neighbours, similarity, order=order, tie_break=tie_break, seed=seed
        ).tolist()

    assert at(tied, "easy_first", "random", 1) != at(tied, "easy_first", "random", 2)
    assert at(counted, "easy_first", "random", 1) == list(range(pairs))
    assert at(tied, "random", "random", 1) == at(counted, "random", "mean_similarity", 1)
    assert at(tied, "random", "random", 1) != at(tied, "random", "random", 2)


def test_the_arguments_are_not_written_to():
    neighbours, similarity = np.array([2, 0, 1], np.int32), np.zeros(3)
    neighbours.flags.writeable = similarity.flags.writeable = False
    hard = difficulty_order(neighbours, similarity, order="hard_first", tie_break="random", seed=0)
    assert hard.tolist() == [0, 2, 1]
    assert hard.flags.writeable


@pytest.mark.parametrize("order", ORDERS)
def test_an_unknown_name_is_an_error(order):
    counts, similarity = np.zeros(3, np.int32), np.zeros(3)
    with pytest.raises(ConfigError, match="order must be one of easy_first, hard_first, random"):
        difficulty_order(counts, similarity, order="easy", tie_break="random", seed=0)
    with pytest.raises(
        ValueError, match="tie_break must be one of mean_similarity, random, got 'mean'"
    ):
        difficulty_order(counts, similarity, order=order, tie_break="mean", seed=0)
