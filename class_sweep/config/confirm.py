"""The settings of the confirmation that follows a sweep."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from class_sweep.config.controls import DEFAULT_CONTROLS
from class_sweep.config.section import Idle, InnerFraction, Section

Preference = Literal["quality", "cheapest_within_margin"]
"""Which finalist wins: the best of those that are better than the first control, or the one of the
fewest samples among those that are not worse by more than the margin."""
Look = Literal[3, 5, 7, 10, 20, 40]
LOOKS: tuple[int, ...] = get_args(Look)
"""Seeds of each arm at the interim looks. They are fixed, so that a later look of the same
comparison is not a new test."""


class Confirm(Section):
    """Finalists and controls, trained again under seeds that the sweep did not use."""

    finalists: Annotated[
        int, Field(ge=0, le=100, description="number of best schedules; 0: no confirmation")
    ] = 3
    seeds: Annotated[
        Look, Field(description="seeds of each finalist and control; fewer if decided earlier")
    ] = 5
    max_seeds: Annotated[
        Look,
        Field(
            validate_default=True,
            description="largest number of seeds, for a comparison that `seeds` leave open",
        ),
    ] = 10
    controls: list[str] = Field(
        min_length=1,
        default=list(DEFAULT_CONTROLS),
        json_schema_extra={"uniqueItems": True},
        description="the schedules to compare with, named schedules of `search.baselines`"
        " included; the sweep's claim is against the first",
    )
    margin: Annotated[
        Annotated[float, Field(gt=0)] | None,
        Field(
            description="loss within which a finalist counts as not worse than the first control:"
            " points for MRR and Hits@k, places for a mean rank, a ratio above 1 for a mean log"
            " rank; no such claim unless given",
        ),
    ] = None
    full_data_frontier: list[InnerFraction] = Field(
        default=[],
        json_schema_extra={"uniqueItems": True},
        description="shares of full data's samples at which it is also ended and annealed, to show"
        " what stopping earlier gives",
    )
    prefer: Annotated[
        Preference,
        Field(description="the winner: the best finalist, or the cheapest within the margin"),
    ] = "quality"

    def idle(self, settings: Any) -> dict[str, Idle]:
        """Everything else where nothing is confirmed."""
        names = [name for name in type(self).model_fields if name != "finalists"]
        if settings.search.record:
            names.append("finalists")
            reason = Idle("no confirmation follows a recording", ("search.record",))
        elif self.finalists == 0:
            reason = Idle("finalists is 0", ("confirm.finalists",))
        else:
            return {}
        return {f"confirm.{name}": reason for name in names}

    @field_validator("max_seeds")
    @classmethod
    def _at_least_seeds(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("seeds", value):
            raise PydanticCustomError(
                "rule", "at least confirm.seeds ({seeds})", {"seeds": info.data["seeds"]}
            )
        return value

    @field_validator("prefer")
    @classmethod
    def _with_a_margin(cls, value: Preference, info: ValidationInfo) -> Preference:
        if value != "quality" and info.data.get("margin", 0.0) is None:
            raise PydanticCustomError("rule", "quality unless confirm.margin is given")
        return value

    @field_validator("full_data_frontier")
    @classmethod
    def _of_a_control(cls, value: list[float], info: ValidationInfo) -> list[float]:
        if len(set(value)) < len(value):
            raise PydanticCustomError("rule", "a list that names each share once")
        if value and "full_data" not in info.data.get("controls", ["full_data"]):
            raise PydanticCustomError("rule", "empty unless confirm.controls has full_data")
        return value

    @field_validator("controls")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise PydanticCustomError("rule", "a list that names each control once")
        return value
