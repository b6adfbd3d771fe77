"""Latent semantic analysis (Deerwester et al. 1990): TF-IDF, then a truncated SVD."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from class_sweep.config.inputs import LsaEncoder
from class_sweep.encoders.rows import as_bytes, from_bytes
from class_sweep.errors import EncoderError

_TERMS = 20_000  # the most frequent terms of each kind
_POWER_ITERATIONS = 4
_TERM_KINDS: dict[str, tuple[str, tuple[int, int]]] = {
    "words": ("word", (1, 2)),
    "characters": ("char_wb", (3, 5)),
}


class LatentSemantics:
    """A fitted LSA, which encodes the training texts and unseen texts.

    The terms are words and word pairs, for the meaning of a description, and character 3- to
    5-grams, for the parts of chemical names (`2-methylpropan-1-ol`).
    """

    def __init__(self, vectorizers: Mapping[str, TfidfVectorizer], components: np.ndarray) -> None:
        """Take fitted vectorizers and the (D, V) singular vectors of all their terms."""
        self._vectorizers = vectorizers
        self._components = components

    @classmethod
    def fit(cls, settings: LsaEncoder, texts: Sequence[str]) -> Self:
        """Fit vocabulary, weights and singular vectors on the training texts.

        Raises:
            EncoderError: If D exceeds the number of the texts or of their terms.
        """
        vectorizers = {kind: _vectorizer(*how) for kind, how in _TERM_KINDS.items()}
        try:
            weights = [vectorizer.fit_transform(texts) for vectorizer in vectorizers.values()]
        except ValueError as error:  # an empty vocabulary
            raise EncoderError(
                f"the training texts must contain words, got {len(texts)} texts: {error}"
            ) from error
        fitted = sparse.hstack(weights, format="csr")
        if settings.dimensions > min(fitted.shape):
            raise EncoderError(
                f"text_encoder.dimensions must be at most the number of training texts "
                f"({fitted.shape[0]}) and of their terms ({fitted.shape[1]}), "
                f"got {settings.dimensions}"
            )
        svd = TruncatedSVD(
            settings.dimensions, n_iter=_POWER_ITERATIONS, random_state=settings.seed
        )
        # BLAS threads that wait for each other on a busy machine turn seconds into minutes.
        with threadpool_limits(1, user_api="blas"):
            svd.fit(fitted)
        return cls(vectorizers, svd.components_)

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        """Encode texts: (L,) to (L, D); a text without a known term becomes zero."""
        weights = [vectorizer.transform(texts) for vectorizer in self._vectorizers.values()]
        features: np.ndarray = sparse.hstack(weights, format="csr") @ self._components.T
        return features

    def arrays(self) -> dict[str, np.ndarray]:
        """The fitted vocabulary, weights and singular vectors as arrays by name."""
        arrays = {"components": np.ascontiguousarray(self._components)}
        for kind, vectorizer in self._vectorizers.items():
            arrays[f"{kind}/terms"] = as_bytes(vectorizer.get_feature_names_out())
            arrays[f"{kind}/weights"] = vectorizer.idf_
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The inverse of `arrays`."""
        vectorizers = {}
        for kind, how in _TERM_KINDS.items():
            vectorizers[kind] = _vectorizer(*how, from_bytes(arrays[f"{kind}/terms"]))
            vectorizers[kind].idf_ = arrays[f"{kind}/weights"]
        return cls(vectorizers, arrays["components"])


def _vectorizer(
    analyzer: str, ngrams: tuple[int, int], vocabulary: list[str] | None = None
) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=ngrams,
        max_features=_TERMS,
        vocabulary=vocabulary,
        sublinear_tf=True,
        dtype=np.float32,
    )
