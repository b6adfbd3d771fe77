"""The molecule encoder `mol2vec`: sums of substructure vectors (Jaeger et al. 2018)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache, Arrays
from class_sweep.base.hashing import file_digest, fingerprint, library_versions
from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.encoders.encoder import MoleculeEncoder, Progress
from class_sweep.encoders.molecule_graphs import GraphVocabulary, MoleculeGraphs
from class_sweep.encoders.rows import distinct
from class_sweep.errors import EncoderError

_GRAPHS_VERSION = 3


class Mol2vecMoleculeEncoder(MoleculeEncoder[Mol2vecEncoder]):
    """Substructure vectors from a file, or trained on the training molecules."""

    version = 2
    fits_arrays = True
    libraries = ("mol2vec", "rdkit", "gensim", "numpy")
    provides_graphs = True

    @classmethod
    def fit_arrays(cls, settings: Mol2vecEncoder, inputs: Sequence[str]) -> Arrays:
        """The vector of each substructure token.

        Raises:
            EncoderError: If a SMILES or the file cannot be read, the file knows no substructure of
                the training molecules, or there is nothing to train on.
        """
        # gensim and RDKit take seconds to import.
        from class_sweep.encoders.substructures import substructure_vectors  # noqa: PLC0415

        molecules, _ = distinct(inputs)
        return substructure_vectors(settings, molecules).arrays()

    @classmethod
    def fit_parts(cls, settings: Mol2vecEncoder, inputs: Sequence[str]) -> Sequence[object]:
        """The contents of the file; without a file, the training settings and the molecules.

        Raises:
            EncoderError: If the file cannot be read.
        """
        if settings.vectors is not None:
            return [_digests(settings.vectors)]
        molecules, _ = distinct(inputs)
        training = [settings.dimensions, settings.epochs, settings.seed]
        return [settings.radius, training, molecules]

    @property
    def files_fingerprint(self) -> str | None:
        """A hash of the file of vectors, if there is one.

        Raises:
            EncoderError: If the file cannot be read.
        """
        vectors = self.settings.vectors
        return None if vectors is None else fingerprint(_digests(vectors))

    def feature_parts(self) -> Sequence[object]:
        """The radius of the substructures."""
        return [self.settings.radius]

    def compute(
        self,
        inputs: Sequence[str],
        progress: Progress | None,  # noqa: ARG002 - it takes seconds
    ) -> NDArray[np.floating]:
        """Encode SMILES: (U,) to (U, D), all zero for a molecule without atoms.

        Raises:
            EncoderError: If RDKit cannot read a SMILES.
        """
        from class_sweep.encoders.substructures import (  # noqa: PLC0415 - as above
            molecule_sentences,
            sum_vectors,
        )
        from class_sweep.encoders.token_vectors import TokenVectors  # noqa: PLC0415 - as above

        sentences = molecule_sentences(inputs, self.settings.radius)
        return sum_vectors(TokenVectors.from_arrays(self.arrays), sentences)

    def build_graphs(
        self, smiles: Sequence[str], cache: ArrayCache, vocabulary: GraphVocabulary | None
    ) -> MoleculeGraphs:
        """The graphs of distinct molecules; their atoms start from the substructure vectors.

        Raises:
            EncoderError: If RDKit cannot read a SMILES.
        """

        def compute() -> Arrays:
            from class_sweep.encoders.graphs import graph_vocabulary, molecule_graphs  # noqa: PLC0415
            from class_sweep.encoders.token_vectors import TokenVectors  # noqa: PLC0415 - as above

            radius = self.settings.radius
            if vocabulary is not None:
                return molecule_graphs(vocabulary, radius, smiles).arrays()
            own_vocabulary = graph_vocabulary(TokenVectors.from_arrays(self.arrays), radius, smiles)
            return molecule_graphs(own_vocabulary, radius, smiles).arrays()

        source = self.fingerprint if vocabulary is None else _key_parts(vocabulary, self.settings)
        key = fingerprint(_GRAPHS_VERSION, source, list(smiles), library_versions("rdkit"))
        return MoleculeGraphs.from_arrays(cache.arrays(f"graphs-{key}", compute))


def _key_parts(vocabulary: GraphVocabulary, settings: Mol2vecEncoder) -> list[object]:
    return [vocabulary.identifiers, vocabulary.vectors, settings.radius]


def _digests(vectors: Path) -> list[str]:
    """The digest of the file, and of the arrays that gensim stores beside a large one."""
    try:
        array_files = sorted(vectors.parent.glob(f"{vectors.name}.*.npy"))
        return [file_digest(path) for path in (vectors, *array_files)]
    except OSError as error:
        raise EncoderError(
            f"molecule_encoder.vectors must be a file that can be read, "
            f"got {vectors}: {error.strerror}"
        ) from error
