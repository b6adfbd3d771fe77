"""Neighbourhood batches: look-alikes stand together in an epoch, and so meet as negatives."""

import numpy as np
from numpy.typing import NDArray

_AT_A_TIME = 128  # seeds at most: enough that NumPy's cost for each call is small
_PARTS = 8  # at most an eighth of all groups is seeded at a time: few then want the same pair


def neighbourhoods(
    pool: NDArray[np.int64],
    nearest: NDArray[np.int32],
    group_size: int,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """The pool in groups of look-alikes, the groups in random order.

    Seeds are visited in random order; a seed that no earlier group holds takes the nearest pairs of
    the pool that are still free, up to `group_size` with itself. Late seeds find few, so some
    groups are smaller. Seeds are taken some at a time: of those that want the same pair the
    last gets it, and no seed is in the group of another of its time.

    Args:
        pool: (P,) training pairs.
        nearest: (L, m) each training pair's m most similar others, the most similar first.
        group_size: g, the pairs of a whole group; those beyond 1 + m have no effect.
        generator: The source of the epoch's randomness.

    Returns:
        (P,) the pool, each pair once, a group's members side by side.
    """
    free = np.zeros(len(nearest), dtype=bool)
    free[pool] = True
    owner = np.empty(len(nearest), dtype=np.int64)
    seeds = generator.permutation(pool)
    members, groups = [], []
    found = 0
    at_a_time = max(1, min(_AT_A_TIME, len(pool) // (_PARTS * group_size)))
    for start in range(0, len(seeds), at_a_time):
        part = seeds[start : start + at_a_time]
        part = part[free[part]]
        free[part] = False
        candidates = nearest[part]
        open_ = free[candidates]
        open_ &= open_.cumsum(axis=1) < group_size
        rows, columns = np.nonzero(open_)
        wanted = candidates[rows, columns]
        owner[wanted] = rows  # of several claims on a pair the last written stands
        won = owner[wanted] == rows
        rows, wanted = rows[won], wanted[won]
        free[wanted] = False
        members += [part, wanted]
        groups += [np.arange(found, found + len(part)), rows + found]
        found += len(part)
    place = generator.permutation(found)[np.concatenate(groups)]
    return np.concatenate(members)[np.argsort(place, kind="stable")]
