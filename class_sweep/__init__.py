"""Find the best CLASS curriculum schedule for a text-molecule retrieval model."""

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from class_sweep.curriculum import CurriculumRun
    from class_sweep.models import Model, train

__version__ = "0.2.0"
__all__ = ["CurriculumRun", "Model", "__version__", "train"]

try:
    Path.home()
except RuntimeError:  # a container whose user has no entry and no HOME; Ray's import needs one
    os.environ["HOME"] = "/"

_MODULES = {
    "CurriculumRun": "class_sweep.curriculum",
    "Model": "class_sweep.models",
    "train": "class_sweep.models",
}


def __getattr__(name: str) -> Any:
    """A public name, imported at its first use: torch loads in seconds."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
