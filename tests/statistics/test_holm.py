import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.statistics.holm import holm

FAMILIES = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1)), min_size=1, max_size=8)


def family(rows):
    return {i: p for i, (p, _) in enumerate(rows)}, {i: w for i, (_, w) in enumerate(rows)}


def test_equal_weights_give_the_unweighted_procedure():
    result = holm({"a": 0.01, "b": 0.03, "c": 0.02, "d": 0.5}, dict.fromkeys("abcd", 1.0), 0.05)
    # 0.01 <= 0.05/4, but 0.02 > 0.05/3: nothing beyond `a`.
    assert result.rejected == {"a"}
    assert result.adjusted == pytest.approx({"a": 0.04, "c": 0.06, "b": 0.06, "d": 0.5})


def test_the_level_of_a_rejected_hypothesis_passes_to_the_others():
    weights = dict.fromkeys("abc", 1.0)
    assert holm({"a": 0.001, "b": 0.024, "c": 0.9}, weights, 0.05).rejected == {"a", "b"}
    assert holm({"a": 0.9, "b": 0.024, "c": 0.9}, weights, 0.05).rejected == frozenset()


def test_a_hypothesis_with_more_weight_has_more_of_the_error():
    p = {"a": 0.02, "b": 0.9}
    assert holm(p, {"a": 0.5, "b": 0.5}, 0.05).rejected == {"a"}
    assert holm(p, {"a": 0.1, "b": 0.9}, 0.05).rejected == frozenset()


@given(FAMILIES, st.floats(0.001, 0.2))
def test_a_hypothesis_is_rejected_exactly_if_its_p_is_within_its_level(rows, alpha):
    p, weights = family(rows)
    result = holm(p, weights, alpha)
    for name in p:
        assert (name in result.rejected) == (p[name] <= result.levels[name] * (1 + 1e-12))
        if name in result.rejected:
            assert result.adjusted[name] <= alpha * (1 + 1e-9)
        else:
            assert result.adjusted[name] >= alpha * (1 - 1e-9)


@given(FAMILIES)
def test_open_hypotheses_share_the_whole_error(rows):
    p, weights = family(rows)
    result = holm(p, weights, 0.05)
    left = [result.levels[name] for name in p if name not in result.rejected]
    assert sum(left) == pytest.approx(0.05 if left else 0)
