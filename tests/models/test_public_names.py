"""The names that `class_sweep` itself offers."""

import subprocess
import sys

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
    from class_sweep.models import Model, train

    assert class_sweep.Model is Model
    assert class_sweep.train is train
    assert class_sweep.CurriculumRun is CurriculumRun
    for name in class_sweep.__all__:
        assert getattr(class_sweep, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'class_sweep' has no attribute 'Modell'"):
        class_sweep.Modell  # noqa: B018
