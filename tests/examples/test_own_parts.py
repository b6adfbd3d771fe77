"""The parts in `examples/own_parts` keep their contracts, and the space there takes them."""

from pathlib import Path

import pytest

from class_sweep.config.document import load_space
from class_sweep.config.plugin_files import load_plugins, unload_plugins
from class_sweep.testing import (
    check_backbone,
    check_difficulty,
    check_metric,
    check_order,
    check_text_encoder,
)

FOLDER = Path(__file__).parents[2] / "examples" / "own_parts"


@pytest.fixture(autouse=True)
def parts():
    try:
        load_plugins(sorted(FOLDER.glob("*.py")))
        yield
    finally:
        unload_plugins()


def test_the_parts_keep_their_contracts():
    check_backbone("gin", hidden=16, layers=2)
    check_metric("hits@5")
    check_text_encoder("letters")
    check_difficulty("text_length")
    check_order("middle_first")


def test_the_space_takes_them():
    space = load_space(FOLDER / "space.yaml")
    assert list(space.axes) == ["backbone.margin", "curriculum.order", "curriculum.alpha"]
