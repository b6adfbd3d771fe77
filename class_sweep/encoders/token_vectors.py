"""A vector for each substructure token, and the file formats of Mol2vec models."""

import logging
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from gensim.models import KeyedVectors

from class_sweep.encoders.rows import as_bytes, from_bytes
from class_sweep.errors import EncoderError

UNKNOWN = "UNK"  # Mol2vec's token for rare and unseen substructures

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TokenVectors:
    """A vector for each token.

    Attributes:
        rows: The row of each token in `vectors`.
        vectors: (V, D) float32.
    """

    rows: dict[str, int]
    vectors: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """The tokens and their vectors as arrays by name."""
        tokens = sorted(self.rows, key=self.rows.__getitem__)
        return {"tokens": as_bytes(tokens), "vectors": self.vectors}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The inverse of `arrays`."""
        tokens = from_bytes(arrays["tokens"])
        return cls({token: row for row, token in enumerate(tokens)}, arrays["vectors"])


def read_vectors(path: Path, *, allow_pickle: bool) -> TokenVectors:
    """Read vectors from a file. Its first bytes decide the format, not its name.

    - NumPy's .npz with the arrays `tokens` (V,), text, and `vectors` (V, D), numbers.
    - word2vec's text or binary format with the first line "V D", for example from gensim's
      `KeyedVectors.save_word2vec_format`.
    - Everything else is read as a pickle, for example gensim's .kv, .model and .pkl. A pickle can
      run any code, so it is opened only with `allow_pickle`.

    Raises:
        OSError: If the file cannot be read at all.
        EncoderError: If the file is malformed, or is a pickle without `allow_pickle`.
    """
    with path.open("rb") as file:
        beginning = file.read(64)
    if beginning.startswith(b"PK"):
        return _checked(*_read_npz(path), path)
    if re.match(rb"\d+ \d+\s*\n", beginning):
        return _checked(*_read_word2vec(path), path)
    if not allow_pickle:
        raise EncoderError(
            "molecule_encoder.vectors must be an .npz or word2vec file without --allow-pickle (a"
            " pickle runs the code that it carries: give the option only for a file whose author"
            f" you trust), got {path}"
        )
    return _checked(*_read_pickle(path), path)


def _read_npz(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if not {"tokens", "vectors"} <= set(arrays):
                raise EncoderError(
                    "an .npz of vectors must hold arrays 'tokens' and 'vectors', "
                    f"got {sorted(arrays)}: {path}"
                )
            return arrays["tokens"], arrays["vectors"]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise EncoderError(
            f"an .npz of vectors must hold plain text and numbers, got {error}: {path}"
        ) from error


def _read_word2vec(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with path.open("rb") as file:
        dimensions = int(file.readline().split()[1])
        first = file.readline().split()
    try:
        # In the text format the second line is a token and D numbers. Binary data hardly ever is.
        binary = len(first) != dimensions + 1 or not all(_is_number(field) for field in first[1:])
        keyed = KeyedVectors.load_word2vec_format(str(path), binary=binary)
    except (ValueError, EOFError) as error:
        raise EncoderError(
            f"a word2vec file must hold as many tokens and numbers as its first line says, "
            f"got {error}: {path}"
        ) from error
    return np.array(keyed.index_to_key), keyed.vectors


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _read_pickle(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        model = KeyedVectors.load(str(path))
        keyed = getattr(model, "wv", model)  # the vectors of a Word2Vec model
        return np.array(keyed.index_to_key), np.asarray(keyed.vectors)
    except Exception as error:  # unpickling can raise anything
        raise EncoderError(
            f"a pickle of vectors must be gensim's KeyedVectors or Word2Vec, "
            f"got {type(error).__name__}: {error}: {path}"
        ) from error


def _checked(tokens: np.ndarray, vectors: np.ndarray, path: Path) -> TokenVectors:
    if tokens.ndim != 1 or tokens.dtype.kind != "U" or not tokens.size:
        raise EncoderError(
            f"tokens must be a non-empty list of texts (V,), "
            f"got {tokens.dtype} of shape {tokens.shape}: {path}"
        )
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu" or vectors.shape[0] != tokens.size:
        raise EncoderError(
            f"vectors must be numbers (V, D) with V = {tokens.size} tokens, "
            f"got {vectors.dtype} of shape {vectors.shape}: {path}"
        )
    rows = {token: row for row, token in enumerate(tokens.tolist())}
    if len(rows) != tokens.size:
        raise EncoderError(
            f"tokens must be distinct, got {tokens.size - len(rows)} repeated: {path}"
        )
    if UNKNOWN not in rows:
        _log.warning("%s has no %r: unseen substructures count as zero", path, UNKNOWN)
    return TokenVectors(rows, vectors.astype(np.float32))
