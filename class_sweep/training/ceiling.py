"""The upper bound of Hits@1 for any model: some queries and candidates have equal inputs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.training.pools import Candidates, Pool, Rows


@dataclass(frozen=True)
class Ceiling:
    """An upper bound of Hits@1.

    Attributes:
        alike: The fraction of the queries that no model can tell apart: their target has the same
            input as another candidate, or they have the same input as a query with another target.
        hits_at_1: The largest possible Hits@1. A query with a tied target is no hit. Of queries
            with equal inputs, as many are hits as one ranking can answer.
    """

    alike: float
    hits_at_1: float


def ceilings(
    pool: Pool, text_keys: NDArray[np.int64], molecule_keys: NDArray[np.int64]
) -> dict[str, Ceiling]:
    """The ceiling of each direction.

    Args:
        pool: The queries and candidates.
        text_keys: A number for each text row, equal for equal inputs of the backbone.
        molecule_keys: A number for each molecule row, equal for equal inputs.
    """
    texts, molecules = pool.texts, pool.molecules
    text, molecule = text_keys[texts.rows], molecule_keys[molecules.rows]
    return {
        "text_to_molecule": _ceiling(text[texts.pair_index], molecule, molecules),
        "molecule_to_text": _ceiling(molecule[molecules.pair_index], text, texts),
    }


def _ceiling(query_keys: Rows, candidate_keys: Rows, candidates: Candidates) -> Ceiling:
    """The ceiling of one direction.

    Queries with equal inputs get one ranking, and its first candidate must be right for every hit
    among them. Their hits are therefore at most the queries for which one candidate is right.

    Args:
        query_keys: (Q,) the input key of each query.
        candidate_keys: (C,) the input key of each candidate.
        candidates: The candidates, and the right ones of each query.
    """
    none = np.zeros(0, np.int64)
    queries, further_right = candidates.ignored or (none, none)
    rivals = _key_counts(candidate_keys)[candidates.pair_index] - 1
    equal = candidate_keys[further_right] == candidate_keys[candidates.pair_index[queries]]
    np.subtract.at(rivals, queries[equal], 1)  # a further right candidate is no rival
    _, group, group_sizes = np.unique(query_keys, return_inverse=True, return_counts=True)
    right = np.concatenate([candidates.pair_index, further_right])
    query = np.concatenate([np.arange(len(query_keys)), queries])
    untied = rivals[query] == 0
    width = len(candidate_keys)
    pairs, counts = np.unique(group[query[untied]] * width + right[untied], return_counts=True)
    largest = np.zeros(len(group_sizes), np.int64)
    np.maximum.at(largest, pairs // width, counts)
    distinguishable = (rivals == 0) & (largest == group_sizes)[group]
    return Ceiling(1 - float(distinguishable.mean()), float(largest.sum()) / len(query_keys))


def _key_counts(keys: Rows) -> Rows:
    """For each element, the number of elements with the same key."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[inverse]
