"""The features of texts and of molecules, as the encoders of a model compute them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.ragged import Ragged
from class_sweep.encoders.molecule_graphs import MoleculeGraphs


@dataclass(frozen=True)
class TokenFeatures:
    """The tokens of L texts; an attribute that the backbone does not read is None.

    Attributes:
        tokens: L rows of (T,) int32 token numbers, of a trained encoder.
        token_states: L rows of (T, D) float16 states, of a frozen encoder.
        token_means: (L, D) float32 mean states of a lower layer; with `token_states`.
    """

    tokens: Ragged | None = None
    token_states: Ragged | None = None
    token_means: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class TextFeatures:
    """The features of L texts.

    Attributes:
        vectors: (L, D) one vector per text.
        tokens: The token features of the texts.
    """

    vectors: NDArray[np.float32]
    tokens: TokenFeatures


@dataclass(frozen=True)
class MoleculeFeatures:
    """The features of N molecules.

    Attributes:
        vectors: (N, D) one vector per molecule.
        graphs: The molecule graphs; None if the backbone reads none.
        tokens: N rows of (T,) int32 token numbers, of a trained encoder; else None.
    """

    vectors: NDArray[np.float32]
    graphs: MoleculeGraphs | None = None
    tokens: Ragged | None = None
