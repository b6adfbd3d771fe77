from collections.abc import Callable
from pathlib import Path

import pytest

from class_sweep.config.inputs import TableData

HEADER = "CID\tSMILES\tdescription\n"


@pytest.fixture
def chebi20(tmp_path) -> Callable[..., Path]:
    """Writes a folder in MolT5's layout; the lines of a split can be replaced or removed (None)."""

    def write(**lines: list[str] | None) -> Path:
        content = {
            "train": ["1\tCCO\tethanol", "2\tCCN\tethylamine"],
            "validation": ["3\tc1ccccc1\tbenzene"],
            "test": ["4\tCC(=O)O\tacetic acid"],
        }
        for split, rows in (content | lines).items():
            if rows is not None:
                text = HEADER + "".join(f"{row}\n" for row in rows)
                (tmp_path / f"{split}.txt").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def table() -> Callable[..., TableData]:
    """Validated settings of a table."""

    def settings(path: Path, **sections: dict) -> TableData:
        return TableData.model_validate({"source": "table", "path": path, **sections})

    return settings
