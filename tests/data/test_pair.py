import subprocess
import sys

import numpy as np
import pytest

from class_sweep.data.pair import PairSet


def pairs(**changes) -> PairSet:
    columns = {
        "ids": ("1", "2", "3"),
        "smiles": ("OCC", "C", "N"),
        "texts": ("ethanol", "methane", "ammonia"),
        "split": np.array([0, 0, 2], dtype=np.int8),
        "molecules": ("CCO", "C", "N"),
    }
    return PairSet(**(columns | changes))


def test_each_split_has_its_rows():
    assert len(pairs()) == 3
    assert pairs().rows("train").tolist() == [0, 1]
    assert pairs().rows("validation").tolist() == []
    assert pairs().rows("test").tolist() == [2]
    with pytest.raises(ValueError, match=r"tuple\.index"):
        pairs().rows("valid")


def test_the_split_column_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        pairs().split[0] = 1


def test_columns_must_be_equally_long_and_ordered_by_split():
    with pytest.raises(ValueError, match=r"equally long, got \[2, 3, 3, 3, 3\]"):
        pairs(ids=("1", "2"))
    with pytest.raises(ValueError, match="ordered train, validation, test"):
        pairs(split=np.array([0, 2, 0], dtype=np.int8))


def test_the_checksum_depends_on_every_column_and_every_boundary():
    changed = [
        pairs(),
        pairs(ids=("1", "2", "4")),
        pairs(smiles=("OCC", "C", "P")),
        pairs(texts=("ethanol", "methane", "azane")),
        pairs(texts=("ethanolm", "ethane", "ammonia")),
        pairs(split=np.array([0, 1, 2], dtype=np.int8)),
    ]
    assert len({p.checksum() for p in changed}) == len(changed)
    assert pairs().checksum() == pairs().checksum()


def test_the_module_loads_no_chemistry():
    code = (
        "import sys, class_sweep.data.pair;"
        "print([m for m in ('rdkit', 'pandas', 'httpx', 'torch') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_checksum_is_the_same_in_every_release():
    assert pairs().checksum().startswith("2829dc4a99474a7f")
