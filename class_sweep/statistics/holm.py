"""Holm's step-down procedure over weighted hypotheses (Holm 1979, Scand. J. Statist. 6:65)."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class HolmResult(Generic[Name]):
    """The outcome of a family of tests.

    Attributes:
        levels: The level at which each hypothesis was finally tested.
        adjusted: Adjusted p-value: the smallest family-wise error at which the hypothesis is
            rejected, at most 1.
        rejected: The rejected hypotheses.
    """

    levels: dict[Name, float]
    adjusted: dict[Name, float]
    rejected: frozenset[Name]


def holm(p: Mapping[Name, float], weights: Mapping[Name, float], alpha: float) -> HolmResult[Name]:
    """Test all hypotheses in the order of p / weight.

    Hypothesis i is tested at α · w_i / Σ w_j, the sum over the hypotheses not rejected so far. The
    probability of any false rejection is at most α for any dependence between the tests.

    Args:
        p: p-value of each hypothesis.
        weights: Weight of each hypothesis, above 0; they need not add up to 1.
        alpha: The family-wise error, a fraction.
    """
    ordered = sorted(p, key=lambda name: p[name] / weights[name])
    remaining_weight = sum(weights.values())
    levels, adjusted, rejected = dict[Name, float](), dict[Name, float](), set[Name]()
    largest, rejecting = 0.0, True
    for name in ordered:
        share = weights[name] / remaining_weight if remaining_weight > 0 else 1.0
        largest = max(largest, min(1.0, p[name] / share))
        adjusted[name] = largest
        levels[name] = alpha * share
        rejecting = rejecting and p[name] <= alpha * share
        if rejecting:
            rejected.add(name)
        remaining_weight -= weights[name]
    open_weight = math.fsum(weights[name] for name in ordered if name not in rejected)
    for name in ordered:  # the open hypotheses share the whole error
        if name not in rejected:
            levels[name] = alpha * weights[name] / open_weight
    return HolmResult(levels, adjusted, frozenset(rejected))
