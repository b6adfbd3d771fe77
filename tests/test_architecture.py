"""Rules that `lint-imports` cannot check: sizes of modules, and the imports of a fresh process."""

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import class_sweep

ROOT = Path(class_sweep.__file__).parent
LENGTHS = {
    str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
    for path in sorted(ROOT.rglob("*.py"))
}


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages that a fresh process has loaded after it imported some modules."""
    script = f"import sys, {', '.join(modules)}; print(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_no_module_is_longer_than_400_lines():
    assert {name: lines for name, lines in LENGTHS.items() if lines > 400} == {}


def test_a_module_name_is_unique_in_a_package():
    modules = defaultdict(list)
    for name in LENGTHS:
        path = Path(name)
        if path.name != "__init__.py":
            modules[path.parts[0], path.name].append(name)
    assert {name: paths for name, paths in modules.items() if len(paths) > 1} == {}


def test_a_public_class_name_is_unique():
    modules = defaultdict(list)
    for name in LENGTHS:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].append(name)
    assert {name: paths for name, paths in modules.items() if len(paths) > 1} == {}


def test_every_folder_is_a_package_and_every_module_has_a_docstring():
    for path in ROOT.rglob("*.py"):
        assert (path.parent / "__init__.py").is_file(), path
        assert path.read_text(encoding="utf-8").startswith('"""'), path


@pytest.mark.parametrize(
    "module",
    [
        "class_sweep.config.document",
        "class_sweep.results.folder",
        "class_sweep.curriculum.schedule",
        "class_sweep.report.final_summary",
    ],
)
def test_the_light_layers_load_nothing_heavy(module):
    heavy = {"torch", "ray", "rdkit", "transformers", "gensim", "sklearn", "pandas", "optuna"}
    assert loaded_by(module) & heavy == set()


def test_a_trial_loads_torch_and_nothing_heavier():
    loaded = loaded_by("class_sweep.training.loop", "class_sweep.backbones.contrastive")
    assert "torch" in loaded
    heavier = {"transformers", "rdkit", "gensim", "mol2vec", "sklearn", "pandas", "ray", "optuna"}
    assert loaded & heavier == set()


def test_the_command_line_loads_nothing_heavy():
    loaded = loaded_by("class_sweep.cli.main")
    assert loaded & {"torch", "ray", "rdkit", "transformers", "gensim", "sklearn"} == set()
