"""The formats of a feature file: `.npy`, `.npz`, `.safetensors` and Parquet.

| suffix | vectors | ids |
|---|---|---|
| `.npy` | the array | none: by row |
| `.npz` | the array `vectors` | the array `ids`, text or integers |
| `.safetensors` | the tensor `vectors` | the tensor `ids`, integers |
| `.parquet` | the column `vector`, lists | the column `id`, text or integers |

A file without ids is by row. The headers are checked before an array is read, so that a file cannot
ask for more memory than it holds numbers. Nothing is unpickled.
"""

import math
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from safetensors import safe_open

from class_sweep.base.input_files import open_input
from class_sweep.base.limits import MAX_ROWS, MAX_TABLE_BYTES, MAX_VECTOR, MAX_WEIGHTS_BYTES
from class_sweep.data.values import text_of
from class_sweep.errors import ClassSweepError, EncoderError

VECTORS, IDS = "vectors", "ids"
_VECTOR, _ID = "vector", "id"  # columns, each row of which has one
_NUMBERS = "float16, float32, float64, integers or booleans"
_BATCH = 1024  # rows of a Parquet file at a time


@dataclass(frozen=True)
class FeatureTable:
    """An open feature file, of which the ids alone have been read.

    Attributes:
        shape: R and D, the numbers of vectors and of their entries.
        ids: (R,) the id of each vector; None if the file is by row.
        read: Reads the (R, D) float32 vectors.
    """

    shape: tuple[int, int]
    ids: list[str] | None
    read: Callable[[], NDArray[np.float32]]


@contextmanager
def open_features(path: Path) -> Iterator[FeatureTable]:
    """Open a feature file; its suffix names the format.

    Raises:
        EncoderError: If the file cannot be read, is of another format, or holds no (R, D) numbers.
        DataError: If an id is no text.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise EncoderError(f"a feature file must end in one of {', '.join(FORMATS)}, got {path}")
    with ExitStack() as stack:
        with _explained(path):
            table = stack.enter_context(FORMATS[suffix](path))

        def read() -> NDArray[np.float32]:
            with _explained(path):
                return table.read()

        yield FeatureTable(table.shape, table.ids, read)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Every error of a library becomes one error that names the file."""
    try:
        yield
    except (ClassSweepError, MemoryError):
        raise
    except OSError as error:
        raise EncoderError(
            f"a feature file must be readable, got {error.strerror or error}: {path}"
        ) from error
    except Exception as error:  # a damaged header makes NumPy, zipfile and pyarrow raise any error
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise EncoderError(
            f"a {path.suffix} file must be whole and of its format, got {reason}: {path}"
        ) from error


# --- the formats ------------------------------------------------------------------------------


@contextmanager
def _npy(path: Path) -> Iterator[FeatureTable]:
    with open_input(path, MAX_WEIGHTS_BYTES) as file:
        shape = _vectors_shape(*_npy_header(file, path.stat().st_size, path), path)

        def read() -> NDArray[np.float32]:
            file.seek(0)
            return _float32(npy.read_array(file, allow_pickle=False))

        yield FeatureTable(shape, None, read)


@contextmanager
def _npz(path: Path) -> Iterator[FeatureTable]:
    with open_input(path, MAX_WEIGHTS_BYTES) as file, zipfile.ZipFile(file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        _require_vectors(names, VECTORS, "array", path)

        def header(name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as member:
                return _npy_header(member, info.file_size, path)

        def array(name: str) -> NDArray[Any]:
            with archive.open(f"{name}.npy") as member:
                return npy.read_array(member, allow_pickle=False)

        shape = _vectors_shape(*header(VECTORS), path)
        ids = None
        if IDS in names:
            _require_ids(*header(IDS), "Uiu", shape[0], path)
            ids = _texts(array(IDS).tolist(), path)
        yield FeatureTable(shape, ids, lambda: _float32(array(VECTORS)))


@contextmanager
def _safetensors(path: Path) -> Iterator[FeatureTable]:
    open_input(path, MAX_WEIGHTS_BYTES).close()  # no pipe, no device
    with safe_open(path, framework="np") as file:
        names = list(file.keys())
        _require_vectors(names, VECTORS, "tensor", path)

        def header(name: str) -> tuple[tuple[int, ...], np.dtype[Any] | str]:
            part = file.get_slice(name)
            kind = str(part.get_dtype())
            return tuple(part.get_shape()), _SAFETENSORS_TYPES.get(kind, kind)

        shape = _vectors_shape(*header(VECTORS), path)
        ids = None
        if IDS in names:
            _require_ids(*header(IDS), "iu", shape[0], path)
            ids = _texts(file.get_tensor(IDS).tolist(), path)
        yield FeatureTable(shape, ids, lambda: _float32(file.get_tensor(VECTORS)))


_SAFETENSORS_TYPES = {
    f"{code}{8 * size}": np.dtype(f"{kind}{size}")
    for code, kind, sizes in (
        ("F", "f", (2, 4, 8)),
        ("I", "i", (1, 2, 4, 8)),
        ("U", "u", (1, 2, 4, 8)),
    )
    for size in sizes
} | {"BOOL": np.dtype(bool)}


@contextmanager
def _parquet(path: Path) -> Iterator[FeatureTable]:
    import pyarrow as pa  # noqa: PLC0415 - it takes a fifth of a second
    from pyarrow import parquet  # noqa: PLC0415 - as above

    with open_input(path, MAX_WEIGHTS_BYTES) as file:
        source = parquet.ParquetFile(pa.PythonFile(file, mode="r"))
        names = source.schema_arrow.names
        if _ID in names:
            # A repeated id is stored once, so that a small file cannot become a large batch.
            source = parquet.ParquetFile(pa.PythonFile(file, mode="r"), read_dictionary=[_ID])
        _require_vectors(names, _VECTOR, "column", path)
        rows, kind = source.metadata.num_rows, source.schema_arrow.field(_VECTOR).type
        lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
        if not any(is_list(kind) for is_list in lists):
            raise _wrong_vectors(f"a column of {kind}, not of lists", path)
        _require_list_lengths(source.metadata, rows, path)
        first = next(source.iter_batches(1, columns=[_VECTOR]), None)
        width = 0 if first is None else len(first.column(_VECTOR)[0].as_py() or ())
        number = np.dtype(kind.value_type.to_pandas_dtype())
        shape = _vectors_shape((rows, width), number, path)
        ids = None
        if _ID in names:
            _require_ids((rows,), _id_type(source.schema_arrow.field(_ID).type), "Uiu", rows, path)
            ids = _texts((v for b in _column(source, _ID) for v in b.to_pylist()), path)
        yield FeatureTable(shape, ids, lambda: _listed(_column(source, _VECTOR), shape, path))


def _column(source: Any, name: str) -> Iterator[Any]:
    for batch in source.iter_batches(_BATCH, columns=[name]):
        yield batch.column(name)


def _id_type(kind: Any) -> np.dtype[Any] | str:
    import pyarrow as pa  # noqa: PLC0415 - as above

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.dtype("U1")
    return np.dtype("i8") if pa.types.is_integer(kind) else str(kind)


def _require_list_lengths(metadata: Any, rows: int, path: Path) -> None:
    """Check that the lists of a Parquet file are not too long for a batch of them to be read."""
    columns = (
        metadata.row_group(group).column(column)
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )
    values = sum(c.num_values for c in columns if c.path_in_schema.split(".")[0] == _VECTOR)
    if values > rows * MAX_VECTOR:
        raise _wrong_vectors(f"{values:,} numbers in {rows:,} rows", path)


def _listed(columns: Iterable[Any], shape: tuple[int, int], path: Path) -> NDArray[np.float32]:
    """The (R, D) float32 vectors of batches of lists, an empty entry as NaN."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    from pyarrow import compute  # noqa: PLC0415 - as above

    vectors, start = np.empty(shape, np.float32), 0
    for column in columns:
        lengths = compute.list_value_length(column).fill_null(-1).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(lengths != shape[1])[:1]:
            got = "none" if lengths[row] < 0 else f"{lengths[row]} numbers"
            raise EncoderError(
                f"each row must have a vector of {shape[1]} numbers, as the first has, got {got} in"
                f" row {start + row}, counted from 0: {path}"
            )
        values = column.flatten().cast(pa.float32(), safe=False)
        vectors[start : start + len(column)] = values.to_numpy(zero_copy_only=False).reshape(
            len(column), shape[1]
        )
        start += len(column)
    return vectors


FORMATS: dict[str, Callable[[Path], AbstractContextManager[FeatureTable]]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".parquet": _parquet,
}


# --- the checks of a header -------------------------------------------------------------------


def _npy_header(file: IO[bytes], size: int, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and the type of an array whose file, or member of an archive, has `size` bytes."""
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"version {version} of NumPy's format")
    shape, _, kind = readers[version](file)
    held = file.tell() + math.prod(shape) * kind.itemsize
    if not kind.hasobject and held != size:  # an array of objects is refused by its type
        raise EncoderError(
            f"an array must be whole, got {size:,} of {held:,} bytes for the shape {shape}: {path}"
        )
    return shape, kind


def _require_vectors(names: list[str], wanted: str, what: str, path: Path) -> None:
    if names.count(wanted) != 1:
        got = ", ".join(map(repr, names[:5])) or "none"
        raise EncoderError(
            f"a {path.suffix} feature file must have one {what} {wanted!r}, got {got}: {path}"
        )


def _vectors_shape(
    shape: tuple[int, ...], kind: np.dtype[Any] | str, path: Path
) -> tuple[int, int]:
    if not isinstance(kind, np.dtype) or kind.kind not in "fiub":
        raise _wrong_vectors(f"the type {kind}", path)
    if len(shape) != 2:
        raise _wrong_vectors(f"the shape {shape}", path)
    rows, width = shape
    if not 1 <= rows <= MAX_ROWS or not 1 <= width <= MAX_VECTOR:
        raise _wrong_vectors(f"the shape {shape}", path)
    return rows, width


def _wrong_vectors(got: str, path: Path) -> EncoderError:
    return EncoderError(
        f"vectors must be (R, D) numbers ({_NUMBERS}) with at most {MAX_ROWS:,} rows of at most"
        f" {MAX_VECTOR:,} entries, got {got}: {path}"
    )


def _require_ids(
    shape: tuple[int, ...], kind: np.dtype[Any] | str, kinds: str, rows: int, path: Path
) -> None:
    is_known = isinstance(kind, np.dtype) and kind.kind in kinds
    if not is_known or shape != (rows,):
        what = "text or integers" if "U" in kinds else "integers (.npz and .parquet take text)"
        raise EncoderError(
            f"ids must be {what}, one for each of the {rows} vectors, got the type {kind} and the"
            f" shape {shape}; NumPy makes text of objects with ids.astype(str): {path}"
        )
    if isinstance(kind, np.dtype) and rows * kind.itemsize > MAX_TABLE_BYTES:
        raise EncoderError(f"ids must be short texts, got {rows} of the type {kind}: {path}")


def _texts(values: Iterable[object], path: Path) -> list[str]:
    ids = []
    for row, value in enumerate(values):
        text = text_of(value, "ids", f"row {row} of {path}")
        if not text:
            raise EncoderError(f"an id must not be empty, got none in row {row}: {path}")
        ids.append(text)
    return ids


def _float32(vectors: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # an infinity is refused with its row
        return np.ascontiguousarray(vectors, dtype=np.float32)
