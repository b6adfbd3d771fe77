"""The type checker of a plug-in's author finds a part of a wrong kind or with a wrong signature."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from class_sweep import plugin

ROOT = Path(plugin.__file__).parents[1]
RIGHT = """\
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep import plugin


@plugin.metric("hits@5", label="Hits@5", step=1.0)
def hits_at_5(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    return (ranks <= 5).astype(np.float64)


@plugin.difficulty("length")
def length(pairs: plugin.TrainingPairs) -> NDArray[np.int64]:
    return np.array([len(text) for text in pairs.texts])


@plugin.difficulty("power")
class Power(plugin.ComputedDifficulty):
    power: plugin.Annotated[float, plugin.Field(gt=0, description="of the length")] = 1.0

    def compute(self, pairs: plugin.TrainingPairs) -> NDArray[np.float64]:
        return np.array([float(len(text)) ** self.power for text in pairs.texts])


@plugin.order("as_given")
def as_given(
    difficulty: NDArray[Any], statistics: plugin.PairStatistics, seed: int
) -> NDArray[np.int64]:
    return np.arange(len(difficulty))


@plugin.pacing("late")
class Late(plugin.Pacing):
    alpha: float

    def __call__(self, k: int) -> float:
        return self.alpha if k < 2 else 1.0

    @property
    def end(self) -> float:
        return 2.0


class Pairs(plugin.DataSettings):
    rows: plugin.Annotated[int, plugin.Field(ge=1, description="rows")] = 9


@plugin.data_source("made", settings=Pairs)
def made(settings: Pairs) -> plugin.Source:
    row = plugin.Row("1", "CCO", "ethanol", "made:1")
    return plugin.Source([row] * settings.rows, splits=plugin.SPLITS)


class Sizes(plugin.BackboneSettings):
    dimension: plugin.Annotated[int, plugin.Field(ge=1, description="units")] = 8


@plugin.backbone("bare", settings=Sizes)
class Bare(plugin.Backbone):
    parts = ("retrieval",)

    def project_texts(self, texts: plugin.Texts) -> plugin.Encoded:
        return {"embedding": texts.sentence}

    def project_molecules(self, molecules: plugin.Molecules) -> plugin.Encoded:
        return {"embedding": molecules.vectors}

    def loss_parts(
        self, texts: plugin.Encoded, molecules: plugin.Encoded
    ) -> dict[str, torch.Tensor]:
        return {"retrieval": plugin.contrast(self.logits(texts, molecules))}


print(Power(power=2.0).power + Late(alpha=0.5)(0), hits_at_5(np.ones(3)))
"""
WRONG = """\
from typing import Any

import numpy as np
from numpy.typing import NDArray

from class_sweep import plugin


@plugin.metric("hits@5")  # wrong
def hits_at_5(ranks: NDArray[Any], k: int) -> NDArray[Any]:
    return (ranks <= k).astype(float)


@plugin.metric("worst", better="less")  # wrong
def worst(ranks: NDArray[Any]) -> NDArray[Any]:
    return ranks


@plugin.difficulty("length")  # wrong
def length(pairs: list[str]) -> NDArray[np.int64]:
    return np.array([len(text) for text in pairs])


@plugin.order("as_given")  # wrong
def as_given(difficulty: NDArray[Any], seed: int) -> NDArray[np.int64]:
    return np.arange(len(difficulty))


@plugin.pacing("late")
class Late(plugin.Intensity):  # wrong
    pass


@plugin.order("reverse")
class Reverse(plugin.Order):
    def __call__(  # wrong
        self, difficulty: NDArray[Any], statistics: plugin.PairStatistics
    ) -> NDArray[np.int64]:
        return np.argsort(difficulty)[::-1]


class Pairs(plugin.DataSettings):
    pass


@plugin.data_source("made", settings=Pairs)  # wrong
def made(settings: Pairs) -> list[plugin.Row]:
    return []


@plugin.sampler("none", axes="all")  # wrong
class Mine(plugin.Sampler):
    pass
"""


def test_the_names_are_listed_once_and_for_the_type_checker():
    tree = ast.parse(Path(plugin.__file__).read_text(encoding="utf-8"))
    [typed] = [node for node in tree.body if isinstance(node, ast.If)]
    modules = {node.module: {alias.name for alias in node.names} for node in typed.body}
    assert modules == {module: set(names) for module, names in plugin._MODULES.items()}
    assert {name for names in modules.values() for name in names} < set(plugin.__all__)
    for name in plugin.__all__:
        assert getattr(plugin, name) is not None


@pytest.mark.long
def test_the_type_checker_finds_the_wrong_parts_and_no_others(tmp_path):
    for name, text in {"right": RIGHT, "wrong": WRONG}.items():
        (tmp_path / f"{name}.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml"]
    files = [tmp_path / "right.py", tmp_path / "wrong.py"]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    found = re.findall(r"(\w+)\.py:(\d+): error", done.stdout)
    wrong = [n for n, line in enumerate(WRONG.splitlines(), start=1) if "# wrong" in line]
    assert {(file, int(line)) for file, line in found} == {("wrong", n) for n in wrong}, done.stdout
