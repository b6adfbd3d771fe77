"""Commands that train nothing: help, version, check and data."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from class_sweep import __version__
from class_sweep.cli.main import app

ROOT = Path(__file__).parents[2]


def every_command():
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        for below, inner in getattr(command, "commands", {}).items():
            yield f"{name} {below}", inner
        if not hasattr(command, "commands"):
            yield name, command


@pytest.mark.parametrize(("name", "inner"), list(every_command()))
def test_every_command_has_help_with_an_example(command, name, inner):
    assert "Example: `class-sweep " in inner.help
    code, out, _ = command(*name.split(), "--help")
    assert code == 0
    assert "Example: class-sweep" in out


def test_the_version_is_printed(command):
    assert command("--version")[:2] == (0, f"class-sweep {__version__}\n")


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['class-sweep', '--help']\n"
        "from class_sweep.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([m for m in ('torch', 'ray', 'rdkit', 'pandas', 'optuna') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_check_prints_the_resolved_plan_and_trains_nothing(command, space_file, tmp_path):
    code, out, err = command("check", space_file)
    assert code == 0, err
    flat = re.sub(r"\s+", " ", out)
    for words in (
        "curriculum.alpha 0.3 … 0.9",
        "curriculum.sigma 0.4 … 0.8 in steps of 0.05",
        "curriculum.order easy_first, hard_first, random",
        "560 train, 70 validation, 70 test",
        "samples of one trial 3,264 over the full data",
        "full budget 26,112 samples",
        "rungs at 16.7 %, 33.3 %, 66.7 % of each trial's own schedule",
        "one trial uses 1 of",
        "parallel trials 1",
        "optimizer lr 0.003, batch_size 32",
        "Ties at each σ",
    ):
        assert words in flat
    assert sorted(tmp_path.iterdir()) == [space_file]


@pytest.mark.parametrize("path", sorted((ROOT / "search_spaces").glob("*.yaml")), ids=str)
def test_every_shipped_space_loads(path):
    from class_sweep.config.document import load_space

    assert load_space(path).axes


def test_data_describe_prints_the_statistics_and_the_checksum(command, space_file):
    code, out, _ = command("data", "describe", space_file, "--json")
    assert code == 0
    tree = json.loads(out)
    assert tree["splits"]["train"]["pairs"] == 560
    code, out, _ = command("data", "describe", space_file)
    assert code == 0
    assert tree["checksum"] in out
