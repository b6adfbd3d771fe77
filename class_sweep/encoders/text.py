"""Texts to feature vectors, through the cache."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from class_sweep.base.array_cache import ArrayCache, Arrays
from class_sweep.base.hashing import fingerprint, library_versions
from class_sweep.base.ragged import Ragged
from class_sweep.config.inputs import HuggingFaceEncoder, LsaEncoder, TextEncoder
from class_sweep.encoders.rows import distinct, require_finite
from class_sweep.errors import EncoderError

# Raise one when its encoder's features change: older cache entries are then left alone.
_LSA_VERSION = 2
_HUGGINGFACE_VERSION = 1
_TOKENS_VERSION = 1
_STATES_VERSION = 1

_LSA_LIBRARIES = ("scikit-learn", "numpy", "scipy")

Progress = Callable[[int, int], None]


def encode_texts(
    settings: TextEncoder,
    texts: Sequence[str],
    fit_rows: np.ndarray,
    *,
    cache: ArrayCache,
    progress: Progress | None = None,
) -> np.ndarray:
    """Features of every text.

    Args:
        settings: Which encoder, and how.
        texts: (L,)
        fit_rows: Row numbers of the training pairs; what is fitted is fitted on these alone.
        cache: Where the features are kept.
        progress: Called with the texts done and their number while a transformer runs.

    Returns:
        (L, D), float32, finite.

    Raises:
        EncoderError: If the encoder cannot be loaded or does not fit the texts.
    """
    if isinstance(settings, LsaEncoder):
        return _lsa(settings, texts, fit_rows, cache)
    return _huggingface(settings, texts, cache, progress)


def fit_lsa(settings: LsaEncoder, texts: Sequence[str], *, cache: ArrayCache) -> Arrays:
    """The arrays of `class_sweep.encoders.lsa.FittedLsa`, fitted on the training texts.

    Raises:
        EncoderError: If its dimensions exceed what the texts can span.
    """

    def compute() -> Arrays:
        from class_sweep.encoders.lsa import FittedLsa  # noqa: PLC0415 - scikit-learn is slow

        return FittedLsa.fit(settings, texts).arrays()

    key = fingerprint(_LSA_VERSION, settings, list(texts), library_versions(*_LSA_LIBRARIES))
    return cache.arrays(f"lsa-fit-{key}", compute)


def _lsa(
    settings: LsaEncoder, texts: Sequence[str], fit_rows: np.ndarray, cache: ArrayCache
) -> np.ndarray:
    def compute() -> np.ndarray:
        from class_sweep.encoders.lsa import FittedLsa  # noqa: PLC0415 - as above

        fitted = fit_lsa(settings, [texts[row] for row in fit_rows], cache=cache)
        features = FittedLsa.from_arrays(fitted).transform(texts)
        return require_finite(features, np.arange(len(texts)), "lsa")

    key = [_LSA_VERSION, settings, list(texts), fit_rows, library_versions(*_LSA_LIBRARIES)]
    return cache.get_or_compute(key, compute, name="lsa")


def _huggingface(
    settings: HuggingFaceEncoder,
    texts: Sequence[str],
    cache: ArrayCache,
    progress: Progress | None,
) -> np.ndarray:
    # Only where a transformer is asked for: importing torch and the hub takes seconds.
    from class_sweep.base.device import device_and_dtype  # noqa: PLC0415
    from class_sweep.encoders.hub import find_model  # noqa: PLC0415

    model = find_model(settings.model)
    device, dtype = device_and_dtype()
    sentences, rows = distinct(texts)

    def compute() -> np.ndarray:
        from class_sweep.encoders.huggingface import huggingface_features  # noqa: PLC0415

        features = huggingface_features(
            settings, model.folder, sentences, device=device, dtype=dtype, progress=progress
        )
        return require_finite(features, rows, "huggingface")

    # The batch size and the model's path don't change the features; the number format does.
    how = [settings.pooling, settings.max_tokens, str(dtype), device.type]
    libraries = library_versions("transformers", "tokenizers", "torch")
    key = [_HUGGINGFACE_VERSION, model.identity, how, sentences, libraries]
    features: np.ndarray = cache.get_or_compute(key, compute, name="huggingface")[rows]
    return features


def encode_tokens(settings: TextEncoder, texts: Sequence[str], *, cache: ArrayCache) -> Ragged:
    """The token numbers of every text, for a transformer that is trained.

    A text that is longer than `max_tokens` is cut there; an empty one has its special tokens alone.

    Returns:
        L rows of (T,) int32.

    Raises:
        EncoderError: If the encoder is no transformer, cannot be loaded, or has fewer layers than
            are to be trained.
    """
    from class_sweep.encoders.hub import find_model  # noqa: PLC0415

    settings = _transformer(settings)
    model = find_model(settings.model)
    _require_layers(settings, model.folder)
    sentences, rows = distinct(texts)

    def compute() -> dict[str, np.ndarray]:
        from class_sweep.encoders.huggingface import tokenise  # noqa: PLC0415

        return tokenise(settings, model.folder, sentences).arrays("tokens")

    libraries = library_versions("transformers", "tokenizers")
    key = fingerprint(_TOKENS_VERSION, model.identity, settings.max_tokens, sentences, libraries)
    found = Ragged.from_arrays(cache.arrays(f"tokens-{key}", compute), "tokens")
    return found if len(sentences) == len(rows) else found.take(rows)


def encode_token_states(
    settings: TextEncoder,
    texts: Sequence[str],
    depths: tuple[float, float],
    *,
    cache: ArrayCache,
    progress: Progress | None = None,
) -> tuple[np.ndarray, Ragged]:
    """Frozen token states of every text; see `class_sweep.encoders.huggingface.token_states`.

    Returns:
        (L, D) float32, and L rows of (T, D) float16.

    Raises:
        EncoderError: If the encoder is no transformer, or cannot be loaded.
    """
    from class_sweep.base.device import device_and_dtype  # noqa: PLC0415
    from class_sweep.encoders.hub import find_model  # noqa: PLC0415

    settings = _transformer(settings)
    model = find_model(settings.model)
    device, dtype = device_and_dtype()
    sentences, rows = distinct(texts)

    def compute() -> dict[str, np.ndarray]:
        from class_sweep.encoders.huggingface import token_states  # noqa: PLC0415

        means, states = token_states(
            settings, model.folder, sentences, depths,
            device=device, dtype=dtype, progress=progress,
        )  # fmt: skip
        return {"means": require_finite(means, rows, "huggingface")} | states.arrays("states")

    how = [list(depths), settings.max_tokens, str(dtype), device.type]
    libraries = library_versions("transformers", "tokenizers", "torch")
    key = fingerprint(_STATES_VERSION, model.identity, how, sentences, libraries)
    arrays = cache.arrays(f"states-{key}", compute)
    means, states = arrays["means"], Ragged.from_arrays(arrays, "states")
    return (means, states) if len(sentences) == len(rows) else (means[rows], states.take(rows))


def _require_layers(settings: HuggingFaceEncoder, folder: Path) -> None:
    """Refuse to train more layers than the model says that it has, before any trial starts."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    layers = config.get("num_hidden_layers") or config.get("n_layers")
    if layers and settings.trained_layers and settings.trained_layers > layers:
        raise EncoderError(
            f"text_encoder.trainable must be at most last_{layers}, the layers of the model, got"
            f" {settings.trainable}: {settings.model}"
        )


def _transformer(settings: TextEncoder) -> HuggingFaceEncoder:
    if isinstance(settings, HuggingFaceEncoder):
        return settings
    raise EncoderError(
        "text_encoder must be a transformer (`model: …`) for a backbone that reads tokens,"
        f" got {settings.kind}"
    )
