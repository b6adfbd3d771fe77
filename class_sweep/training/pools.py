"""Pools of candidates: the distinct texts and molecules that a split's queries are ranked against.

A pair of the split is a query in both directions. Its candidates are the pool's distinct molecules,
or its distinct texts. A further right candidate (another molecule of the same text, another text
of the same molecule) is left out of the query's ranking, as in the filtered setting of Bordes et
al. 2013.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.training.features import TrialFeatures

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """The candidates of one direction, C of them, for Q queries.

    Attributes:
        ids: (C,) ascending, one for each distinct candidate.
        rows: (C,) a row of the features with this candidate.
        pair_index: (Q,) the index of each query pair's text or molecule among the candidates.
        ignored: (P,) queries, ascending, and (P,) the indices of their further right candidates;
            None if there are none.
    """

    ids: Rows
    rows: Rows
    pair_index: Rows
    ignored: tuple[Rows, Rows] | None


@dataclass(frozen=True)
class Pool:
    """The (Q,) rows of a split's queries, and the candidates on both sides."""

    queries: Rows
    texts: Candidates
    molecules: Candidates


def pool_of(features: TrialFeatures, split: str, name: str) -> Pool:
    """The pool `split` (the split alone) or `all` (every pair, and molecules without text)."""
    queries, pairs = features.rows(split), np.arange(len(features.split))
    pairs = queries if name == "split" else pairs
    extra = np.arange(len(features.split), len(features.molecule))
    without_text = queries[:0] if name == "split" else extra
    text_ids, molecule_ids = features.text_ids, features.molecule_ids
    texts, text_rows = _distinct(text_ids, pairs)
    molecules, molecule_rows = _distinct(molecule_ids, np.concatenate([pairs, without_text]))
    own_text = np.searchsorted(texts, _ids(text_ids, queries))
    own_molecule = np.searchsorted(molecules, _ids(molecule_ids, queries))
    other_texts = other_molecules = None
    if text_ids is not None or molecule_ids is not None:
        of_text = np.searchsorted(texts, _ids(text_ids, pairs))
        of_molecule = np.searchsorted(molecules, _ids(molecule_ids, pairs))
        other_molecules = _further_right(own_text, own_molecule, of_text, of_molecule)
        other_texts = _further_right(own_molecule, own_text, of_molecule, of_text)
    return Pool(
        queries,
        Candidates(texts, text_rows, own_text, other_texts),
        Candidates(molecules, molecule_rows, own_molecule, other_molecules),
    )


def _ids(ids: NDArray[np.int32] | None, rows: Rows) -> Rows:
    return rows if ids is None else ids[rows].astype(np.int64)


def _distinct(ids: NDArray[np.int32] | None, rows: Rows) -> tuple[Rows, Rows]:
    """The distinct ids of some rows, ascending, and the first row of each."""
    if ids is None:
        return rows, rows
    distinct, first = np.unique(_ids(ids, rows), return_index=True)
    return distinct, rows[first]


def _further_right(
    queried: Rows, target: Rows, left: Rows, right: Rows
) -> tuple[Rows, Rows] | None:
    """The partners of each `queried` item among the pairs (left, right), without its `target`."""
    width = int(right.max()) + 1
    pairs = np.unique(left * width + right)
    left, right = pairs // width, pairs % width
    start = np.searchsorted(left, queried, "left")
    end = np.searchsorted(left, queried, "right")
    counts = np.where(end - start > 1, end - start, 0)
    if not counts.any():
        return None
    queries = np.repeat(np.arange(len(queried)), counts)
    within = np.arange(len(queries)) - np.repeat(np.cumsum(counts) - counts, counts)
    partners = right[np.repeat(start, counts) + within]
    others = partners != target[queries]
    return queries[others], partners[others]
