"""Latent semantic analysis (Deerwester et al. 1990): TF-IDF, then a truncated SVD."""

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from class_sweep.config.inputs import LsaEncoder
from class_sweep.errors import EncoderError

_TERMS = 20_000  # kept of each kind, the most frequent
_POWER_ITERATIONS = 4


def lsa_features(settings: LsaEncoder, texts: Sequence[str], fit_rows: np.ndarray) -> np.ndarray:
    """Texts in the space of the training texts' leading singular vectors.

    Words and word pairs carry a description's meaning; character 3- to 5-grams carry the parts of
    chemical names that whole words hide (`2-methylpropan-1-ol`).

    Args:
        settings: Dimensions D and the seed of the randomised SVD.
        texts: (L,)
        fit_rows: Row numbers of the training texts; vocabulary and SVD see no others.

    Returns:
        (L, D), float32; all zero for a text that shares no term with the training texts.

    Raises:
        EncoderError: If D exceeds the number of training texts or of their terms.
    """
    terms = FeatureUnion(
        [("words", _tfidf("word", (1, 2))), ("characters", _tfidf("char_wb", (3, 5)))]
    )
    try:
        fitted = terms.fit_transform([texts[row] for row in fit_rows])
    except ValueError as error:  # an empty vocabulary
        raise EncoderError(
            f"the training texts must contain words, got {len(fit_rows)} texts: {error}"
        ) from error
    if settings.dimensions > min(fitted.shape):
        raise EncoderError(
            f"text_encoder.dimensions must be at most the number of training texts "
            f"({fitted.shape[0]}) and of their terms ({fitted.shape[1]}), "
            f"got {settings.dimensions}"
        )
    svd = TruncatedSVD(
        settings.dimensions, n_iter=_POWER_ITERATIONS, random_state=settings.seed
    ).fit(fitted)
    features: np.ndarray = svd.transform(terms.transform(texts))
    return features


def _tfidf(analyzer: str, ngrams: tuple[int, int]) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=ngrams,
        max_features=_TERMS,
        sublinear_tf=True,
        dtype=np.float32,
    )
