"""The text encoder `lsa`: TF-IDF and truncated SVD, fitted on the training texts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import Arrays
from class_sweep.config.inputs import LsaEncoder
from class_sweep.encoders.encoder import Progress, TextEncoder


class LsaTextEncoder(TextEncoder[LsaEncoder]):
    """Latent semantic analysis; see `class_sweep.encoders.latent_semantics`."""

    version = 3
    fits_arrays = True
    libraries = ("scikit-learn", "numpy", "scipy")

    @classmethod
    def fit_arrays(cls, settings: LsaEncoder, inputs: Sequence[str]) -> Arrays:
        """Vocabulary, weights and singular vectors of the training texts.

        Raises:
            EncoderError: If the dimensions exceed the number of texts or of terms.
        """
        # scikit-learn takes seconds to import.
        from class_sweep.encoders.latent_semantics import LatentSemantics  # noqa: PLC0415

        return LatentSemantics.fit(settings, inputs).arrays()

    def feature_parts(self) -> Sequence[object]:
        """Nothing: the fitted arrays decide the features."""
        return []

    def compute(
        self,
        inputs: Sequence[str],
        progress: Progress | None,  # noqa: ARG002 - it takes seconds
    ) -> NDArray[np.floating]:
        """Encode texts: (U,) to (U, D)."""
        from class_sweep.encoders.latent_semantics import LatentSemantics  # noqa: PLC0415

        return LatentSemantics.from_arrays(self.arrays).transform(inputs)
