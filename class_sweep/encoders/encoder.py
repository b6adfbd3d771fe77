"""The interface of text and molecule encoders.

An encoder is a subclass of `TextEncoder` or `MoleculeEncoder` in a file of its own, with a line in
`class_sweep.config.components`. The base class keeps features and fitted arrays in the cache and
encodes each distinct input once. The module of an encoder loads heavy libraries inside its methods,
because a run whose features are in the cache needs none of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from functools import cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache, Arrays, NoCache
from class_sweep.base.hashing import fingerprint, library_versions
from class_sweep.base.ragged import Ragged
from class_sweep.config.components import MOLECULE_ENCODERS, TEXT_ENCODERS
from class_sweep.config.inputs import MoleculeEncoderSettings, TextEncoderSettings
from class_sweep.config.own_code import running_part
from class_sweep.config.plugin_files import code_hashes
from class_sweep.config.registry import Component, Registry
from class_sweep.data.pair import SourceRows
from class_sweep.encoders.encoded_features import TokenFeatures
from class_sweep.encoders.molecule_graphs import GraphVocabulary, MoleculeGraphs
from class_sweep.encoders.rows import distinct, expand, require_finite
from class_sweep.errors import EncoderError

Progress = Callable[[int, int], None]
"""Receives the number of encoded inputs and the number of all inputs."""

Settings = TypeVar("Settings", bound=TextEncoderSettings | MoleculeEncoderSettings)
TextSettings = TypeVar("TextSettings", bound=TextEncoderSettings)
MoleculeSettings = TypeVar("MoleculeSettings", bound=MoleculeEncoderSettings)


class Encoder(ABC, Generic[Settings]):
    """An encoder with its settings and the arrays that it has fitted.

    Attributes:
        version: Raise it when the encoder computes other features from the same settings.
        fits_arrays: Whether the encoder fits arrays on the training inputs; see `fit_arrays`.
        libraries: The distributions whose versions decide the features.
        sample: An input that every encoder of the side can encode.
        settings: The settings.
    """

    version: ClassVar[int] = 1
    fits_arrays: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ()
    sample: ClassVar[str]

    def __init__(self, settings: Settings, fit_key: str, arrays: Callable[[], Arrays]) -> None:
        """Use `fit` or `load` instead."""
        self.settings = settings
        self._fit_key = fit_key
        self._make_arrays = arrays

    @classmethod
    def fit(cls, settings: Settings, inputs: Sequence[str], *, cache: ArrayCache) -> Self:
        """Fit the encoder on the training inputs. The arrays are computed when they are needed.

        Args:
            settings: The settings.
            inputs: (L,) the training texts or SMILES.
            cache: Keeps the fitted arrays.
        """
        libraries = library_versions(*cls.libraries)
        fit_key = fingerprint(cls._code(), cls.fit_parts(settings, inputs), libraries)

        consent = copy_context()  # see `pickles_allowed`; the arrays may be needed later

        def arrays() -> Arrays:
            key = f"{settings.kind}-fit-{fingerprint(fit_key, list(inputs))}"
            return cache.arrays(key, lambda: consent.run(cls.fit_arrays, settings, inputs))

        return cls(settings, fit_key, arrays if cls.fits_arrays else dict)

    @classmethod
    def fit_to_data(
        cls,
        settings: Settings,
        inputs: Sequence[str],
        fit_rows: NDArray[np.integer],
        *,
        cache: ArrayCache,
        source: SourceRows | None = None,  # noqa: ARG003 - for encoders that read rows
    ) -> Self:
        """Fit the encoder on the training rows of a data set.

        Args:
            settings: The settings.
            inputs: (N,) all texts or SMILES of the data set.
            fit_rows: (L,) the training rows.
            cache: Keeps the fitted arrays.
            source: Where the inputs stand in their source; None for inputs of no data set.
        """
        return cls.fit(settings, [inputs[row] for row in np.unique(fit_rows)], cache=cache)

    @classmethod
    def load(cls, settings: Settings, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make an encoder from saved arrays; see `save`."""
        saved = dict(arrays)
        return cls(settings, fingerprint(cls._code(), saved), lambda: saved)

    def width(self) -> int:
        """D, the width of the features, as the fitted arrays give it.

        Raises:
            Exception: Any, if the arrays are not those of such an encoder.
        """
        return len(self.encode([self.sample], cache=NoCache())[0])

    def save(self) -> Arrays:
        """The fitted arrays by name; empty for an encoder that fits nothing."""
        return dict(self.arrays)

    @cached_property
    def arrays(self) -> Arrays:
        """The fitted arrays by name.

        Raises:
            EncoderError: If the encoder cannot be fitted on its training inputs.
        """
        return self._make_arrays()

    @property
    def fingerprint(self) -> str:
        """A hash of everything that decides the features of an input."""
        libraries = library_versions(*self.libraries)
        return fingerprint(self._code(), self._fit_key, self.feature_parts(), libraries)

    def encode(
        self, inputs: Sequence[str], *, cache: ArrayCache, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Encode the inputs, each distinct input once.

        Args:
            inputs: (L,) texts or SMILES.
            cache: Keeps the features.
            progress: Called during the computation of a slow encoder.

        Returns:
            (L, D) finite features.

        Raises:
            EncoderError: If the encoder cannot be loaded or fitted, or cannot encode an input.
        """
        values, rows = distinct(inputs)

        def compute() -> NDArray[np.float32]:
            with running_part(self.settings.registry, self.settings.kind):
                return require_finite(self.compute(values, progress), rows, self.settings.kind)

        key = [self.fingerprint, values]
        features: NDArray[np.float32] = cache.get_or_compute(key, compute, name=self.settings.kind)[
            rows
        ]
        return features

    def tokens(self, inputs: Sequence[str], *, cache: ArrayCache) -> Ragged | None:
        """The inputs of a trained encoder: L rows of (T,) int32; None for a frozen one.

        Raises:
            EncoderError: If the encoder cannot be loaded.
        """
        if not self.settings.is_trained:
            return None
        values, rows = distinct(inputs)
        return expand(self.token_numbers(values, cache), rows)

    @property
    def external_fingerprint(self) -> str | None:
        """A hash of the files that a saved encoder still needs; None if it needs none.

        Raises:
            EncoderError: If the files are missing.
        """
        return None

    @property
    def files_fingerprint(self) -> str | None:
        """A hash of the files that the settings name; None if they name none.

        Raises:
            EncoderError: If the files are missing.
        """
        return self.external_fingerprint

    @classmethod
    def _code(cls) -> object:
        """The version, and with it the hashes of the plug-in files for an encoder from one."""
        hashes = code_hashes(cls)
        return [cls.version, *hashes] if hashes else cls.version

    # --- for subclasses -----------------------------------------------------------------------

    @classmethod
    def fit_arrays(cls, settings: Settings, inputs: Sequence[str]) -> Arrays:
        """Compute the fitted arrays from the training inputs, if `fits_arrays`.

        Raises:
            EncoderError: If the settings do not fit the inputs.
        """
        raise NotImplementedError

    @classmethod
    def fit_parts(cls, settings: Settings, inputs: Sequence[str]) -> Sequence[object]:
        """Everything that decides the fitted arrays, for a fingerprint.

        By default the settings and the inputs if the encoder fits arrays, else nothing.
        """
        return [settings, list(inputs)] if cls.fits_arrays else []

    def feature_parts(self) -> Sequence[object]:
        """Everything that decides the features beside the fitted arrays; by default the settings.

        Raises:
            EncoderError: If the files of the encoder are missing.
        """
        return [self.settings]

    @abstractmethod
    def compute(self, inputs: Sequence[str], progress: Progress | None) -> NDArray[np.floating]:
        """Compute the features of distinct inputs: (U,) to (U, D).

        Raises:
            EncoderError: If the encoder cannot be loaded, or cannot encode an input.
        """

    def token_numbers(self, inputs: Sequence[str], cache: ArrayCache) -> Ragged:
        """The token numbers of distinct inputs, for a trained encoder: U rows of (T,) int32.

        Raises:
            EncoderError: If the encoder cannot be loaded.
        """
        raise NotImplementedError


class TextEncoder(Encoder[TextSettings]):
    """A text encoder.

    Attributes:
        provides_tokens: Whether the encoder implements `token_numbers` and `token_states`.
    """

    sample = "an acid"
    provides_tokens: ClassVar[bool] = False

    def token_features(
        self,
        texts: Sequence[str],
        depths: tuple[float, float] | None,
        *,
        cache: ArrayCache,
        progress: Progress | None = None,
    ) -> TokenFeatures:
        """The token inputs of a backbone.

        Args:
            texts: (L,) texts.
            depths: The layer of the mean state and the layer of the states, as fractions in (0, 1]
                of all layers; None if the backbone reads no states.
            cache: Keeps the tokens.
            progress: Receives the number of encoded texts and of all distinct texts.

        Returns:
            The token numbers of a trained encoder, or the states and mean states of a frozen
            encoder; all None for a frozen encoder without `depths`.

        Raises:
            EncoderError: If the encoder has no tokens or cannot be loaded.
        """
        if self.settings.is_trained or depths is not None:
            self._require_tokens()
        if self.settings.is_trained or depths is None:
            return TokenFeatures(tokens=self.tokens(texts, cache=cache))
        values, rows = distinct(texts)
        means, states = self.token_states(values, depths, cache, progress)
        return TokenFeatures(
            token_states=expand(states, rows),
            token_means=require_finite(means, rows, self.settings.kind)[rows],
        )

    def _require_tokens(self) -> None:
        if not self.provides_tokens:
            raise EncoderError(
                f"text_encoder.kind must be {providers(TEXT_ENCODERS, 'provides_tokens')} for a"
                f" backbone that reads tokens, got {self.settings.kind}"
            )

    # --- for subclasses -----------------------------------------------------------------------

    def token_states(
        self,
        texts: Sequence[str],
        depths: tuple[float, float],
        cache: ArrayCache,
        progress: Progress | None,
    ) -> tuple[NDArray[np.float32], Ragged]:
        """The token states of distinct texts.

        Returns:
            (U, D) mean states, and U rows of (T, D) float16 states.

        Raises:
            EncoderError: If the encoder cannot be loaded.
        """
        raise NotImplementedError


class MoleculeEncoder(Encoder[MoleculeSettings]):
    """A molecule encoder.

    Attributes:
        provides_graphs: Whether the encoder implements `build_graphs`.
    """

    sample = "CCO"
    provides_graphs: ClassVar[bool] = False

    def graphs(
        self, smiles: Sequence[str], *, cache: ArrayCache, vocabulary: GraphVocabulary | None = None
    ) -> MoleculeGraphs:
        """The graph of every molecule.

        Args:
            smiles: (N,) SMILES.
            cache: Keeps the graphs.
            vocabulary: The vocabulary of a trained model; None for the tokens of these molecules.

        Raises:
            EncoderError: If the encoder has no graphs, cannot be loaded or cannot read a SMILES.
        """
        if not self.provides_graphs:
            raise EncoderError(
                f"molecule_encoder.kind must be {providers(MOLECULE_ENCODERS, 'provides_graphs')}"
                " for a backbone that reads molecule graphs with substructure vectors, got"
                f" {self.settings.kind}"
            )
        values, rows = distinct(smiles)
        return expand(self.build_graphs(values, cache, vocabulary), rows)

    # --- for subclasses -----------------------------------------------------------------------

    def build_graphs(
        self, smiles: Sequence[str], cache: ArrayCache, vocabulary: GraphVocabulary | None
    ) -> MoleculeGraphs:
        """The graphs of distinct molecules; the arguments are those of `graphs`.

        Raises:
            EncoderError: If the encoder cannot be loaded, or cannot read a SMILES.
        """
        raise NotImplementedError


def text_encoder_class(settings: TextEncoderSettings) -> type[TextEncoder[Any]]:
    """The class of the text encoder with these settings."""
    encoder: type[TextEncoder[Any]] = TEXT_ENCODERS.load(settings.kind)
    return encoder


def molecule_encoder_class(settings: MoleculeEncoderSettings) -> type[MoleculeEncoder[Any]]:
    """The class of the molecule encoder with these settings."""
    encoder: type[MoleculeEncoder[Any]] = MOLECULE_ENCODERS.load(settings.kind)
    return encoder


def fit_text_encoder(
    settings: TextEncoderSettings,
    texts: Sequence[str],
    fit_rows: NDArray[np.integer],
    *,
    cache: ArrayCache,
    source: SourceRows | None = None,
) -> TextEncoder[Any]:
    """Fit the text encoder with these settings to a data set; see `Encoder.fit_to_data`."""
    encoder = text_encoder_class(settings)
    return encoder.fit_to_data(settings, texts, fit_rows, cache=cache, source=source)


def fit_molecule_encoder(
    settings: MoleculeEncoderSettings,
    smiles: Sequence[str],
    fit_rows: NDArray[np.integer],
    *,
    cache: ArrayCache,
    source: SourceRows | None = None,
) -> MoleculeEncoder[Any]:
    """Fit the molecule encoder with these settings to a data set; see `Encoder.fit_to_data`."""
    encoder = molecule_encoder_class(settings)
    return encoder.fit_to_data(settings, smiles, fit_rows, cache=cache, source=source)


def providers(registry: Registry[Component], capability: str) -> str:
    """The names of the encoders with a capability, for a message: `a`, or `a or b`."""
    return " or ".join(name for name in registry if getattr(registry.load(name), capability))
