"""A trial's identity: a hash of the settings that its result depends on, and of nothing else."""

import hashlib
import json

from class_sweep.config.sections import Settings

_DEPENDS_ON = ("data", "text_encoder", "molecule_encoder", "backbone", "optimizer", "budget")


def identity(settings: Settings) -> str:
    """12 hexadecimal digits, equal for trials that train the same model on the same batches.

    How trials are searched, pruned and placed is not in it, nor is what a value switches off:
    over the full data neither the order nor σ plays a part.
    """
    tree = settings.model_dump(mode="json", include=set(_DEPENDS_ON))
    curriculum = settings.curriculum.model_dump(mode="json")
    if curriculum["alpha"] >= 1:
        for idle in ("order", "ties", "sigma", "beta", "pacing_start"):
            del curriculum[idle]
    if curriculum["intensity"] == "constant":
        del curriculum["intensity_acts_on"], curriculum["intensity_start"]
    tree |= {"curriculum": curriculum, "seed": settings.search.seed}
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]
