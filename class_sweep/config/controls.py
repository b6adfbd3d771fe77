"""The controls of a confirmation: the name, the words and the configuration of each.

A control is a *reference*, which has a schedule of its own whatever its finalist is, or it is its
finalist without one part, which shows what that part contributes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from class_sweep.config.axes import Value
from class_sweep.config.components import ORDERS
from class_sweep.config.curriculum import Curriculum

Changes = Mapping[str, Value]
"""Dotted path to value."""


@dataclass(frozen=True)
class Control:
    """A kind of control.

    Attributes:
        words: What it is, in the claims of a verdict.
        baseline: The baseline whose schedule a reference has; None for all others.
        equal_samples: Whether it ends, annealed, after as many samples as its finalist.
        changes: For a finalist's curriculum: the settings in which the control differs; None if
            the finalist has no such control.
        part: The part that its finalist has and it lacks, as a noun; None for all others.
    """

    words: str
    baseline: str | None = None
    equal_samples: bool = False
    changes: Callable[[Curriculum], Changes | None] = lambda _: {}
    part: str | None = None

    @property
    def is_reference(self) -> bool:
        """Whether its schedule is the same for all finalists."""
        return self.baseline is not None and not self.equal_samples


def _without(part: str, words: str, path: str, value: Value) -> Control:
    """Its finalist with the value of one setting that leaves a part out."""
    return Control(words, changes=lambda _: {path: value}, part=part)


def _reversed(curriculum: Curriculum) -> Changes | None:
    reverse = ORDERS.load(curriculum.order).reverse
    return None if reverse is None else {"curriculum.order": reverse}


CONTROLS: dict[str, Control] = {
    "full_data": Control("full data", baseline="full_data"),
    "full_data_equal_samples": Control(
        "full data at equal samples", baseline="full_data", equal_samples=True
    ),
    "random_order": _without(
        "the order", "its pools in random order", "curriculum.order", "random"
    ),
    "reversed_order": Control("its order reversed", changes=_reversed),
    "no_intensity": _without(
        "the intensity", "itself without intensity", "curriculum.intensity", "constant"
    ),
    "no_hard_negatives": _without(
        "the hard negatives", "itself without hard negatives", "curriculum.hard_negatives", 0.0
    ),
    "no_trim": _without("trim", "itself without trim", "curriculum.trim", 0.0),
    "paper": Control("the paper's schedule", baseline="paper"),
}
"""Name to control; a named schedule of `search.baselines` is a control as well."""

DEFAULT_CONTROLS = (
    "full_data", "full_data_equal_samples", "random_order", "no_hard_negatives", "no_trim",
)  # fmt: skip
"""Where a finalist has no hard negatives or no trim, those controls are itself and cost no run."""


def control_of(name: str) -> Control:
    """The control of a name: one of `CONTROLS`, or a reference with a named schedule."""
    return CONTROLS.get(name) or Control(f"the schedule {name}", baseline=name)
