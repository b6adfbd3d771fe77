"""The settings of the confirmation that follows a sweep."""

from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from class_sweep.config.section import Section

Control = Literal[
    "full_data",
    "full_data_equal_samples",
    "random_order",
    "reversed_order",
    "no_intensity",
    "paper",
]
Look = Literal[3, 5, 10, 20, 40]
LOOKS: tuple[int, ...] = get_args(Look)
"""Seeds of each arm at which the confirmation is looked at; the same for every sweep, so that going
on to a later look is no new test."""


def _default_controls() -> list[Control]:
    return ["full_data", "full_data_equal_samples", "random_order"]


class Confirm(Section):
    """Finalists and controls, trained again under seeds that the sweep did not use."""

    finalists: Annotated[int, Field(ge=0, le=100, description="best schedules; 0: none")] = 3
    seeds: Look = 5  # of each finalist and control, but of pairs decided before
    # Of a pair that those leave open and these may settle.
    max_seeds: Annotated[Look, Field(validate_default=True)] = 10
    # The difference to the first of them is the sweep's claim.
    controls: list[Control] = Field(min_length=1, default_factory=_default_controls)

    @field_validator("max_seeds")
    @classmethod
    def _no_fewer(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("seeds", value):
            raise PydanticCustomError(
                "rule", "at least confirm.seeds ({seeds})", {"seeds": info.data["seeds"]}
            )
        return value

    @field_validator("controls")
    @classmethod
    def _each_once(cls, value: list[Control]) -> list[Control]:
        if len(set(value)) < len(value):
            raise PydanticCustomError("rule", "a list that names each control once")
        return value
