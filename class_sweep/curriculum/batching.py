"""Neighbourhood batches: similar pairs share a batch, so that they are hard negatives."""

import numpy as np
from numpy.typing import NDArray

_CHUNK = 128  # seeds per chunk at most: enough to make the cost of a NumPy call small
_MIN_CHUNKS = 8  # a chunk has at most 1/8 of all groups, so that few seeds claim the same pair


def neighbourhoods(
    pool: NDArray[np.int64],
    nearest: NDArray[np.int32],
    group_size: int,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """The pool in groups of similar pairs, the groups in random order.

    Seeds are visited in random order. A seed that is in no group yet takes the nearest free pairs
    of the pool, up to `group_size` pairs with itself. Few pairs are free for late seeds, so some
    groups are smaller. Seeds are processed in chunks: if two seeds of a chunk claim the same pair,
    the last one gets it, and seeds of one chunk never join each other's group.

    Args:
        pool: (P,) training pairs.
        nearest: (L, m) the m most similar other pairs of each pair, the most similar first.
        group_size: g, the pairs of a complete group. Values above 1 + m have no further effect.
        generator: The random numbers of the epoch.

    Returns:
        (P,) the pool, each pair once, the members of a group in sequence.
    """
    free = np.zeros(len(nearest), dtype=bool)
    free[pool] = True
    owner = np.empty(len(nearest), dtype=np.int64)
    seeds = generator.permutation(pool)
    members, groups = [], []
    group_count = 0
    chunk = max(1, min(_CHUNK, len(pool) // (_MIN_CHUNKS * group_size)))
    for start in range(0, len(seeds), chunk):
        founders = seeds[start : start + chunk]
        founders = founders[free[founders]]
        free[founders] = False
        candidates = nearest[founders]
        claimable = free[candidates]
        claimable &= claimable.cumsum(axis=1) < group_size
        rows, columns = np.nonzero(claimable)
        claimed = candidates[rows, columns]
        owner[claimed] = rows  # the last of several claims on a pair wins
        won = owner[claimed] == rows
        rows, claimed = rows[won], claimed[won]
        free[claimed] = False
        members += [founders, claimed]
        groups += [np.arange(group_count, group_count + len(founders)), rows + group_count]
        group_count += len(founders)
    position = generator.permutation(group_count)[np.concatenate(groups)]
    return np.concatenate(members)[np.argsort(position, kind="stable")]
