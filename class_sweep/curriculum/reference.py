"""The named schedules that others are held against."""

from class_sweep.config.axes import Value
from class_sweep.config.document import SIGMA, Space

REFERENCES: dict[str, dict[str, Value]] = {
    # CLASS, arXiv 2502.11633: its setting for ChEBI-20, percentages written as fractions.
    "paper": {
        "curriculum.order": "easy_first",
        "curriculum.alpha": 0.40,
        "curriculum.beta": 0.03,
        "curriculum.sigma": 0.99,
        "curriculum.intensity": "inverse",
    },
    # No curriculum: every pair in every epoch, at full intensity. σ plays no part.
    "full_data": {
        "curriculum.alpha": 1.0,
        "curriculum.beta": 0.0,
        "curriculum.intensity": "constant",
    },
}
"""Name to the settings it fixes (dotted path to value)."""


def reference_config(space: Space, name: str) -> dict[str, Value]:
    """A reference schedule in a space: its own values, and the centre of every other axis."""
    return space.centre() | REFERENCES[name]


def sigmas_needed(space: Space) -> list[float]:
    """Every σ that a trial of the space may ask the index for, ascending."""
    of_references = [REFERENCES[name].get(SIGMA) for name in space.settings.search.first]
    return sorted({*space.sigmas(), *(float(s) for s in of_references if s is not None)})
