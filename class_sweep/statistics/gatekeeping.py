"""The graphical procedure of a confirmation (Bretz et al. 2009, Statistics in Medicine 28:586).

The nodes of the graph are the comparisons. A finalist begins with all of its level on its first
comparison. Once that is rejected, its other comparisons share the level, and a rejected one hands
its part to the remaining ones. A finalist with nothing left to test hands its level to the other
finalists. The weights of a set of hypotheses never fall when another one is rejected, so the
procedure is a closed test: the probability of any false rejection is at most alpha, for any
dependence between the tests.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

Node = tuple[str, str]
"""A finalist and the kind of its control."""


@dataclass(frozen=True)
class TestedFamily:
    """The outcome of a family of tests.

    Attributes:
        levels: The level at which each hypothesis was finally tested; 0 where it may not be tested.
        adjusted: Adjusted p-value: the smallest family-wise error at which the hypothesis is
            rejected, at most 1.
        rejected: The rejected hypotheses, in the order of their rejection.
        path: The shares of the error, each with the smallest family-wise error from which on they
            hold; a rejected hypothesis has none.
    """

    levels: dict[Node, float]
    adjusted: dict[Node, float]
    rejected: tuple[Node, ...]
    path: tuple[tuple[float, Mapping[Node, float]], ...]

    def adjusted_beside(self, node: Node, p: float) -> float:
        """Adjusted p-value of a further hypothesis that is tested at the level of a node.

        Non-inferiority is asked before superiority, at the same level, and hands on nothing. It is
        claimed at a family-wise error of alpha where p is at most alpha times the share that the
        node has then, and shares never fall as alpha rises.

        Args:
            node: The node.
            p: The p-value of the further hypothesis.
        """
        return min(
            (max(error, p / shares[node]) for error, shares in self.path if shares.get(node)),
            default=1.0,
        )


def gatekeeping(
    p: Mapping[Node, float],
    worse: Mapping[Node, bool],
    weights: Mapping[Node, float],
    alpha: float,
) -> TestedFamily:
    """Test a family.

    Args:
        p: p-value of each hypothesis that was tested; the others of the family are not rejected.
        worse: Whether the finalist of a hypothesis would be the worse one. A finalist that is worse
            in its first comparison has nothing left to test.
        weights: Initial weight of each hypothesis of the family; the first of each finalist is
            its first comparison.
        alpha: The family-wise error, a fraction.
    """
    rejected: list[Node] = []
    done: set[Node] = set()
    adjusted = dict.fromkeys(weights, 1.0)
    shares = open_shares = _shares(weights, done, worse)
    levels: dict[Node, float] = {}
    largest, rejecting = 0.0, True
    path = [(0.0, shares)]
    while candidates := {n: p[n] / w for n, w in shares.items() if w > 0 and p.get(n, 1.0) < w}:
        node = min(candidates, key=candidates.__getitem__)
        largest = max(largest, candidates[node])
        adjusted[node] = largest
        rejecting = rejecting and candidates[node] <= alpha
        done.add(node)
        if rejecting:
            levels[node] = alpha * shares[node]
            rejected.append(node)
        shares = _shares(weights, done, worse)
        path.append((largest, shares))
        if rejecting:
            open_shares = shares
    levels |= {node: alpha * share for node, share in open_shares.items()}
    return TestedFamily(levels, adjusted, tuple(rejected), tuple(path))


def _shares(
    weights: Mapping[Node, float], rejected: Collection[Node], worse: Mapping[Node, bool]
) -> dict[Node, float]:
    """The share of alpha at which each hypothesis that is not rejected may be tested now."""
    by_finalist: dict[str, list[Node]] = {}
    for node in weights:
        by_finalist.setdefault(node[0], []).append(node)
    shares: dict[Node, float] = {}
    left = 0.0
    for first, *others in by_finalist.values():
        remaining = [node for node in others if node not in rejected]
        whole = sum(weights[node] for node in (first, *others))
        kept = sum(weights[node] for node in remaining)
        if first not in rejected:
            shares |= {node: weights[node] for node in remaining} | {first: whole - kept}
        elif remaining and not worse[first]:
            part = (whole - kept) / len(remaining)
            shares |= {node: weights[node] + part for node in remaining}
        else:  # nothing left to test
            continue
        left += whole
    scale = sum(weights.values()) / left if left else 0.0
    return {node: scale * share for node, share in shares.items()}
