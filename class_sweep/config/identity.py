"""A trial's identity: a hash of the settings that its result depends on, and of nothing else."""

import hashlib
import json
from typing import Any

from class_sweep.config.components import INTENSITIES, ORDERS, PACINGS, Component, Registry
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import Settings

_FULL, _CONSTANT = "full", "constant"  # a pacing and an intensity that do nothing
_DEPENDS_ON = ("data", "text_encoder", "molecule_encoder", "backbone", "optimizer", "budget")


def identity(settings: Settings) -> str:
    """12 hexadecimal digits, equal for trials that train the same model on the same batches.

    The settings of the search, the pruning and the resources are not part of it, nor are settings
    without an effect: on the full data neither the order nor σ matters.
    """
    tree = settings.model_dump(mode="json", include=set(_DEPENDS_ON))
    tree["text_encoder"].pop("batch_size", None)  # the features do not depend on it
    if settings.budget.samples is None:
        del tree["budget"]["samples"]
    tree |= {
        "curriculum": _effective(settings.curriculum, settings.budget.epochs),
        "seed": settings.search.seed,
    }
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]


def _effective(curriculum: Curriculum, epochs: int) -> dict[str, Any]:
    """The settings of the curriculum that have an effect."""
    tree = curriculum.model_dump(mode="json")
    idle: set[str] = set()
    order_settings = {"tie_break", "sigma"}
    if curriculum.batching == "random":  # other batches depend on the similarity
        order_settings |= {"text_weight", "molecule_similarity"}
    if curriculum.text_weight == 1:
        idle.add("molecule_similarity")
    pacing = PACINGS.load(curriculum.pacing)
    used = pacing.parameters()
    if pacing.of(curriculum, epochs).starts_full:
        tree["pacing"], used = _FULL, frozenset()
        idle |= {"order", "pacing_start"} | order_settings
    if not ORDERS.load(curriculum.order).uses_difficulty:
        idle |= order_settings
    curves = curriculum.intensity
    by_part = curves if isinstance(curves, dict) else {"loss": curves}
    acting = {
        part: INTENSITIES.load(name)
        for part, name in by_part.items()
        if not INTENSITIES.load(name).is_constant
    }
    if isinstance(curves, dict):
        tree["intensity"] = {part: curves[part] for part in acting} or _CONSTANT
    if not acting:
        idle |= {"intensity_target", "intensity_start"}
    used = used.union(*(intensity.parameters() for intensity in acting.values()))
    idle |= (_parameters(PACINGS) | _parameters(INTENSITIES)) - used
    if curriculum.batching == "random":
        idle.add("group_size")
    return {name: value for name, value in tree.items() if name not in idle}


def _parameters(registry: Registry[Component]) -> frozenset[str]:
    """The settings that any component of a kind reads."""
    return frozenset().union(*(registry.load(name).parameters() for name in registry))
