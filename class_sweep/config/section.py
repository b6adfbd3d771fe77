"""The base class of all settings, and the types that several of them share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

_PERCENTAGE = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*%\s*")


@dataclass(frozen=True)
class Idle:
    """Why a setting has no effect.

    Attributes:
        reason: The reason, for a message.
        depends_on: The dotted paths of all settings that decide it.
    """

    reason: str
    depends_on: tuple[str, ...]


class Section(BaseModel):
    """A strict, immutable group of settings: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def idle(self, settings: Any) -> Mapping[str, Idle]:  # noqa: ARG002
        """The settings that have no effect beside the others, by dotted path; none by default.

        Args:
            settings: The `Settings` of one trial, of which this is a section.
        """
        return {}


def fraction_text(value: float) -> str:
    """A fraction with two decimals or more: 0.40, 0.025."""
    return max(f"{value:.2f}", f"{value:g}", key=len)


def fraction_of(percentage: object) -> str | None:
    """The fraction of a percentage: 0.40 for `40%`; None for another value."""
    found = _PERCENTAGE.fullmatch(percentage) if isinstance(percentage, str) else None
    return fraction_text(float(found[1]) / 100) if found else None


def _percent_hint(value: float) -> str:
    """A hint for a percentage: write 0.40 for 40, and 0.025 for 2.5."""
    return f"; write {fraction_text(value / 100)}" if 1 < value <= 100 else ""


def _fraction(value: float) -> float:
    if 0 < value <= 1:
        return value
    raise PydanticCustomError("rule", "a fraction in (0, 1]{hint}", {"hint": _percent_hint(value)})


def _inner_fraction(value: float) -> float:
    if 0 < value < 1:
        return value
    raise PydanticCustomError("rule", "a fraction in (0, 1){hint}", {"hint": _percent_hint(value)})


def _share(value: float) -> float:
    if 0 <= value <= 1:
        return value
    raise PydanticCustomError("rule", "a fraction in [0, 1]{hint}", {"hint": _percent_hint(value)})


Fraction = Annotated[
    float,
    AfterValidator(_fraction),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]
InnerFraction = Annotated[
    float,
    AfterValidator(_inner_fraction),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
Share = Annotated[
    float, AfterValidator(_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
