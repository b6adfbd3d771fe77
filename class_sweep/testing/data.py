"""The contract of a data source."""

from typing import Any

from class_sweep.config.components import DATA_SOURCES
from class_sweep.config.inputs import SPLITS
from class_sweep.data.corpus import load_pairs
from class_sweep.data.source import Row, Source
from class_sweep.testing.contract import require, settings_of


def check_data_source(name: str, **settings: Any) -> None:
    """Check a registered data source: rows of text, the same each time, with their splits.

    Args:
        name: Its name.
        settings: Other values than the defaults of its settings.

    Raises:
        ContractError: If it breaks a rule.
        DataError: If its rows make no data set.
    """
    section = settings_of(DATA_SOURCES, name, settings)
    read = DATA_SOURCES.load(name)
    source, what = read(section), f"data source {name} must"
    require(isinstance(source, Source), f"{what} give a Source, got {type(source).__name__}")
    rows = list(source.rows)
    require(rows, f"{what} give rows, got none")
    alien = next((row for row in rows if not isinstance(row, Row)), None)
    require(alien is None, f"{what} give rows of the type Row, got {alien!r:.80}")
    for row in rows:
        text = all(isinstance(value, str) for value in (row.id, row.smiles, row.text, row.place))
        require(text, f"{what} give rows of text, got {row!r:.120}")
        known = row.split is None or row.split in range(len(SPLITS))
        require(known, f"{what} give splits of 0 … {len(SPLITS) - 1}, got {row.split!r}")
    split = all(row.split is not None for row in rows)
    require(split or source.rule is not None, f"{what} give each row a split, or a rule for all")
    require(list(read(section).rows) == rows, f"{what} give the same rows each time")
    load_pairs(section)
