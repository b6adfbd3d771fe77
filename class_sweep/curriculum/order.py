"""The order in which a curriculum introduces the pairs."""

import numpy as np
from numpy.typing import NDArray

from class_sweep.curriculum.names import named


def difficulty_order(
    neighbours: NDArray[np.int32],
    mean_similarity: NDArray[np.float64],
    *,
    order: str,
    tie_break: str,
    seed: int,
) -> NDArray[np.int64]:
    """The training pairs, first introduced first.

    Args:
        neighbours: (L,) N_i(σ); few look-alikes are easy.
        mean_similarity: (L,) mean similarity to all other pairs.
        order: `easy_first`, `hard_first` (its exact reverse) or `random`.
        tie_break: The order of pairs of equal N: `mean_similarity` (the less similar pair is the
            easier one) or `random`, seeded. Pairs equal in both keep the order of the data.
        seed: For `random` in either place.

    Returns:
        (L,) a permutation of 0 … L−1.

    Raises:
        ValueError: If the order or the tie rule is unknown.
    """
    shuffle = np.random.default_rng([seed, 0x0D3]).permutation(len(neighbours))
    within = named("tie_break", tie_break, {"mean_similarity": mean_similarity, "random": shuffle})
    easy_first = np.lexsort((within, neighbours))
    return named(
        "order",
        order,
        {"easy_first": easy_first, "hard_first": easy_first[::-1].copy(), "random": shuffle},
    )
