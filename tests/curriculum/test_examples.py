"""The examples in the docstrings give the printed results."""

import doctest
from importlib import import_module

import pytest

MODULES = ("intensity", "order", "pacing", "schedule", "standalone")


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_run(module):
    tested = doctest.testmod(import_module(f"class_sweep.curriculum.{module}"))
    assert tested.attempted > 0
    assert tested.failed == 0
