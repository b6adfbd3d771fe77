"""Mol2vec (Jaeger et al. 2018): a molecule is the sum of its substructures' vectors."""

import logging
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from gensim.models import Word2Vec
from mol2vec.features import mol2alt_sentence
from rdkit import rdBase

from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.encoders.structures import parse_molecules
from class_sweep.encoders.vectors import UNKNOWN, TokenVectors, read_vectors
from class_sweep.errors import EncoderError

_RARE = 3  # a token seen this often or less is trained as UNK (Mol2vec's own threshold)
_WINDOW = 10  # tokens on either side (Mol2vec's own)
_USUAL_COVERAGE = 0.9  # less often means vectors of another radius

_log = logging.getLogger(__name__)

Sentence = list[str]


def mol2vec_features(
    settings: Mol2vecEncoder, smiles: Sequence[str], fit_molecules: np.ndarray
) -> np.ndarray:
    """The summed substructure vectors of each molecule.

    Args:
        settings: The file of vectors, or how to train them.
        smiles: (L,)
        fit_molecules: Places in `smiles` of the training molecules; not used with a file.

    Returns:
        (L, D), float32; all zero for a molecule without atoms.

    Raises:
        EncoderError: If a SMILES or the file cannot be read, or there is nothing to train on.
    """
    sentences = molecule_sentences(smiles, settings.radius)
    return sum_vectors(_vectors_for(settings, sentences, fit_molecules), sentences)


def substructure_vectors(
    settings: Mol2vecEncoder, smiles: Sequence[str], fit_molecules: np.ndarray
) -> TokenVectors:
    """The vectors that `mol2vec_features` adds up; see there."""
    return _vectors_for(settings, molecule_sentences(smiles, settings.radius), fit_molecules)


def _vectors_for(
    settings: Mol2vecEncoder, sentences: Sequence[Sentence], fit_molecules: np.ndarray
) -> TokenVectors:
    if settings.vectors is None:
        return train_vectors(settings, [sentences[place] for place in fit_molecules])
    table = read_vectors(settings.vectors, allow_pickle=settings.allow_pickle)
    _require_coverage(settings, coverage(table, sentences))
    return table


def molecule_sentences(smiles: Sequence[str], radius: int) -> list[Sentence]:
    """The substructures of each molecule, atom by atom, as Morgan identifiers."""
    molecules = parse_molecules(smiles)
    with rdBase.BlockLogs():  # the package calls a function that RDKit calls deprecated
        return [mol2alt_sentence(molecule, radius) for molecule in molecules]


def train_vectors(settings: Mol2vecEncoder, sentences: Sequence[Sentence]) -> TokenVectors:
    """Skip-gram vectors of the sentences' tokens, the same for the same seed.

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
        workers=1,  # with more, the order of the updates is a race
        hashfxn=_stable_hash,
    )
    return TokenVectors(dict(model.wv.key_to_index), model.wv.vectors)


def sum_vectors(table: TokenVectors, sentences: Sequence[Sentence]) -> np.ndarray:
    """The sum of each sentence's vectors; an unknown token counts as UNK, or as zero without one.

    Returns:
        (L, D), float32.
    """
    features = np.zeros((len(sentences), table.vectors.shape[1]), dtype=np.float32)
    unknown = table.places.get(UNKNOWN)
    for row, sentence in enumerate(sentences):
        places = (table.places.get(token, unknown) for token in sentence)
        # Sorted: two ways to write one molecule then give the same bits.
        known = sorted(place for place in places if place is not None)
        features[row] = table.vectors[known].sum(axis=0)
    return features


def coverage(table: TokenVectors, sentences: Sequence[Sentence]) -> float:
    """The fraction of the sentences' tokens, repeats counted, that have a vector of their own."""
    known = sum(token in table.places for sentence in sentences for token in sentence)
    return known / max(1, sum(len(sentence) for sentence in sentences))


def _require_coverage(settings: Mol2vecEncoder, covered: float) -> None:
    if covered == 0:
        raise EncoderError(
            f"the vectors must know some of the molecules' substructures (radius "
            f"{settings.radius}), got none: {settings.vectors}"
        )
    level = logging.INFO if covered >= _USUAL_COVERAGE else logging.WARNING
    _log.log(level, "%s covers %.1f %% of the substructures", settings.vectors, 100 * covered)


def _stable_hash(token: str) -> int:
    """A hash that doesn't change with PYTHONHASHSEED."""
    return zlib.crc32(token.encode())
