"""The fitted encoders of a trained model, for texts and molecules outside its data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache, Arrays
from class_sweep.config.inputs import MoleculeEncoderSettings, TextEncoderSettings
from class_sweep.encoders.encoded_features import MoleculeFeatures, TextFeatures
from class_sweep.encoders.encoder import (
    MoleculeEncoder,
    Progress,
    TextEncoder,
    molecule_encoder_class,
    text_encoder_class,
)
from class_sweep.encoders.molecule_graphs import GraphVocabulary
from class_sweep.errors import EncoderError

_GRAPHS = "graphs"


class FittedArraysError(EncoderError):
    """Saved arrays that are not those of the encoder that is to read them."""


@dataclass(frozen=True)
class FittedEncoders:
    """Both encoders of a model, and the inputs of its backbone.

    Attributes:
        text: The fitted text encoder.
        molecule: The fitted molecule encoder.
        token_depths: The depths of the frozen token states that the backbone reads, if any.
        vocabulary: The vocabulary of the molecule graphs that the backbone reads, if any.
    """

    text: TextEncoder[Any]
    molecule: MoleculeEncoder[Any]
    token_depths: tuple[float, float] | None = None
    vocabulary: GraphVocabulary | None = None

    @classmethod
    def load(
        cls,
        text: TextEncoderSettings,
        molecule: MoleculeEncoderSettings,
        token_depths: tuple[float, float] | None,
        arrays: Mapping[str, NDArray[Any]],
    ) -> Self:
        """Load the encoders of a model folder.

        Args:
            text: The settings of the text encoder.
            molecule: The settings of the molecule encoder.
            token_depths: The depths of the frozen token states that the backbone reads, if any.
            arrays: The result of `save`.

        Raises:
            FittedArraysError: If the vocabulary of the molecule graphs has another shape.
        """
        graphs = _below(_GRAPHS, arrays)
        if graphs:
            _require_vocabulary(graphs)
        text_prefix, molecule_prefix = _prefixes(text.kind, molecule.kind)
        return cls(
            text_encoder_class(text).load(text, _below(text_prefix, arrays)),
            molecule_encoder_class(molecule).load(molecule, _below(molecule_prefix, arrays)),
            token_depths,
            GraphVocabulary(graphs["identifiers"], graphs["vectors"]) if graphs else None,
        )

    def save(self) -> Arrays:
        """The fitted arrays by name: `KIND/…` for each encoder, and `graphs/…`.

        Of two encoders of one kind, the names are `text_encoder/…` and `molecule_encoder/…`.
        """
        prefixes = _prefixes(self.text.settings.kind, self.molecule.settings.kind)
        arrays = _named(prefixes[0], self.text.save())
        arrays |= _named(prefixes[1], self.molecule.save())
        if self.vocabulary is not None:
            vocabulary = self.vocabulary
            parts: Arrays = {"identifiers": vocabulary.identifiers, "vectors": vocabulary.vectors}
            arrays |= _named(_GRAPHS, parts)
        return arrays

    def require_arrays(self, text_width: int, molecule_width: int) -> None:
        """Check the fitted arrays: each encoder knows alone what it needs, so it encodes a sample.

        Args:
            text_width: D_text of the training run.
            molecule_width: D_molecule of the training run.

        Raises:
            FittedArraysError: If an encoder cannot encode, or encodes to another width.
        """
        for encoder, width in ((self.text, text_width), (self.molecule, molecule_width)):
            if not encoder.arrays:
                continue
            kind = encoder.settings.kind
            try:
                encoded = encoder.width()
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"
                raise FittedArraysError(
                    f"the arrays of {kind} must be its own ({reason})"
                ) from error
            if encoded != width:
                raise FittedArraysError(
                    f"the arrays of {kind} must encode to {width} numbers, got {encoded}"
                )

    def require_files(self, text: str | None, molecule: str | None) -> None:
        """Check that the files of the encoders are the files of the training run.

        Args:
            text: The `external_fingerprint` of the text encoder in the training run.
            molecule: The `external_fingerprint` of the molecule encoder.

        Raises:
            EncoderError: If the files are missing, or have changed.
        """
        for encoder, expected in ((self.text, text), (self.molecule, molecule)):
            if encoder.external_fingerprint != expected:
                name = encoder.settings.section.replace("_", " ")
                raise EncoderError(
                    f"the {name} must have the files that the model was trained with, got other"
                    f" files: {encoder.settings.label}"
                )

    def encode_texts(
        self, texts: Sequence[str], *, cache: ArrayCache, progress: Progress | None = None
    ) -> TextFeatures:
        """Encode L texts.

        Raises:
            EncoderError: If the encoder cannot be loaded.
        """
        encoder = self.text
        tokens = encoder.token_features(texts, self.token_depths, cache=cache, progress=progress)
        if encoder.settings.is_trained:  # the backbone encodes the tokens itself
            return TextFeatures(np.zeros((len(texts), 0), np.float32), tokens)
        return TextFeatures(encoder.encode(texts, cache=cache, progress=progress), tokens)

    def encode_molecules(self, smiles: Sequence[str], *, cache: ArrayCache) -> MoleculeFeatures:
        """Encode N molecules.

        Raises:
            EncoderError: If a SMILES cannot be read.
        """
        tokens = self.molecule.tokens(smiles, cache=cache)
        if tokens is not None:  # the backbone encodes the tokens itself
            return MoleculeFeatures(np.zeros((len(smiles), 0), np.float32), tokens=tokens)
        vectors = self.molecule.encode(smiles, cache=cache)
        if self.vocabulary is None:
            return MoleculeFeatures(vectors)
        graphs = self.molecule.graphs(smiles, cache=cache, vocabulary=self.vocabulary)
        return MoleculeFeatures(vectors, graphs)


def _require_vocabulary(graphs: Mapping[str, NDArray[Any]]) -> None:
    identifiers, vectors = graphs.get("identifiers"), graphs.get("vectors")
    if (
        identifiers is None
        or vectors is None
        or identifiers.dtype != np.int64
        or vectors.dtype != np.float32
        or vectors.ndim != 2
        or identifiers.shape != vectors.shape[:1]
    ):
        raise FittedArraysError(
            "graphs/identifiers must be (V,) int64, graphs/vectors (V, D) float32"
        )


def _prefixes(text: str, molecule: str) -> tuple[str, str]:
    """The beginnings of the names of the arrays of a text and a molecule encoder."""
    return (
        (text, molecule)
        if text != molecule
        else (TextEncoderSettings.section, MoleculeEncoderSettings.section)
    )


def _named(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _below(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """The arrays whose names begin with `PREFIX/`, by the rest of their names."""
    start = f"{prefix}/"
    return {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}
