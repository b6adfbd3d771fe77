"""What bounds Hits@1 whatever the model: queries and candidates that it is given alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.training.pools import Pool, Rows, Side


@dataclass(frozen=True)
class Ceiling:
    """A bound.

    Attributes:
        alike: Share of the queries that are not unique to any model: another candidate is given to
            it exactly as theirs is, or another query, of another answer, exactly as they are.
        hits_at_1: The largest Hits@1 that is left: none of a query whose candidate ties, and of k
            queries that look the same the right answer to one.
    """

    alike: float
    hits_at_1: float


def ceilings(
    pool: Pool, text_keys: NDArray[np.int64], molecule_keys: NDArray[np.int64]
) -> dict[str, Ceiling]:
    """The ceiling of each direction.

    Args:
        pool: The queries and candidates.
        text_keys: A number for each text row, equal where texts are encoded alike.
        molecule_keys: The same of the molecule rows.
    """
    texts, molecules = pool.texts, pool.molecules
    text, molecule = text_keys[texts.rows], molecule_keys[molecules.rows]
    return {
        "text_to_molecule": _ceiling(text[texts.own], molecule, molecules),
        "molecule_to_text": _ceiling(molecule[molecules.own], text, texts),
    }


def _ceiling(asked: Rows, candidates: Rows, side: Side) -> Ceiling:
    """Of queries and candidates by their keys.

    What is ignored for being right as well neither ties nor competes.
    """
    twins = _sizes(candidates)[side.own] - 1
    if side.ignored is not None:
        queries, places = side.ignored
        same = candidates[places] == candidates[side.own[queries]]
        np.subtract.at(twins, queries[same], 1)
    # Queries that look the same and have one answer, or answers that tie, are counted by these.
    rivals = _sizes(asked)
    pairs = _sizes(asked * (int(side.own.max()) + 1) + side.own)
    share = pairs / rivals
    alone = (twins == 0) & (rivals == pairs)
    return Ceiling(1 - float(alone.mean()), float(np.where(twins > 0, 0.0, share).mean()))


def _sizes(keys: Rows) -> Rows:
    """How many have each one's key."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[inverse]
