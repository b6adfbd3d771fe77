from collections.abc import Callable

import pytest

from class_sweep.config.document import Space, parse_space

_SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum: {{{curriculum}}}
optimizer: {{{optimizer}}}
budget: {{epochs: {epochs}}}
search: {{trials: 4}}
"""


@pytest.fixture
def make_space() -> Callable[..., Space]:
    """A space with the given `curriculum` and `optimizer` sections, as YAML flow mappings."""

    def make(
        curriculum: str = "alpha: {uniform: [0.1, 1.0]}",
        optimizer: str = "batch_size: 10",
        epochs: int = 10,
    ) -> Space:
        if "[" not in curriculum + optimizer:  # a space of several trials needs an axis
            optimizer += ", lr: {loguniform: [1e-4, 1e-3]}"
        return parse_space(_SPACE.format(curriculum=curriculum, optimizer=optimizer, epochs=epochs))

    return make
