"""The baselines: named schedules that every other schedule is compared with."""

from collections.abc import Mapping
from typing import Any

from class_sweep.config.axes import Value
from class_sweep.config.document import SIGMA, SIGMA_QUANTILE, Space
from class_sweep.config.sigma import Quantile

BASELINES: dict[str, dict[str, Value]] = {
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
        "curriculum.hard_negatives": 0.0,
    },
    # No curriculum: every pair in every epoch, at full intensity, in random batches,
    # with all negatives alike. With α = 1 the
    # pacing and σ have no effect.
    "full_data": {
        "curriculum.alpha": 1.0,
        "curriculum.beta": 0.0,
        "curriculum.intensity": "constant",
        "curriculum.batching": "random",
        "curriculum.hard_negatives": 0.0,
    },
}
"""The settings that each baseline fixes, as dotted path to value."""


def baseline_config(
    space: Space, name: str, others: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """The configuration of a baseline in a space: its own values, and values of the other axes.

    A setting that the space fixes at the baseline's value is left out.

    Args:
        space: The space.
        name: One of `BASELINES`.
        others: Values of the other axes, for example those of a trial; by default their centres.
    """
    fixed = space.settings.model_dump(mode="json")
    fixed_values = {
        path: value
        for path, value in BASELINES[name].items()
        if path in space.axes or _at(fixed, path) != value
    }
    values = {**(space.centre() if others is None else others), **fixed_values}
    if SIGMA in fixed_values:  # σ replaces a quantile
        values.pop(SIGMA_QUANTILE, None)
    return values


def _at(tree: dict[str, Any], path: str) -> Any:
    section, word = path.split(".")
    return tree[section][word]


def sigmas_needed(space: Space) -> list[float | Quantile]:
    """Every σ of a trial or of a baseline of the space."""
    fixed = [BASELINES[name].get(SIGMA) for name in space.settings.baselines]
    return [*space.sigmas(), *(float(sigma) for sigma in fixed if sigma is not None)]
