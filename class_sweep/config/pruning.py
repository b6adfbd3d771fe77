"""The settings of the pruners. Each pruner accepts its own settings and no others."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from class_sweep.config.component_settings import ComponentSettings
from class_sweep.config.components import PRUNERS

PACING_END = "pacing_end"
AUTO = "auto"


def _grace(value: Any) -> Any:
    """Check a grace period here, where a union of types would give an error for each type."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value in (PACING_END, AUTO) or (number and 0 < value < float("inf")):
        return value
    raise PydanticCustomError("rule", "a number of epochs above 0, auto, or pacing_end")


Grace = Annotated[
    Annotated[float, WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
    | Literal["pacing_end", "auto"],
    BeforeValidator(_grace),
    Field(
        description="epochs of full data before the first rung; auto: a ninth of the budget;"
        " pacing_end: the epoch from which every schedule uses all pairs"
    ),
]
Factor = Annotated[float, Field(ge=1.1, le=100, description="about one in this many trials passes")]


class PruningSettings(ComponentSettings):
    """The settings of a pruner."""

    registry = PRUNERS

    kind: str


class RungPruning(PruningSettings):
    """The settings of a pruner whose first rung is at `grace_epochs`."""

    grace_epochs: Grace
    rungs: Annotated[
        Literal["samples", "own_schedule"],
        Field(
            description="rungs at equal samples, or at equal fractions of each trial's own"
            " schedule; samples where grace_epochs is pacing_end"
        ),
    ] = "own_schedule"

    @property
    def follow_the_schedule(self) -> bool:
        """Whether the rungs are at fractions of each trial's own schedule."""
        return self.rungs == "own_schedule"

    @model_validator(mode="before")
    @classmethod
    def _samples_at_the_pacing_end(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("grace_epochs") == PACING_END:
            return {"rungs": "samples"} | values
        return values

    @field_validator("rungs")
    @classmethod
    def _no_fraction_at_the_pacing_end(cls, value: str, info: ValidationInfo) -> str:
        if value == "own_schedule" and info.data.get("grace_epochs") == PACING_END:
            raise PydanticCustomError("rule", "samples where grace_epochs is pacing_end")
        return value


class HalvingPruning(RungPruning):
    """Successive halving: the best trials at each rung are promoted.

    The rungs are at grace_epochs x reduction_factor^r epochs.
    """

    kind: Literal["successive_halving"] = "successive_halving"
    grace_epochs: Grace = "auto"
    reduction_factor: Factor = 4
    min_kept: Annotated[int, Field(ge=1, description="least number of trials that finish")] = 3


class AshaPruning(RungPruning):
    """Asynchronous successive halving, which pauses no trial."""

    kind: Literal["asha"]
    grace_epochs: Grace = 1.0
    reduction_factor: Factor = 2


class HyperbandPruning(RungPruning):
    """Brackets of asynchronous halving; each bracket begins one rung later than the last."""

    kind: Literal["hyperband"]
    grace_epochs: Grace = 1.0
    reduction_factor: Factor = 3


class MedianPruning(RungPruning):
    """The median stopping rule, with a rung after every `grace_epochs` epochs."""

    kind: Literal["median"]
    grace_epochs: Grace = 1.0


class OneRungPruning(RungPruning):
    """One rung at `grace_epochs`; the best `min_kept` trials run to their end."""

    kind: Literal["one_rung"]
    grace_epochs: Grace = 2.0
    min_kept: Annotated[int, Field(ge=1, description="number of trials that finish")] = 4


class NoPruning(PruningSettings):
    """Every trial runs to its end."""

    kind: Literal["none"]
