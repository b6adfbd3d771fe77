"""Settings and values of earlier versions: what to write instead, and how to read old results."""

from collections.abc import Mapping
from typing import Any

RENAMED_SETTINGS = {
    "curriculum.full_at": "full_data_after",
    "curriculum.intensity_acts_on": "intensity_target",
    "curriculum.sigma_quantile": "sigma: {quantile: …}",
    "curriculum.ties": "tie_break",
    "confirm.most_seeds": "max_seeds",
    "data.more_molecules": "extra_molecules",
    "pruning.keep": "min_kept",
    "search.first": "baselines",
}
"""Dotted path of a setting's old name to its new name in the same section."""

RENAMED_VALUES = {("pruning.grace_epochs", "a_ninth"): "auto"}
"""Dotted path of a setting and an old value to the new value."""

COMMAND_LINE_SETTINGS = {"molecule_encoder.allow_pickle": "--allow-pickle"}
"""Dotted path of a setting that a file cannot give any more, to the option of the command line."""

_BATCHES = "batches of similar pairs gained nothing (docs/results/tried-and-lost.md)"
REMOVED_SETTINGS = {"curriculum.batching": _BATCHES, "curriculum.group_size": _BATCHES}
"""Dotted path of a setting that exists no more, to the reason."""

_WITHOUT_EFFECT = {"curriculum.batching": "random"}


def removed_with_effect(values: Mapping[str, Any]) -> dict[str, Any]:
    """The removed settings, of dotted paths and values, with which this version cannot train."""
    return {
        path: values[path]
        for path, neutral in _WITHOUT_EFFECT.items()
        if values.get(path, neutral) != neutral
    }
