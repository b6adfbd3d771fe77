"""Find the best CLASS curriculum schedule for a text-molecule retrieval model.

`__all__` is the public interface. Every name in it is imported at its first use, because torch and
Ray load in seconds. All other names are private and may change in any version.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from class_sweep import backbones, data, errors, plugin
    from class_sweep.api.best_configuration import BestConfiguration
    from class_sweep.api.results import Results, open, run
    from class_sweep.api.training import train
    from class_sweep.api.tuner import AskedTrial, Tuner
    from class_sweep.config.code import molecule_encoders, pruners, text_encoders
    from class_sweep.config.code_axes import choice, int, loguniform, uniform
    from class_sweep.config.confirm import Confirm
    from class_sweep.config.curriculum import Curriculum
    from class_sweep.config.document import Space, load_space
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.config.sections import Budget, Optimizer, Resources, Search, Tracking
    from class_sweep.curriculum import CurriculumRun
    from class_sweep.models import Evaluation, Hit, Model
    from class_sweep.results.summary import SweepSummary
    from class_sweep.results.verdict import Verdict
    from class_sweep.tuning.milestones import Milestone

__version__ = "0.2.0"
__all__ = [
    "AskedTrial", "BestConfiguration", "Budget", "Confirm", "Curriculum", "CurriculumRun",
    "Evaluation", "Hit", "Milestone", "Model", "Optimizer", "Resources", "Results", "Search",
    "Space", "SweepSummary", "Tracking", "Tuner", "Verdict", "__version__", "backbones", "choice",
    "data", "errors", "int", "load_plugins", "load_space", "loguniform", "molecule_encoders",
    "open", "plugin", "pruners", "run", "text_encoders", "train", "uniform",
]  # fmt: skip

try:
    Path.home()
except RuntimeError:  # a container whose user has no entry and no HOME; Ray's import needs one
    os.environ["HOME"] = "/"

_MODULES = {
    "class_sweep.api.best_configuration": ("BestConfiguration",),
    "class_sweep.api.results": ("Results", "open", "run"),
    "class_sweep.api.training": ("train",),
    "class_sweep.api.tuner": ("AskedTrial", "Tuner"),
    "class_sweep.config.code": ("molecule_encoders", "pruners", "text_encoders"),
    "class_sweep.config.code_axes": ("choice", "int", "loguniform", "uniform"),
    "class_sweep.config.plugin_files": ("load_plugins",),
    "class_sweep.config.document": ("Space", "load_space"),
    "class_sweep.curriculum": ("CurriculumRun",),
    "class_sweep.models": ("Evaluation", "Hit", "Model"),
    "class_sweep.results.summary": ("SweepSummary",),
    "class_sweep.results.verdict": ("Verdict",),
    "class_sweep.tuning.milestones": ("Milestone",),
}
_SECTIONS = ("Budget", "Confirm", "Curriculum", "Optimizer", "Resources", "Search", "Tracking")
_PACKAGES = ("backbones", "data", "errors", "plugin")


def __getattr__(name: str) -> Any:
    """A public name, imported at its first use."""
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name in _SECTIONS:
        return import_module(f"{__name__}.config.code").SECTIONS[name]
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
