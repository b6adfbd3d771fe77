"""The parts of the page on one's own parts are loaded from files, and a space takes them."""

import pytest
from documents import ROOT, blocks

from class_sweep.config.document import parse_space
from class_sweep.config.plugin_files import load_plugins, unload_plugins

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {pacing: late, delay: {int: [1, 3]}, alpha: 0.5}
budget: {epochs: 4}
search: {trials: 2}
objective: validation/hits@5
"""


@pytest.fixture
def parts(tmp_path):
    try:
        for number, code in enumerate(blocks(ROOT / "docs" / "how-to" / "own-parts.md", "python")):
            file = tmp_path / f"part_{number}.py"
            file.write_text(code, encoding="utf-8")
            load_plugins([file])
        yield
    finally:
        unload_plugins()


def test_a_space_takes_the_parts_of_the_page(parts):
    space = parse_space(SPACE)
    assert list(space.axes) == ["curriculum.delay"]
    assert space.objective.metric.endswith("hits@5")
