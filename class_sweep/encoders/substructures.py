"""Substructure tokens of molecules and their vectors, as in Mol2vec (Jaeger et al. 2018)."""

import logging
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from gensim.models import Word2Vec
from mol2vec.features import mol2alt_sentence
from rdkit import rdBase

from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.encoders.pickles import are_pickles_allowed
from class_sweep.encoders.structures import parse_molecules
from class_sweep.encoders.token_vectors import UNKNOWN, TokenVectors, read_vectors
from class_sweep.errors import EncoderError

_RARE = 3  # tokens that are this rare or rarer are trained as UNK (the threshold of Mol2vec)
_WINDOW = 10  # tokens on either side (the window of Mol2vec)
_USUAL_COVERAGE = 0.9  # a lower coverage usually means that the vectors have another radius

_log = logging.getLogger(__name__)

Sentence = list[str]


def substructure_vectors(settings: Mol2vecEncoder, smiles: Sequence[str]) -> TokenVectors:
    """The substructure vectors: read from the file, or trained on the training molecules.

    Args:
        settings: The file, or the training settings.
        smiles: (U,) the distinct training molecules.

    Raises:
        EncoderError: If a SMILES or the file cannot be read, the file knows no substructure of the
            molecules, or there is nothing to train on.
    """
    sentences = molecule_sentences(smiles, settings.radius)
    if settings.vectors is None:
        return train_vectors(settings, sentences)
    table = read_vectors(settings.vectors, allow_pickle=are_pickles_allowed())
    _require_coverage(settings, coverage(table, sentences))
    return table


def molecule_sentences(smiles: Sequence[str], radius: int) -> list[Sentence]:
    """The substructure tokens of each molecule, atom by atom: Morgan identifiers as text."""
    molecules = parse_molecules(smiles)
    with rdBase.BlockLogs():  # mol2vec calls a deprecated function of RDKit
        return [mol2alt_sentence(molecule, radius) for molecule in molecules]


def train_vectors(settings: Mol2vecEncoder, sentences: Sequence[Sentence]) -> TokenVectors:
    """Train skip-gram vectors of the tokens; the seed decides the result.

    Raises:
        EncoderError: If the sentences hold no token.
    """
    counts = Counter(token for sentence in sentences for token in sentence)
    if not counts:
        raise EncoderError(
            "Mol2vec must have training molecules with atoms to learn from, "
            f"got none in {len(sentences)} molecules"
        )
    model = Word2Vec(
        [[t if counts[t] > _RARE else UNKNOWN for t in sentence] for sentence in sentences],
        vector_size=settings.dimensions,
        epochs=settings.epochs,
        seed=settings.seed,
        sg=1,
        window=_WINDOW,
        min_count=1,
        workers=1,  # several workers would update the vectors in random order
        hashfxn=_stable_hash,
    )
    return TokenVectors(dict(model.wv.key_to_index), model.wv.vectors)


def sum_vectors(table: TokenVectors, sentences: Sequence[Sentence]) -> np.ndarray:
    """The sum of the vectors of each sentence. An unknown token counts as UNK, if there is one.

    Args:
        table: The vectors (V, D).
        sentences: L sentences.

    Returns:
        (L, D), float32.
    """
    features = np.zeros((len(sentences), table.vectors.shape[1]), dtype=np.float32)
    unknown = table.rows.get(UNKNOWN)
    for row, sentence in enumerate(sentences):
        token_rows = (table.rows.get(token, unknown) for token in sentence)
        # Sorted, so that every SMILES of a molecule gives the same bits.
        vector_rows = sorted(token_row for token_row in token_rows if token_row is not None)
        features[row] = table.vectors[vector_rows].sum(axis=0)
    return features


def coverage(table: TokenVectors, sentences: Sequence[Sentence]) -> float:
    """The fraction of the tokens, with repeats, that have a vector."""
    covered = sum(token in table.rows for sentence in sentences for token in sentence)
    return covered / max(1, sum(len(sentence) for sentence in sentences))


def _require_coverage(settings: Mol2vecEncoder, covered: float) -> None:
    if covered == 0:
        raise EncoderError(
            f"the vectors must know some of the molecules' substructures (radius "
            f"{settings.radius}), got none: {settings.vectors}"
        )
    level = logging.INFO if covered >= _USUAL_COVERAGE else logging.WARNING
    _log.log(level, "%s covers %.1f %% of the substructures", settings.vectors, 100 * covered)


def _stable_hash(token: str) -> int:
    """A hash that does not depend on PYTHONHASHSEED."""
    return zlib.crc32(token.encode())
