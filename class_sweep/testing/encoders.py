"""The contract of a text or molecule encoder."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from class_sweep.base.array_cache import ArrayCache, NoCache
from class_sweep.config.components import MOLECULE_ENCODERS, TEXT_ENCODERS
from class_sweep.config.registry import Registry
from class_sweep.data.pair import SourceRows
from class_sweep.encoders.encoder import Encoder, MoleculeEncoder, TextEncoder
from class_sweep.testing.contract import require, settings_of
from class_sweep.testing.samples import SMILES, TEXTS

_FIT = 300  # inputs to fit on: enough for the default dimensions of most encoders
_ROUNDING = 0.02  # of the length of a vector: bfloat16, whose sums depend on the batch


def sample_texts(count: int = _FIT) -> list[str]:
    """Different made-up texts."""
    roles = ("metabolite", "solvent", "drug", "pigment", "hormone")
    return [
        f"compound {n} is a {roles[n % 5]} with {n % 7} rings and mass {3 * n}"
        for n in range(count)
    ]


def sample_smiles(count: int = _FIT) -> list[str]:
    """Different made-up molecules."""
    ends = ("O", "N", "c1ccccc1")
    return ["C" * (1 + n % 20) + ends[n % 3] + "C" * (n // 20) for n in range(count)]


def check_text_encoder(name: str, **settings: Any) -> None:
    """Check a registered text encoder: finite features, repeatable, cached, kept by a model.

    Args:
        name: Its name.
        settings: Other values than the defaults of its settings.

    Raises:
        ContractError: If it breaks a rule.
    """
    texts = [*sample_texts(), "an unseen acid", sample_texts()[2]]
    _check(TEXT_ENCODERS, name, settings, texts)


def check_molecule_encoder(name: str, **settings: Any) -> None:
    """Check a registered molecule encoder; see `check_text_encoder`."""
    smiles = [*sample_smiles(), "OC(=O)Cc1ccccc1", sample_smiles()[2]]
    _check(MOLECULE_ENCODERS, name, settings, smiles)


def check_features(encoder: Encoder[Any], inputs: Sequence[str]) -> np.ndarray:
    """Check the features that an encoder computes, (L, D), finite and the same each time."""
    what = f"encoder {encoder.settings.kind} must give (L, D) finite features"
    first = encoder.compute(inputs, None)
    require(isinstance(first, np.ndarray), f"{what}, got {type(first).__name__}")
    shaped = first.ndim == 2 and len(first) == len(inputs) and first.shape[1] > 0
    require(shaped, f"{what}, got the shape {first.shape} for L = {len(inputs)}")
    require(np.issubdtype(first.dtype, np.floating), f"{what}, got {first.dtype}")
    require(np.isfinite(first).all(), f"{what}, got NaN or infinity")
    again = encoder.compute(inputs, None)
    require(np.array_equal(first, again), f"{what}, the same each time")
    return first


def check_encoder_of(registry: Registry[Any], settings: Any) -> None:
    """Check the features of six inputs, under given settings, of an encoder that fits nothing."""
    encoder: type[TextEncoder[Any]] | type[MoleculeEncoder[Any]] = registry.load(settings.kind)
    if not encoder.fits_arrays:
        inputs = TEXTS if registry is TEXT_ENCODERS else SMILES
        check_features(encoder.fit(settings, inputs, cache=NoCache()), inputs)


def _check(
    registry: Registry[Any], name: str, changes: dict[str, Any], inputs: Sequence[str]
) -> None:
    settings = settings_of(registry, name, changes)
    implementation: type[Encoder[Any]] = registry.load(name)
    values = tuple(inputs)
    source = SourceRows(values, np.arange(len(values)), tuple(map(str, range(len(values)))))

    def fit(cache: ArrayCache, rows: int = _FIT) -> Encoder[Any]:
        return implementation.fit_to_data(
            settings, values, np.arange(rows), cache=cache, source=source
        )

    with TemporaryDirectory() as folder:
        cache = ArrayCache(Path(folder) / "cache")
        encoder = fit(cache)
        check_features(encoder, list(dict.fromkeys(inputs)))
        features = encoder.encode(inputs, cache=cache)
        what = f"encoder {name} must"
        require(features.dtype == np.float32, f"{what} give float32, got {features.dtype}")
        repeated = np.array_equal(features[2], features[_FIT + 1])
        require(repeated, f"{what} give equal inputs equal features")
        fresh = fit(NoCache())
        same = np.array_equal(fresh.encode(inputs, cache=NoCache()), features)
        require(same, f"{what} give the same features without the cache")
        backwards = fresh.encode(inputs[::-1], cache=NoCache())[::-1]
        away, length = (np.linalg.norm(x, axis=1) for x in (backwards - features, features))
        alone = np.all(away <= _ROUNDING * length)
        require(alone, f"{what} encode each input by itself")
        arrays = encoder.save()
        fits = bool(arrays) == encoder.fits_arrays
        require(fits, f"{what} say fits_arrays = {bool(arrays)}, as `save` has arrays")
        save_file(arrays, Path(folder) / "saved.safetensors")
        saved = load_file(Path(folder) / "saved.safetensors")
        loaded = implementation.load(settings, saved)
        kept = np.array_equal(loaded.encode(inputs, cache=NoCache()), features)
        require(kept, f"{what} give the same features from its saved arrays")
        if not encoder.fits_arrays:
            independent = encoder.fingerprint == fit(NoCache(), _FIT - 10).fingerprint
            rule = f"{what} have a fingerprint that its training inputs do not change"
            require(independent, f"{rule}, because it fits no arrays")
