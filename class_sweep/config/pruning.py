"""The settings of pruning: each kind takes its own and no others."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from class_sweep.config.component_settings import ComponentSettings
from class_sweep.config.components import PRUNERS

PACING_END = "pacing_end"
AUTO = "auto"


def _grace(value: Any) -> Any:
    """A number above 0 or one of two words; checked here to be a single error."""
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
        " pacing_end: where every schedule shows all pairs"
    ),
]
Factor = Annotated[float, Field(ge=1.1, le=100, description="one in so many trials passes a rung")]


class PruningSettings(ComponentSettings):
    """The settings of a pruner."""

    registry = PRUNERS

    kind: str


class RungPruning(PruningSettings):
    """The settings of a pruner whose first rung is at `grace_epochs`."""

    grace_epochs: Grace


class HalvingPruning(RungPruning):
    """Successive halving: a rung at grace_epochs x reduction_factor^r epochs, the best continue."""

    kind: Literal["successive_halving"] = "successive_halving"
    grace_epochs: Grace = "auto"  # of the budget before a trial can be pruned
    reduction_factor: Factor = 4
    min_kept: Annotated[int, Field(ge=1, description="trials that finish at least")] = 3


class AshaPruning(RungPruning):
    """Asynchronous successive halving: no trial waits for others."""

    kind: Literal["asha"]
    grace_epochs: Grace = 1.0
    reduction_factor: Factor = 2


class HyperbandPruning(RungPruning):
    """Halvings side by side, each of which begins one rung later than the one before."""

    kind: Literal["hyperband"]
    grace_epochs: Grace = 1.0
    reduction_factor: Factor = 3


class MedianPruning(RungPruning):
    """The median stopping rule: a rung every grace_epochs."""

    kind: Literal["median"]
    grace_epochs: Grace = 1.0


class OneRungPruning(RungPruning):
    """All trials to one rung at grace_epochs, the best of them to their end."""

    kind: Literal["one_rung"]
    grace_epochs: Grace = 2.0
    min_kept: Annotated[int, Field(ge=1, description="trials that finish")] = 4


class NoPruning(PruningSettings):
    """Every trial to its end."""

    kind: Literal["none"]
