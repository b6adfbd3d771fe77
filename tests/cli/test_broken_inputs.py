"""A thousand broken spaces and tables: `check` accepts each or ends with one error.

The base is valid to its end, so an input that is still valid runs through all of `check`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.mark.long
def test_check_bears_broken_spaces_and_tables():
    inputs, seed = 1_000, 20_261_130
    script = SUPPORT / "broken_inputs.py"
    command = [sys.executable, str(script), str(inputs), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["faults"] == []
    assert result["inputs"] == inputs
    assert result["codes"]["0"] >= 0.1 * inputs
