"""Statistics of a data set, for `class-sweep data describe`."""

from dataclasses import dataclass

import numpy as np

from class_sweep.config.inputs import SPLITS
from class_sweep.data.molecule import heavy_atoms
from class_sweep.data.pair import Dropped, PairSet

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True)
class SplitSummary:
    """The statistics of one split.

    Attributes:
        pairs: Number of pairs.
        molecules: Number of distinct molecules, by canonical SMILES.
        texts: Number of distinct texts.
        duplicates: Fraction of the pairs whose molecule or text is also in an earlier pair.
        words: Quantiles at `LEVELS` of the words in a text; empty without pairs.
        heavy_atoms: Quantiles at `LEVELS` of the atoms in a molecule, without hydrogen.
    """

    pairs: int
    molecules: int
    texts: int
    duplicates: float
    words: tuple[float, ...]
    heavy_atoms: tuple[float, ...]


@dataclass(frozen=True)
class Summary:
    """The statistics of a data set: `total` for all pairs, and each split by its name."""

    total: SplitSummary
    splits: dict[str, SplitSummary]
    dropped: tuple[Dropped, ...]
    checksum: str


def describe(pairs: PairSet) -> Summary:
    """Compute the statistics of a data set."""
    words = np.array([len(text.split()) for text in pairs.texts])
    atom_counts = {molecule: heavy_atoms(molecule) for molecule in set(pairs.molecules)}
    atoms = np.array([atom_counts[molecule] for molecule in pairs.molecules])
    all_rows = np.arange(len(pairs))
    return Summary(
        total=_summary(pairs, all_rows, words, atoms),
        splits={name: _summary(pairs, pairs.rows(name), words, atoms) for name in SPLITS},
        dropped=pairs.dropped,
        checksum=pairs.checksum(),
    )


def _summary(
    pairs: PairSet, rows: np.ndarray, words: np.ndarray, atoms: np.ndarray
) -> SplitSummary:
    molecules: set[str] = set()
    texts: set[str] = set()
    repeated = 0
    for i in rows:
        repeated += pairs.molecules[i] in molecules or pairs.texts[i] in texts
        molecules.add(pairs.molecules[i])
        texts.add(pairs.texts[i])
    return SplitSummary(
        pairs=len(rows),
        molecules=len(molecules),
        texts=len(texts),
        duplicates=repeated / max(len(rows), 1),
        words=_quantiles(words[rows]),
        heavy_atoms=_quantiles(atoms[rows]),
    )


def _quantiles(values: np.ndarray) -> tuple[float, ...]:
    return tuple(np.quantile(values, LEVELS).tolist()) if len(values) else ()
