"""The data source `table`: a user's own CSV, TSV, JSON Lines or Parquet file."""

from contextlib import closing

from class_sweep.config.inputs import SPLITS, TableData
from class_sweep.data.source import Row, Source
from class_sweep.data.table_formats import DELIMITERS, SourceTable, read_records
from class_sweep.data.values import number_of, text_of
from class_sweep.errors import DataError

_NUMBER = "difficulty"
_KEYS = ("smiles", "text", "id", "split", _NUMBER)
SPLIT_NAMES = {"train": 0, "validation": 1, "valid": 1, "val": 1, "dev": 1, "test": 2}


def read_table(settings: TableData) -> Source:
    """Read a table by its suffix: .csv, .tsv, .jsonl (each also compressed) or .parquet.

    Args:
        settings: The file, its columns and, without a split column, the rule of the splits.

    Returns:
        The rows. No test split is needed if the split column never has the value `test`.

    Raises:
        DataError: If the file, a column or a value does not match the settings.
    """
    columns = settings.columns
    wanted = {key: getattr(columns, key) for key in _KEYS}
    given = {key: name for key, name in wanted.items() if name is not None}
    labels = [(key, f"column {name!r}") for key, name in given.items()]
    delimiter = DELIMITERS[settings.delimiter] if settings.delimiter else None
    table = SourceTable(
        settings.path, tuple(given.values()), smiles=columns.smiles, delimiter=delimiter
    )
    rows = []
    with closing(read_records(table)) as records:
        for count, (place, values) in enumerate(records, start=1):
            cells = [(*pair, value) for pair, value in zip(labels, values, strict=True)]
            texts = {k: text_of(v, label, place) for k, label, v in cells if k != _NUMBER}
            numbers = {k: number_of(v, label, place) for k, label, v in cells if k == _NUMBER}
            code = _split_code(texts["split"], place) if "split" in texts else None
            identifier = texts.get("id") or str(count)
            number = numbers.get(_NUMBER)
            rows.append(Row(identifier, texts["smiles"], texts["text"], place, code, number))
    if columns.split is None:
        needed = SPLITS if settings.split.test > 0 else SPLITS[:2]
        return Source(rows, needed, settings.split)
    has_test = any(row.split == SPLITS.index("test") for row in rows)
    return Source(rows, SPLITS if has_test else SPLITS[:2])


def _split_code(value: str, place: str) -> int:
    code = SPLIT_NAMES.get(value.lower())
    if code is None:
        names = ", ".join(SPLIT_NAMES)
        raise DataError(f"a split must be one of {names}, got {value!r} at {place}")
    return code
