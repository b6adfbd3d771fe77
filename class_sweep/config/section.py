"""The base class of all settings, and the types that several of them share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A strict, immutable group of settings: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _percent_hint(value: float) -> str:
    """A hint for a percentage: write 0.40 for 40, and 0.025 for 2.5."""
    meant = value / 100
    return f"; write {max(f'{meant:.2f}', f'{meant:g}', key=len)}" if 1 < value <= 100 else ""


def _fraction(value: float) -> float:
    if 0 < value <= 1:
        return value
    raise PydanticCustomError("rule", "a fraction in (0, 1]{hint}", {"hint": _percent_hint(value)})


def _share(value: float) -> float:
    if 0 <= value <= 1:
        return value
    raise PydanticCustomError("rule", "a fraction in [0, 1]{hint}", {"hint": _percent_hint(value)})


Fraction = Annotated[
    float,
    AfterValidator(_fraction),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]
Share = Annotated[
    float, AfterValidator(_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
