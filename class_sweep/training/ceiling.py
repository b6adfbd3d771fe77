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
        hits_at_1: The largest Hits@1 that is left: no query whose answer ties is a hit, and of
            those that look the same as many as one ranking can answer.
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

    Queries that look the same get one ranking, and for all that are hits its first candidate is
    right: they are no more than those for which any one candidate is.
    """
    none = np.zeros(0, np.int64)
    queries, places = side.ignored or (none, none)
    twins = _sizes(candidates)[side.own] - 1
    same = candidates[places] == candidates[side.own[queries]]  # right as well, so no rival
    np.subtract.at(twins, queries[same], 1)
    _, looks, sizes = np.unique(asked, return_inverse=True, return_counts=True)
    right = np.concatenate([side.own, places])
    of = np.concatenate([np.arange(len(asked)), queries])
    able = twins[of] == 0
    pairs, counts = np.unique(looks[of[able]] * len(candidates) + right[able], return_counts=True)
    most = np.zeros(len(sizes), np.int64)
    np.maximum.at(most, pairs // len(candidates), counts)
    alone = (twins == 0) & (most == sizes)[looks]
    return Ceiling(1 - float(alone.mean()), float(most.sum()) / len(asked))


def _sizes(keys: Rows) -> Rows:
    """How many have each one's key."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[inverse]
