"""A trial's identity: a hash of the settings that its result depends on, and of nothing else."""

import hashlib
import json
from typing import Any

from class_sweep.config.backbones import ContrastiveBackbone
from class_sweep.config.components import INTENSITIES, PACINGS
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.inputs import DEFAULT_MAX_TOKENS, DEFAULT_POOLING
from class_sweep.config.sections import Settings

_FULL, _CONSTANT = "full", "constant"  # a pacing and an intensity that do nothing
_DEPENDS_ON = ("data", "text_encoder", "molecule_encoder", "backbone", "optimizer", "budget")

_LATER = (
    "hard_negatives",
    "trim",
    "trim_by",
    "difficulty",
)  # than 0.2, whose trials have the defaults


def identity(settings: Settings) -> str:
    """12 hexadecimal digits, equal for trials that train the same model on the same batches.

    The settings of the search, the pruning and the resources are not part of it, nor are settings
    without an effect: on the full data neither the order nor σ matters.
    """
    tree = settings.model_dump(mode="json", include=set(_DEPENDS_ON))
    for side in ("text_encoder", "molecule_encoder"):
        tree[side].pop("batch_size", None)  # the features do not depend on it
    # Defaults as version 0.2 had them, so that its sweeps can be continued.
    for name, default in (("pooling", DEFAULT_POOLING), ("max_tokens", DEFAULT_MAX_TOKENS)):
        if tree["text_encoder"].get(name, default) is None:
            tree["text_encoder"][name] = default
    if tree["backbone"].get("learn_temperature"):
        del tree["backbone"]["learn_temperature"]  # in 0.2 it was always learned
    if isinstance(settings.backbone, ContrastiveBackbone) and settings.backbone.molecule != "gin":
        del tree["backbone"]["molecule"], tree["backbone"]["layers"]  # 0.2 had no graph network
    del tree["data"]["max_dropped"]  # it refuses data, and changes none
    if tree["data"].get("columns", {}).get("difficulty", "") is None:
        del tree["data"]["columns"]["difficulty"]
    if settings.optimizer.molecule_encoder_lr is None:
        del tree["optimizer"]["molecule_encoder_lr"]
    if settings.budget.samples is None:
        del tree["budget"]["samples"]
    tree |= {
        "curriculum": _effective(settings),
        "seed": settings.search.seed,
    }
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]


def _effective(settings: Settings) -> dict[str, Any]:
    """The settings of the curriculum that have an effect."""
    curriculum = settings.curriculum
    tree = curriculum.model_dump(mode="json")
    idle = {path.partition(".")[2] for path in curriculum.idle(settings)}
    defaults = {name: Curriculum.model_fields[name].default for name in _LATER}
    idle |= {name for name, default in defaults.items() if getattr(curriculum, name) == default}
    if "order" in idle:  # every pair in every epoch, under whatever pacing
        tree["pacing"] = _FULL
        idle |= {"pacing_start", *PACINGS.load(curriculum.pacing).parameters()}
        idle.discard("pacing")
    curves = curriculum.intensity
    if isinstance(curves, dict):
        acting = {p: name for p, name in curves.items() if not INTENSITIES.load(name).is_constant}
        tree["intensity"] = acting or _CONSTANT
    # Random batches, as version 0.2 had them, so that its sweeps can be continued.
    return {"batching": "random"} | {name: v for name, v in tree.items() if name not in idle}
