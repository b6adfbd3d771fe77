"""A trial's identity: a hash of the settings that its result depends on, and of nothing else."""

import hashlib
import json
from typing import Any

from class_sweep.config.sections import Curriculum, Settings

_DEPENDS_ON = ("data", "text_encoder", "molecule_encoder", "backbone", "optimizer", "budget")

PACING_SETTINGS: dict[str, frozenset[str]] = {
    "linear": frozenset({"beta"}),
    "root": frozenset({"full_data_after", "pacing_power"}),
    "step": frozenset({"full_data_after"}),
    "exponential": frozenset({"full_data_after"}),
    "full": frozenset(),
}
"""What each pacing takes beside α and the k that it starts at."""


def identity(settings: Settings) -> str:
    """12 hexadecimal digits, equal for trials that train the same model on the same batches.

    How trials are searched, pruned and placed is not in it, nor is what a value switches off:
    over the full data neither the order nor σ plays a part.
    """
    tree = settings.model_dump(mode="json", include=set(_DEPENDS_ON))
    tree["text_encoder"].pop("batch_size", None)  # how many texts at a time changes no feature
    if settings.budget.samples is None:
        del tree["budget"]["samples"]
    tree |= {"curriculum": _effective(settings.curriculum), "seed": settings.search.seed}
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]


def _effective(curriculum: Curriculum) -> dict[str, Any]:
    """The curriculum's settings without those that its other settings leave idle."""
    tree = curriculum.model_dump(mode="json")
    idle: set[str] = set()
    of_order = {"tie_break", "sigma", "sigma_quantile"}
    if curriculum.batching == "random":  # else the neighbours are those of the similarity
        of_order |= {"text_weight", "molecule_similarity"}
    if curriculum.text_weight == 1:
        idle.add("molecule_similarity")
    idle.add("sigma" if curriculum.sigma_quantile is not None else "sigma_quantile")
    if curriculum.pacing == "full" or curriculum.alpha >= 1:
        tree["pacing"] = "full"
        idle |= {"order", "alpha", "pacing_start"} | of_order
    idle |= frozenset().union(*PACING_SETTINGS.values()) - PACING_SETTINGS[tree["pacing"]]
    if curriculum.order == "random":
        idle |= of_order
    curves = curriculum.intensity
    if isinstance(curves, dict):
        curves = {part: curve for part, curve in curves.items() if curve != "constant"}
        tree["intensity"] = curves or "constant"
    names = curves.values() if isinstance(curves, dict) else [curves]
    if set(names) <= {"constant"}:
        idle |= {"intensity_target", "intensity_start"}
    if "power" not in names:
        idle.add("intensity_power")
    if curriculum.batching == "random":
        idle.add("group_size")
    return {name: value for name, value in tree.items() if name not in idle}
