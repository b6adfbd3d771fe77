"""Every benchmark's `--quick` runs and writes its figures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import patience

FOLDER = Path(__file__).parents[2] / "benchmarks"
SECONDS = {"false_positives"}  # the others take up to a minute, and run with the long tests
QUICK = sorted(path.stem for path in FOLDER.glob("*.py") if '"--quick"' in path.read_text())


def benchmark(name: str):
    return name if name in SECONDS else pytest.param(name, marks=pytest.mark.long)


def test_every_benchmark_has_the_option_quick():
    programs = {path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text()}
    assert programs == set(QUICK)


@pytest.mark.ray  # some start Ray, and all need free cores
@pytest.mark.parametrize("name", [benchmark(name) for name in QUICK])
def test_a_quick_run_writes_its_figures(name, tmp_path):
    if name == "gpu":
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a GPU")
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", "--quick", "--json", figures], cwd=tmp_path,
        timeout=patience(60), check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert json.loads(figures.read_text())
