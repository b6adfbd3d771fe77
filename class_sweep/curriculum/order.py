"""The order in which a curriculum introduces the pairs."""

import numpy as np
from numpy.typing import NDArray


def introduce(
    neighbours: NDArray[np.int32],
    mean_similarity: NDArray[np.float64],
    *,
    order: str,
    ties: str,
    seed: int,
) -> NDArray[np.int64]:
    """The training pairs, first introduced first.

    Args:
        neighbours: (L,) N_i(σ); few look-alikes are easy.
        mean_similarity: (L,) mean similarity to all other pairs.
        order: `easy_first`, `hard_first` (its exact reverse) or `random`.
        ties: What orders pairs of equal N: `mean_similarity` (the less similar is the easier) or
            `random`, seeded. Pairs equal in both stand in the data's own order.
        seed: For `random` in either place.

    Returns:
        (L,) a permutation of 0 … L−1.

    Raises:
        ValueError: If the order or the tie rule is unknown.
    """
    pairs = len(neighbours)
    generator = np.random.default_rng([seed, 0x0D3])
    if order == "random":
        return generator.permutation(pairs)
    if ties == "mean_similarity":
        within = mean_similarity
    elif ties == "random":
        within = generator.permutation(pairs).astype(np.float64)
    else:
        raise ValueError(f"ties must be mean_similarity or random, got {ties!r}")
    easy_first = np.lexsort((within, neighbours))
    if order == "easy_first":
        return easy_first
    if order == "hard_first":
        return easy_first[::-1].copy()
    raise ValueError(f"order must be easy_first, hard_first or random, got {order!r}")
