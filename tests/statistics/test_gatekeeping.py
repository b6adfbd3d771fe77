"""Adjusted p-values of the graphical procedure, against the procedure at each error."""

import math

from hypothesis import given
from hypothesis import strategies as st

from class_sweep.statistics.gatekeeping import gatekeeping

P = st.floats(1e-5, 1)


@given(
    st.lists(st.lists(st.tuples(P, st.booleans()), min_size=1, max_size=3), min_size=1, max_size=4),
    st.lists(P, min_size=4, max_size=4),
    st.floats(0, 1),
)
def test_non_inferiority_is_claimed_exactly_from_its_adjusted_p_value_on(finalists, beside, kept):
    nodes = {
        (f"t{f}", f"c{c}"): case
        for f, tests in enumerate(finalists)
        for c, case in enumerate(tests)
    }
    p = {node: value for node, (value, _) in nodes.items()}
    worse = {node: is_worse for node, (_, is_worse) in nodes.items()}
    # The first comparison of a finalist has most of its weight, and another may keep a part.
    weights = {
        node: (1 - 0.4 * kept if node[1] == "c0" else 0.4 * kept if node[1] == "c1" else 0)
        / len(finalists)
        for node in nodes
    }
    family = gatekeeping(p, worse, weights, 0.05)
    for f, drawn in enumerate(beside[: len(finalists)]):
        node = (f"t{f}", "c0")
        value = min(drawn, p[node])  # superiority is the stronger claim
        adjusted = family.adjusted_beside(node, value)
        for alpha in (*(10 ** (-k / 7) for k in range(1, 36)), adjusted * 0.999, adjusted * 1.001):
            if alpha >= 1 or math.isclose(alpha, adjusted):
                continue
            at_alpha = gatekeeping(p, worse, weights, alpha)
            assert (value <= at_alpha.levels.get(node, 0.0)) == (adjusted <= alpha)
