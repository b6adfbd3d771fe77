"""Parts of one's own: one decorator for each kind of part, and the names that such a file needs.

A part is declared where it is defined, in a file for `--plugin` or in a module of an installed
package, whose entry point names it:

    from class_sweep import plugin

    @plugin.metric("hits@5", label="Hits@5", step=1.0)
    def hits_at_5(ranks):
        return (ranks <= 5).astype(float)

Its settings are a class `Settings` in the part, or another class that `settings` names: a subclass
of the kind's section, as for the parts of the package.
"""

from collections.abc import Callable
from importlib import import_module
from inspect import isfunction
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, dataclass_transform

from pydantic import Field

from class_sweep.config.components import (
    BACKBONES,
    DATA_SOURCES,
    DIFFICULTIES,
    INTENSITIES,
    METRICS,
    MOLECULE_ENCODERS,
    ORDERS,
    PACINGS,
    PRUNERS,
    SAMPLERS,
    TEXT_ENCODERS,
)
from class_sweep.config.declaration import as_class, as_dataclass, declare
from class_sweep.config.registry import Registry
from class_sweep.config.section import Fraction, Section, Seed, Share

if TYPE_CHECKING:
    pass

_MODULES = {
    "class_sweep.backbones.backbone": ("Backbone", "Encoded", "Needs"),
    "class_sweep.backbones.batch": ("InputSpec", "Molecules", "Texts"),
    "class_sweep.backbones.losses": ("contrast", "log_scale", "scaled"),
    "class_sweep.config.backbones": ("BackboneSettings",),
    "class_sweep.config.inputs": (
        "SPLITS", "DataSettings", "MoleculeEncoderSettings", "TextEncoderSettings",
    ),
    "class_sweep.config.pruning": ("PruningSettings",),
    "class_sweep.curriculum.intensity": ("Intensity",),
    "class_sweep.curriculum.order": ("Order", "PairStatistics"),
    "class_sweep.curriculum.pacing": ("Pacing",),
    "class_sweep.data.source": ("Row", "Source"),
    "class_sweep.difficulty.pair_difficulty": ("ComputedDifficulty", "TrainingPairs"),
    "class_sweep.encoders.encoder": ("MoleculeEncoder", "TextEncoder"),
    "class_sweep.tuning.pruners.pruner": ("Pruner", "PruningDecision"),
    "class_sweep.tuning.samplers.sampler": ("Sampler",),
}  # fmt: skip
_HOME = {name: module for module, names in _MODULES.items() for name in names}
"""The public names of other modules, imported at their first use: torch loads in seconds."""

__all__ = [  # noqa: PLE0604 - the decorators, then what parts are made of
    "backbone", "text_encoder", "molecule_encoder", "data_source", "difficulty", "order", "pacing",
    "intensity", "sampler", "pruner", "metric", "Annotated", "Field", "Fraction", "Section", "Seed",
    "Share", *_HOME,
]  # fmt: skip

Part = TypeVar("Part")
Settings = type[Section]


def __getattr__(name: str) -> Any:
    """A public name of another module, imported at its first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def backbone(name: str, *, settings: Settings | None = None) -> Callable[[Part], Part]:
    """Declare a subclass of `Backbone`; its settings are a subclass of `BackboneSettings`."""
    return _declaring(BACKBONES, name, settings)


def text_encoder(name: str, *, settings: Settings | None = None) -> Callable[[Part], Part]:
    """Declare a subclass of `TextEncoder`; its settings are a subclass of `TextEncoderSettings`."""
    return _declaring(TEXT_ENCODERS, name, settings)


def molecule_encoder(name: str, *, settings: Settings | None = None) -> Callable[[Part], Part]:
    """Declare a subclass of `MoleculeEncoder`, with settings of `MoleculeEncoderSettings`."""
    return _declaring(MOLECULE_ENCODERS, name, settings)


def data_source(name: str, *, settings: Settings | None = None) -> Callable[[Part], Part]:
    """Declare a function from its settings, a subclass of `DataSettings`, to a `Source`."""
    return _declaring(DATA_SOURCES, name, settings)


@dataclass_transform(frozen_default=True)
def difficulty(name: str, *, settings: Settings | None = None) -> Callable[[Any], Any]:
    """Declare a subclass of `ComputedDifficulty`, or a function of `TrainingPairs`.

    A class has its settings as `pacing` has. A function becomes a class.
    """
    return _declaring(
        DIFFICULTIES,
        name,
        settings,
        lambda part: as_dataclass(
            as_class(__getattr__("ComputedDifficulty"), "compute", part)
            if isfunction(part)
            else part
        ),
    )


def order(name: str) -> Callable[[Any], Any]:
    """Declare a subclass of `Order`, or a function of difficulty, statistics and seed.

    A function becomes a class.
    """
    return _declaring(
        ORDERS,
        name,
        None,
        lambda part: as_class(__getattr__("Order"), "__call__", part) if isfunction(part) else part,
    )


@dataclass_transform(frozen_default=True)
def pacing(name: str, *, settings: Settings | None = None) -> Callable[[Part], Part]:
    """Declare a subclass of `Pacing`. It becomes a frozen dataclass.

    Its fields are the settings of `curriculum` that it reads. A field that says its bounds,
    `delay: Annotated[int, Field(ge=1)] = 2`, is a new setting, of this part.
    """
    return _declaring(PACINGS, name, settings, as_dataclass)


@dataclass_transform(frozen_default=True)
def intensity(name: str, *, settings: Settings | None = None) -> Callable[[Part], Part]:
    """Declare a subclass of `Intensity`, with settings as a `pacing` has."""
    return _declaring(INTENSITIES, name, settings, as_dataclass)


def sampler(
    name: str, *, axes: Literal["any", "finite", "numeric"] = "any"
) -> Callable[[Part], Part]:
    """Declare a subclass of `Sampler`.

    Args:
        name: Its name in a space.
        axes: The axes that it accepts; see `SamplerComponent`.
    """
    return _declaring(SAMPLERS, name, axes=axes)


def pruner(name: str, *, settings: Settings | None = None) -> Callable[[Part], Part]:
    """Declare a subclass of `Pruner`; its settings are a subclass of `PruningSettings`."""
    return _declaring(PRUNERS, name, settings)


def metric(
    name: str,
    *,
    label: str | None = None,
    better: Literal["higher", "lower"] = "higher",
    unit: Literal["fraction", "rank", "log_rank"] = "fraction",
    step: float = 0.0,
) -> Callable[[Part], Part]:
    """Declare a function from the (Q,) ranks of queries to their (Q,) values.

    Args:
        name: Its name in a space.
        label: Its name in text; by default the same.
        better: Whether higher or lower values are better.
        unit: What the values are; see `Metric`.
        step: The values of single queries are multiples of it; 0 for a continuous metric.
    """
    return _declaring(METRICS, name, label=label or name, better=better, unit=unit, step=step)


def _declaring(
    registry: Registry[Any],
    name: str,
    settings: Settings | None = None,
    made: Callable[[Any], Any] = lambda part: part,
    **facts: Any,
) -> Callable[[Any], Any]:
    """A decorator that declares what `made` makes of its part, and returns it."""

    def decorate(part: Any) -> Any:
        part = made(part)
        declare(registry, name, part, settings, facts)
        return part

    return decorate
