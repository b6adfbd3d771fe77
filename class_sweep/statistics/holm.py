"""Holm's procedure over weighted hypotheses (Holm 1979, Scandinavian J. of Statistics 6:65)."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Tested(Generic[Name]):
    """What a family of tests came to.

    Attributes:
        levels: The level at which each hypothesis was tested at last.
        adjusted: The smallest family-wise error at which each would be rejected, at most 1.
        rejected: Those that are rejected.
    """

    levels: dict[Name, float]
    adjusted: dict[Name, float]
    rejected: frozenset[Name]


def holm(p: Mapping[Name, float], weights: Mapping[Name, float], alpha: float) -> Tested[Name]:
    """Test all, the smallest p / weight first; each rejection leaves its level to the rest.

    The probability of any false rejection is at most `alpha`, however the tests depend.

    Args:
        p: Of each hypothesis.
        weights: Above 0; they need not add up to 1.
        alpha: The family-wise error.
    """
    ordered = sorted(p, key=lambda name: p[name] / weights[name])
    left = sum(weights.values())
    levels, adjusted, rejected = dict[Name, float](), dict[Name, float](), set[Name]()
    worst, open_ = 0.0, True
    for name in ordered:
        share = weights[name] / left if left > 0 else 1.0
        worst = max(worst, min(1.0, p[name] / share))
        adjusted[name] = worst
        levels[name] = alpha * share
        open_ = open_ and p[name] <= alpha * share
        if open_:
            rejected.add(name)
        left -= weights[name]
    still = math.fsum(weights[name] for name in ordered if name not in rejected)
    for name in ordered:  # those not rejected share what the rejected have left
        if name not in rejected:
            levels[name] = alpha * weights[name] / still
    return Tested(levels, adjusted, frozenset(rejected))
