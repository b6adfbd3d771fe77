"""The wheel alone: built, installed into an empty environment, and run on the embedded data."""

import json
import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from waiting import patience

import class_sweep

pytestmark = [pytest.mark.long, pytest.mark.ray]

CHECKOUT = Path(__file__).parents[2]


def run(*command: object, cwd: Path, usual: float = 10) -> str:
    """A command that must succeed, without this checkout on its path; what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, timeout=patience(usual), check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=CHECKOUT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel; the installed dependencies are on its path, and no more."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder, cwd=folder, usual=20)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    packages = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join([*packages, ""]))
    run(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=folder, usual=20)
    return folder


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        fields = Parser().parsestr(archive.read(metadata).decode())
    assert fields["Version"] == class_sweep.__version__
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"class_sweep"}
    assert "class_sweep/py.typed" in names
    assert not [name for name in names if name.endswith((".pyc", ".ipynb"))]


def test_a_sweep_runs_and_is_reported_from_the_wheel_alone(environment, small_space_text, tmp_path):
    program = environment / "bin" / "class-sweep"
    where = "import class_sweep; print(class_sweep.__file__)"
    imported = run(environment / "bin" / "python", "-c", where, cwd=tmp_path)
    assert Path(imported.strip()).is_relative_to(environment)
    (tmp_path / "tiny.yaml").write_text(small_space_text.replace("trials: 8", "trials: 2"))
    run(program, "run", "tiny.yaml", "--out", "tiny", cwd=tmp_path, usual=40)
    summary = json.loads((tmp_path / "tiny" / "summary.json").read_text())
    assert summary["state"] == "finished"
    assert (tmp_path / "tiny" / "best.yaml").is_file()
    run(program, "report", "tiny", cwd=tmp_path)
    assert (tmp_path / "tiny" / "report.html").is_file()
