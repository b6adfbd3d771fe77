from collections.abc import Iterator
from typing import Any, get_args

import pytest
import torch
from pydantic import BaseModel

from class_sweep.backbones.backbone import Batch
from class_sweep.config.sections import Backbone as BackboneSettings


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections(inner)


@pytest.fixture(scope="session")
def sections() -> dict[str, type[BaseModel]]:
    """Every backbone's settings by the name in a space file."""
    return {
        name: section
        for section in _sections(BackboneSettings)
        for name in get_args(section.model_fields["name"].annotation)
    }


@pytest.fixture(scope="session")
def settings(sections):
    """A backbone's settings, small where they have a size."""

    def build(name: str, **changes: object) -> BaseModel:
        small = {"hidden": 16, "dimension": 8}
        known = sections[name].model_fields
        return sections[name](
            name=name, **{key: value for key, value in small.items() if key in known} | changes
        )

    return build


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(7)
    return Batch(
        torch.randn(6, 12, generator=generator), torch.randn(6, 10, generator=generator) * 30
    )
