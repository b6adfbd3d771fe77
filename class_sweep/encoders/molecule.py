"""Molecules to feature vectors, through the cache."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.hashing import file_digest, fingerprint, library_versions
from class_sweep.config.inputs import Mol2vecEncoder, MoleculeEncoder, MorganEncoder
from class_sweep.encoders.molecule_graphs import MoleculeGraphs
from class_sweep.encoders.rows import distinct, require_finite
from class_sweep.errors import EncoderError

# Raise one when its encoder's features change: older cache entries are then left alone.
_MOL2VEC_VERSION = 1
_MORGAN_VERSION = 1
_GRAPHS_VERSION = 2


def encode_molecules(
    settings: MoleculeEncoder, smiles: Sequence[str], fit_rows: np.ndarray, *, cache: ArrayCache
) -> np.ndarray:
    """Features of every molecule, each distinct SMILES computed once.

    Args:
        settings: Which encoder, and how.
        smiles: (L,)
        fit_rows: Row numbers of the training pairs; what is fitted is fitted on these alone.
        cache: Where the features are kept.

    Returns:
        (L, D), float32, finite.

    Raises:
        EncoderError: If the encoder cannot be loaded or does not fit the molecules.
    """
    molecules, rows = distinct(smiles)
    if isinstance(settings, MorganEncoder):
        return _morgan(settings, molecules, rows, cache)
    return _mol2vec(settings, molecules, rows, fit_rows, cache)


def _morgan(
    settings: MorganEncoder, molecules: list[str], rows: np.ndarray, cache: ArrayCache
) -> np.ndarray:
    def compute() -> np.ndarray:
        from class_sweep.encoders.morgan import morgan_features  # noqa: PLC0415 - RDKit is slow

        return require_finite(morgan_features(settings, molecules), rows, "morgan")

    key = [_MORGAN_VERSION, settings, molecules, library_versions("rdkit")]
    features: np.ndarray = cache.get_or_compute(key, compute, name="morgan")[rows]
    return features


def _mol2vec(
    settings: Mol2vecEncoder,
    molecules: list[str],
    rows: np.ndarray,
    fit_rows: np.ndarray,
    cache: ArrayCache,
) -> np.ndarray:
    fit_molecules = np.unique(rows[fit_rows])

    def compute() -> np.ndarray:
        from class_sweep.encoders.mol2vec import mol2vec_features  # noqa: PLC0415 - as is gensim

        features = mol2vec_features(settings, molecules, fit_molecules)
        return require_finite(features, rows, "mol2vec")

    key = [_MOL2VEC_VERSION, *_mol2vec_key(settings, molecules, fit_molecules)]
    features: np.ndarray = cache.get_or_compute(key, compute, name="mol2vec")[rows]
    return features


def mol2vec_table(
    settings: Mol2vecEncoder, smiles: Sequence[str], *, cache: ArrayCache
) -> dict[str, np.ndarray]:
    """The arrays of the `TokenVectors` that `encode_molecules` adds up.

    Args:
        settings: The file of vectors, or how to train them.
        smiles: Of the training pairs, which vectors are trained on where there is no file.
        cache: Where the vectors are kept.

    Raises:
        EncoderError: If the file cannot be read, or there is nothing to train on.
    """
    molecules, _ = distinct(smiles)
    everything = np.arange(len(molecules))

    def compute() -> dict[str, np.ndarray]:
        from class_sweep.encoders.mol2vec import substructure_vectors  # noqa: PLC0415 - as above

        return substructure_vectors(settings, molecules, everything).arrays()

    key = fingerprint(_MOL2VEC_VERSION, *_mol2vec_key(settings, molecules, everything))
    return cache.arrays(f"substructures-{key}", compute)


def build_graphs(
    settings: MoleculeEncoder, smiles: Sequence[str], fit_rows: np.ndarray, *, cache: ArrayCache
) -> MoleculeGraphs:
    """The graph of every molecule; see `class_sweep.encoders.graphs`.

    Args:
        settings: Mol2vec's, whose vectors the atoms start from.
        smiles: (N,)
        fit_rows: Row numbers of the training pairs; what is fitted is fitted on these alone.
        cache: Where the graphs are kept.

    Raises:
        EncoderError: If the encoder is another or cannot be loaded, or a SMILES cannot be read.
    """
    if not isinstance(settings, Mol2vecEncoder):
        raise EncoderError(
            "molecule_encoder.kind must be mol2vec for a backbone over molecule graphs, whose atoms"
            f" start from its vectors, got {settings.kind}"
        )
    molecules, rows = distinct(smiles)
    fit_molecules = np.unique(rows[fit_rows])

    def compute() -> dict[str, np.ndarray]:
        from class_sweep.encoders.graphs import molecule_graphs  # noqa: PLC0415 - as is RDKit

        return molecule_graphs(settings, molecules, fit_molecules).arrays()

    key = fingerprint(_GRAPHS_VERSION, *_mol2vec_key(settings, molecules, fit_molecules))
    graphs = MoleculeGraphs.from_arrays(cache.arrays(f"graphs-{key}", compute))
    return graphs if len(molecules) == len(rows) else graphs.take(rows)


def _mol2vec_key(
    settings: Mol2vecEncoder, molecules: list[str], fit_molecules: np.ndarray
) -> list[object]:
    # The settings that train vectors don't count where vectors are read, nor the other way round.
    if settings.vectors is None:
        source: object = [settings.dimensions, settings.epochs, settings.seed, fit_molecules]
    else:
        source = [_digests(settings.vectors), settings.allow_pickle]
    libraries = library_versions("mol2vec", "rdkit", "gensim", "numpy")
    return [settings.radius, source, molecules, libraries]


def _digests(vectors: Path) -> list[str]:
    """Of the file, and of the arrays that gensim stores beside it when they are large."""
    try:
        beside = sorted(vectors.parent.glob(f"{vectors.name}.*.npy"))
        return [file_digest(path) for path in (vectors, *beside)]
    except OSError as error:
        raise EncoderError(
            f"molecule_encoder.vectors must be a file that can be read, "
            f"got {vectors}: {error.strerror}"
        ) from error
