"""How badly each text and its molecule fit each other, beside deliberately mismatched pairs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.ridge import Features, ridge_fits

MISMATCHED = 4000
"""The number of deliberately mismatched pairs."""


@dataclass(frozen=True)
class PairFits:
    """The fits of n pairs in both directions.

    Attributes:
        molecule_ranks: (n,) the rank of the molecule for its text; see `ridge_fits`.
        text_ranks: (n,) the rank of the text for its molecule.
        best_molecules: (n,) a pair with the other molecule that fits the text best.
        best_texts: (n,) a pair with the other text that fits the molecule best.
        misfit: (n,) the mean of the logarithms of both ranks over their number of candidates; the
            higher, the worse.
        mismatched: (m,) the misfit of texts with the molecules of drawn other pairs.
    """

    molecule_ranks: NDArray[np.float64]
    text_ranks: NDArray[np.float64]
    best_molecules: NDArray[np.intp]
    best_texts: NDArray[np.intp]
    misfit: NDArray[np.float64]
    mismatched: NDArray[np.float64]

    @property
    def mismatched_below(self) -> NDArray[np.float64]:
        """(n,) the fraction of the mismatched pairs that fit better than each pair."""
        below = np.searchsorted(np.sort(self.mismatched), self.misfit)
        return below / len(self.mismatched)


def pair_fits(
    texts: Features, molecules: Features, *, seed: int = 0, rows: NDArray[np.intp] | None = None
) -> PairFits:
    """Compute the fits of pairs, without training.

    Args:
        texts: (L, D_t) text features.
        molecules: (L, D_m) molecule features.
        seed: The seed of the folds and of the mismatched pairs.
        rows: (n,) the pairs; all L unless given. The maps always come from all pairs.

    Raises:
        DataError: If the rows do not match, or a feature is not finite.
    """
    pairs = len(texts)
    rows = np.arange(pairs) if rows is None else rows
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, pairs, min(MISMATCHED, len(rows)))
    others = (drawn + generator.integers(1, pairs, len(drawn))) % pairs
    # One call for both kinds: the maps are fitted once for each direction.
    left, right = np.concatenate([rows, drawn]), np.concatenate([rows, others])
    there = ridge_fits(texts, molecules, seed=seed, rows=left, partners=right)
    back = ridge_fits(molecules, texts, seed=seed, rows=right, partners=left)
    misfit = (np.log(there.ranks / there.candidates) + np.log(back.ranks / back.candidates)) / 2
    n = len(rows)
    return PairFits(
        there.ranks[:n], back.ranks[:n], there.best[:n], back.best[:n], misfit[:n], misfit[n:]
    )
