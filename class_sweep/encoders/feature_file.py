"""The encoders `file`: the user's own vectors of the texts or molecules of a data set.

A vector belongs to a row of the data, counted before unusable rows are dropped, or to an id. Equal
inputs have one vector. A fitted encoder knows the row in the file of each input, by a hash of it;
the vectors stay in the file.
"""

from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache, Arrays
from class_sweep.base.hashing import file_digest, fingerprint
from class_sweep.base.text import shortened
from class_sweep.config.inputs import MoleculeFeatureFile, TextFeatureFile
from class_sweep.data.pair import SourceRows
from class_sweep.encoders.encoder import Encoder, MoleculeEncoder, Progress, TextEncoder
from class_sweep.encoders.feature_formats import FeatureTable, open_features
from class_sweep.encoders.rows import distinct
from class_sweep.errors import EncoderError

_DIGEST = 16  # bytes of the hash of an input
_LARGEST = 1e15  # of an entry, whose square is summed in float32
_ROUNDING = 0.01  # of the length of a vector, by which vectors of equal inputs may differ

Settings = TypeVar("Settings", TextFeatureFile, MoleculeFeatureFile)


class FeatureFileEncoder(Encoder[Settings]):
    """Vectors of a file.

    Attributes:
        what: What has a vector: a text or a molecule.
    """

    fits_arrays = True
    what: ClassVar[str]

    @classmethod
    def fit_to_data(
        cls,
        settings: Settings,
        inputs: Sequence[str],
        fit_rows: NDArray[np.integer],  # noqa: ARG003 - all inputs have vectors
        *,
        cache: ArrayCache,
        source: SourceRows | None = None,
    ) -> Self:
        """Find the vector of every input of a data set.

        Raises:
            EncoderError: If the file cannot be read, or its vectors are not those of the data.
        """
        if source is None:
            raise ValueError("vectors of a file must be matched with the rows of a source")
        content = [_digest_of(settings.path, settings.section), list(inputs)]
        key = fingerprint(cls.version, content, source.inputs, source.rows, source.ids)

        def arrays() -> Arrays:
            return cache.arrays(
                f"file-fit-{key}", lambda: _match(settings.path, cls.what, inputs, source)
            )

        return cls(settings, key, arrays)

    @property
    def external_fingerprint(self) -> str:
        """A hash of the file's content.

        Raises:
            EncoderError: If the file cannot be read.
        """
        return fingerprint(_digest_of(self.settings.path, self.settings.section))

    def feature_parts(self) -> Sequence[object]:
        """The content of the file, wherever it lies.

        Raises:
            EncoderError: If the file cannot be read.
        """
        return [self.external_fingerprint]

    def width(self) -> int:
        """D, as the file says.

        Raises:
            EncoderError: If the file cannot be read.
            ValueError: If the fitted arrays are not those of such an encoder.
        """
        hashes, rows = self.arrays["inputs"], self.arrays["rows"]
        with open_features(self.settings.path) as table:
            count, width = table.shape
        if (
            hashes.dtype != np.uint8
            or rows.dtype != np.int64
            or hashes.shape != (len(rows), _DIGEST)
            or not 0 <= rows.min(initial=0) <= rows.max(initial=0) < count
        ):
            raise ValueError("inputs must be (K, 16) uint8, and rows (K,) rows of the file")
        return width

    def compute(
        self,
        inputs: Sequence[str],
        progress: Progress | None,  # noqa: ARG002 - it takes seconds
    ) -> NDArray[np.floating]:
        """The vectors of inputs of the data set: (U,) to (U, D).

        Raises:
            EncoderError: If the file has no vector for an input.
        """
        rows = [self._row_of(text) for text in inputs]
        with open_features(self.settings.path) as table:
            return table.read()[rows]

    def _row_of(self, text: str) -> int:
        row = self._rows.get(_hash_of(text))
        if row is None:
            row = self._rows.get(_hash_of(self.canonical(text)))
        if row is None:
            raise EncoderError(
                f"a {self.what} must be one of the data set that the file was made for, because"
                f" {self.settings.section} is {{kind: file}}, which computes no vectors, got"
                f" {shortened(text)}: {self.settings.path}; train a model with another encoder to"
                f" encode a new {self.what}"
            )
        return row

    @cached_property
    def _rows(self) -> dict[bytes, int]:
        """The row in the file by the hash of an input."""
        hashes = map(bytes, self.arrays["inputs"])
        return dict(zip(hashes, self.arrays["rows"].tolist(), strict=True))

    def canonical(self, text: str) -> str:
        """The form of an input that is equal for equal inputs."""
        return text


class TextFeatureFileEncoder(FeatureFileEncoder[TextFeatureFile], TextEncoder[TextFeatureFile]):
    """Vectors of texts."""

    what = "text"


class MoleculeFeatureFileEncoder(
    FeatureFileEncoder[MoleculeFeatureFile], MoleculeEncoder[MoleculeFeatureFile]
):
    """Vectors of molecules, which are found under every SMILES of a molecule."""

    what = "molecule"

    def canonical(self, text: str) -> str:
        """The canonical SMILES, or an empty text."""
        from class_sweep.data.smiles import canonical  # noqa: PLC0415 - RDKit takes a second

        return canonical([text])[text]


# --- the vectors of a data set ----------------------------------------------------------------


def _match(path: Path, what: str, inputs: Sequence[str], source: SourceRows) -> Arrays:
    """The hash of each input and of its canonical form, and its row in the file.

    Args:
        path: The feature file.
        what: What has a vector.
        inputs: (N,) the inputs as their source writes them.
        source: Where they stand in the source.

    Raises:
        EncoderError: If the file lacks a vector or has too many, or a vector is not finite, or
            equal inputs have different vectors.
    """
    with open_features(path) as table:
        rows = _rows_by_row(table, source, path)
        if table.ids is not None:
            rows = _rows_by_id(table.ids, what, source, path)
        vectors = table.read()
    _require_finite(vectors, rows, table, path)
    _require_equal(vectors, rows, what, inputs, path)
    by_input: dict[str, int] = {}
    for texts in (inputs, source.inputs):  # the words of the source count first
        for text, row in zip(texts, rows.tolist(), strict=True):
            by_input.setdefault(text, row)
    hashes = np.frombuffer(b"".join(map(_hash_of, by_input)), np.uint8).reshape(-1, _DIGEST)
    return {"inputs": hashes, "rows": np.array(list(by_input.values()), np.int64)}


def _rows_by_row(table: FeatureTable, source: SourceRows, path: Path) -> NDArray[np.int64]:
    if table.ids is None and table.shape[0] != len(source.ids):
        raise EncoderError(
            f"a feature file by row must have a vector for each of the {len(source.ids):,} rows of"
            f" the data, unusable rows included, got {table.shape[0]:,}: {path}"
        )
    return source.rows


def _rows_by_id(ids: Sequence[str], what: str, source: SourceRows, path: Path) -> NDArray[np.int64]:
    row_of: dict[str, int] = {}
    known = set(source.ids)
    for row, name in enumerate(ids):
        if row_of.setdefault(name, row) != row:
            raise EncoderError(
                f"ids of a feature file must be distinct, got {shortened(name)} in rows"
                f" {row_of[name]} and {row}, counted from 0: {path}"
            )
        if name not in known:
            raise EncoderError(
                f"ids of a feature file must be ids of the data, got {shortened(name)} in row"
                f" {row}, counted from 0: {path}"
            )
    named: dict[str, str] = {}
    rows = []
    for text, source_row in zip(source.inputs, source.rows.tolist(), strict=True):
        name = source.ids[source_row]
        if name not in row_of:
            raise EncoderError(
                f"a feature file must have a vector for each id of the data, got none for"
                f" {shortened(name)}: {path}"
            )
        if named.setdefault(name, text) != text:
            raise EncoderError(
                f"an id must name one {what} where vectors are by id, got {shortened(name)} for"
                f" {shortened(named[name])} and {shortened(text)}; give the vectors by row, without"
                f" ids: {path}"
            )
        rows.append(row_of[name])
    return np.array(rows, np.int64)


def _require_finite(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], table: FeatureTable, path: Path
) -> None:
    used = np.unique(rows)
    extent = np.maximum(vectors.max(axis=1), -vectors.min(axis=1))  # without a copy of them all
    bad = used[~(extent[used] <= _LARGEST)]  # NaN is not
    if bad.size:
        name = f" (id {shortened(table.ids[bad[0]])})" if table.ids else ""
        more = f" and {bad.size - 1} more" if bad.size > 1 else ""
        raise EncoderError(
            f"vectors must be finite numbers of at most {_LARGEST:g}, got NaN, infinity or more in"
            f" row {bad[0]}{name}, counted from 0{more}: {path}"
        )


def _require_equal(
    vectors: NDArray[np.float32],
    rows: NDArray[np.int64],
    what: str,
    inputs: Sequence[str],
    path: Path,
) -> None:
    """Check that equal inputs have equal vectors, up to the rounding of a model in batches."""
    number = distinct(inputs)[1]
    first = rows[np.unique(number, return_index=True)[1]][number]
    for place in np.flatnonzero(first != rows).tolist():
        one, other = vectors[first[place]].astype(float), vectors[rows[place]]
        if np.linalg.norm(one - other) > _ROUNDING * np.linalg.norm(one):
            raise EncoderError(
                f"equal inputs must have equal vectors, got others in rows {first[place]} and"
                f" {rows[place]}, counted from 0, for the {what} {shortened(inputs[place])}: {path}"
            )


def _hash_of(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()


def _digest_of(path: Path, section: str) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise EncoderError(
            f"{section}.path must be a file that can be read, got {path}: {error.strerror}"
        ) from error
