"""The names that `class_sweep` itself offers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import class_sweep


def loaded_after(program: str) -> set[str]:
    heavy = "{'torch', 'ray', 'rdkit', 'optuna'}"
    check = f"{program}; import sys; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_after("import class_sweep; dir(class_sweep)") == set()
    assert loaded_after("from class_sweep import CurriculumRun") == set()


def test_every_public_name_is_that_of_its_package():
    from class_sweep.curriculum import CurriculumRun
    from class_sweep.models import Model

    assert class_sweep.Model is Model
    assert class_sweep.CurriculumRun is CurriculumRun
    for name in class_sweep.__all__:
        assert getattr(class_sweep, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'class_sweep' has no attribute 'Modell'"):
        class_sweep.Modell  # noqa: B018


def test_the_names_are_listed_once_and_for_the_type_checker():
    source = Path(class_sweep.__file__).read_text(encoding="utf-8")
    [typed] = [n for n in ast.parse(source).body if isinstance(n, ast.If)]
    names = {alias.asname or alias.name for node in typed.body for alias in node.names}
    assert sorted(class_sweep.__all__) == sorted({*names, "__version__"})
    assert dir(class_sweep) == sorted(class_sweep.__all__)
