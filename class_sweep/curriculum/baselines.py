"""The named schedules that others are held against."""

from collections.abc import Mapping
from typing import Any

from class_sweep.config.axes import Value
from class_sweep.config.document import SIGMA, SIGMA_QUANTILE, Space
from class_sweep.config.sigma import Quantile

REFERENCES: dict[str, dict[str, Value]] = {
    # CLASS, arXiv 2502.11633: its setting for ChEBI-20, percentages written as fractions.
    "paper": {
        "curriculum.order": "easy_first",
        "curriculum.pacing": "linear",
        "curriculum.alpha": 0.40,
        "curriculum.beta": 0.03,
        "curriculum.text_weight": 0.5,
        "curriculum.molecule_similarity": "cosine",
        "curriculum.sigma": 0.99,
        "curriculum.intensity": "inverse",
        "curriculum.intensity_target": "loss",
        "curriculum.batching": "random",
    },
    # No curriculum: every pair in every epoch, at full intensity, whatever the pacing; σ plays no
    # part. Random batches, since neighbourhood batches are no plain training.
    "full_data": {
        "curriculum.alpha": 1.0,
        "curriculum.beta": 0.0,
        "curriculum.intensity": "constant",
        "curriculum.batching": "random",
    },
}
"""Name to the settings it fixes (dotted path to value)."""


def reference_config(
    space: Space, name: str, others: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """A reference schedule in a space: its own values, and every other axis' from elsewhere.

    What the space holds fixed at the reference's own value is left out.

    Args:
        space: Whose settings it shares.
        name: One of `REFERENCES`.
        others: Values for the other axes, such as another trial's; their centres unless given.
    """
    fixed = space.settings.model_dump(mode="json")
    own = {
        path: value
        for path, value in REFERENCES[name].items()
        if path in space.axes or _at(fixed, path) != value
    }
    values = {**(space.centre() if others is None else others), **own}
    if SIGMA in own:  # it stands instead of a quantile
        values.pop(SIGMA_QUANTILE, None)
    return values


def _at(tree: dict[str, Any], path: str) -> Any:
    section, word = path.split(".")
    return tree[section][word]


def sigmas_needed(space: Space) -> list[float | Quantile]:
    """Every σ that a trial of the space or one of its references may have."""
    references = [REFERENCES[name].get(SIGMA) for name in space.settings.references]
    return [*space.sigmas(), *(float(sigma) for sigma in references if sigma is not None)]
