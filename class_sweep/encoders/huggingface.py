"""The encoders `huggingface`: a pretrained transformer, frozen or trained with the backbone."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache, Arrays
from class_sweep.base.hashing import fingerprint, library_versions
from class_sweep.base.ragged import Ragged
from class_sweep.config.inputs import HuggingFaceEncoder, HuggingFaceSmilesEncoder
from class_sweep.encoders.encoder import Encoder, MoleculeEncoder, Progress, TextEncoder
from class_sweep.errors import EncoderError

if TYPE_CHECKING:
    from class_sweep.encoders.hub import ModelFiles
    from class_sweep.encoders.reading import Reading
    from class_sweep.encoders.transformer import FrozenTransformer

_TOKENS_VERSION = 1
_STATES_VERSION = 1
_LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers")


Settings = TypeVar("Settings", HuggingFaceEncoder, HuggingFaceSmilesEncoder)


class TransformerEncoder(Encoder[Settings]):
    """A pooling of the last layer of a transformer; nothing is fitted.

    A trained transformer reads token numbers; the backbone holds its weights.
    """

    version = 2
    libraries = ("transformers", "tokenizers", "torch")

    @cached_property
    def files(self) -> "ModelFiles":
        """The files of the model, downloaded if necessary.

        Raises:
            EncoderError: If the model is not available.
        """
        # The client of the hub takes a second to import.
        from class_sweep.encoders.hub import find_model  # noqa: PLC0415

        return find_model(self.settings.model, self.settings.section)

    @cached_property
    def reading(self) -> "Reading":
        """The pooling and the token limit, of the space or of the model.

        Raises:
            EncoderError: If the model is not available.
        """
        from class_sweep.encoders.reading import reading_of  # noqa: PLC0415 - as above

        return reading_of(self.settings, self.files)

    @property
    def external_fingerprint(self) -> str:
        """A hash of the model's files.

        Raises:
            EncoderError: If the model is not available.
        """
        return fingerprint(self.files.identity)

    def feature_parts(self) -> Sequence[object]:
        """The files, the pooling and the number format; not the model's path or the batch size.

        The identity of the files has the normalisation of a sentence-transformers model.

        Raises:
            EncoderError: If the model is not available.
        """
        return [self.reading.pooling, *self._model_parts()]

    def compute(self, inputs: Sequence[str], progress: Progress | None) -> NDArray[np.floating]:
        """Encode inputs: (U,) to (U, D).

        Raises:
            EncoderError: If transformers cannot load the files.
        """
        return self._transformer().pooled_states(inputs, progress)

    def token_numbers(self, inputs: Sequence[str], cache: ArrayCache) -> Ragged:
        """The token numbers of distinct inputs, cut at `max_tokens`: U rows of (T,) int32.

        Raises:
            EncoderError: If the model is not available, or has fewer layers than are trained.
        """
        self._require_layers()

        def compute() -> Arrays:
            from class_sweep.encoders.transformer import tokenise  # noqa: PLC0415 - as above

            return tokenise(self.reading, self.files.folder, inputs).arrays("tokens")

        libraries = library_versions("transformers", "tokenizers")
        model = [self.files.identity, self.reading.max_tokens]
        key = fingerprint(_TOKENS_VERSION, model, list(inputs), libraries)
        return Ragged.from_arrays(cache.arrays(f"tokens-{key}", compute), "tokens")

    def _transformer(self) -> "FrozenTransformer":
        # torch and transformers take seconds to import.
        from class_sweep.base.device import device_and_dtype  # noqa: PLC0415
        from class_sweep.encoders.transformer import FrozenTransformer  # noqa: PLC0415

        return FrozenTransformer(
            self.reading, self.settings.batch_size, self.files.folder, *device_and_dtype()
        )

    def _model_parts(self) -> list[object]:
        from class_sweep.base.device import device_and_dtype  # noqa: PLC0415 - as above

        device, dtype = device_and_dtype()
        return [self.files.identity, self.reading.max_tokens, str(dtype), device.type]

    def _require_layers(self) -> None:
        """Refuse to train more layers than the model has, before any trial starts."""
        config = json.loads((self.files.folder / "config.json").read_text(encoding="utf-8"))
        layers = next((config[name] for name in _LAYERS if config.get(name)), None)
        trained = self.settings.trained_layers
        if layers and trained and trained > layers:
            raise EncoderError(
                f"{self.settings.section}.trainable must be at most last_{layers}, the number of"
                f" layers of the model, got {self.settings.trainable}: {self.settings.model}"
            )


class HuggingFaceTextEncoder(
    TransformerEncoder[HuggingFaceEncoder], TextEncoder[HuggingFaceEncoder]
):
    """A transformer over texts."""

    provides_tokens = True

    def token_states(
        self,
        texts: Sequence[str],
        depths: tuple[float, float],
        cache: ArrayCache,
        progress: Progress | None,
    ) -> tuple[NDArray[np.float32], Ragged]:
        """The token states of distinct texts; see `class_sweep.encoders.transformer`.

        Raises:
            EncoderError: If the model is not available or cannot be loaded.
        """

        def compute() -> Arrays:
            means, states = self._transformer().token_states(texts, depths, progress)
            return {"means": means} | states.arrays("states")

        parts = [list(depths), self._model_parts(), library_versions(*self.libraries)]
        key = fingerprint(_STATES_VERSION, parts, list(texts))
        arrays = cache.arrays(f"states-{key}", compute)
        return arrays["means"], Ragged.from_arrays(arrays, "states")


class HuggingFaceMoleculeEncoder(
    TransformerEncoder[HuggingFaceSmilesEncoder], MoleculeEncoder[HuggingFaceSmilesEncoder]
):
    """A transformer over SMILES, as their source writes them."""
