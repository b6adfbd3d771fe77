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
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Protocol,
    TypeVar,
    cast,
    dataclass_transform,
    overload,
)

import numpy as np
from numpy.typing import NDArray
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

if TYPE_CHECKING:  # the names of `_MODULES`, for the type checker
    from class_sweep.backbones.backbone import Backbone, Encoded, Needs
    from class_sweep.backbones.batch import InputSpec, Molecules, Texts
    from class_sweep.backbones.losses import contrast, log_scale, scaled
    from class_sweep.config.backbones import BackboneSettings
    from class_sweep.config.inputs import (
        SPLITS,
        DataSettings,
        MoleculeEncoderSettings,
        TextEncoderSettings,
    )
    from class_sweep.config.pruning import PruningSettings
    from class_sweep.curriculum.intensity import Intensity
    from class_sweep.curriculum.order import Order, PairStatistics
    from class_sweep.curriculum.pacing import Pacing
    from class_sweep.data.source import Row, Source
    from class_sweep.difficulty.pair_difficulty import ComputedDifficulty, TrainingPairs
    from class_sweep.encoders.encoder import MoleculeEncoder, TextEncoder
    from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision
    from class_sweep.tuning.samplers.sampler import Sampler

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

__all__ = [
    "SPLITS", "Annotated", "Backbone", "BackboneSettings", "ComputedDifficulty", "DataSettings",
    "Encoded", "Field", "Fraction", "InputSpec", "Intensity", "MoleculeEncoder",
    "MoleculeEncoderSettings", "Molecules", "Needs", "Order", "Pacing", "PairStatistics",
    "Pruner", "PruningDecision", "PruningSettings", "Row", "Sampler", "Section", "Seed",
    "Share", "Source", "TextEncoder", "TextEncoderSettings", "Texts", "TrainingPairs",
    "backbone", "contrast", "data_source", "difficulty", "intensity", "log_scale", "metric",
    "molecule_encoder", "order", "pacing", "pruner", "sampler", "scaled", "text_encoder",
]  # fmt: skip

AnyBackbone = TypeVar("AnyBackbone", bound="Backbone")
AnyTextEncoder = TypeVar("AnyTextEncoder", bound="TextEncoder[Any]")
AnyMoleculeEncoder = TypeVar("AnyMoleculeEncoder", bound="MoleculeEncoder[Any]")
AnyDifficulty = TypeVar("AnyDifficulty", bound="ComputedDifficulty")
AnyOrder = TypeVar("AnyOrder", bound="Order")
AnyPacing = TypeVar("AnyPacing", bound="Pacing")
AnyIntensity = TypeVar("AnyIntensity", bound="Intensity")
AnySampler = TypeVar("AnySampler", bound="Sampler")
AnyPruner = TypeVar("AnyPruner", bound="Pruner")
SourceSettings = TypeVar("SourceSettings", bound="DataSettings")

Numbers = NDArray[np.floating[Any] | np.integer[Any]]
DifficultyFunction = Callable[["TrainingPairs"], Numbers]
OrderFunction = Callable[[NDArray[Any], "PairStatistics", int], NDArray[np.integer[Any]]]
MetricFunction = Callable[[NDArray[Any]], Numbers]
AnyMetric = TypeVar("AnyMetric", bound=MetricFunction)


class DifficultyDecorator(Protocol):
    """Takes a class, or a function of `TrainingPairs` that becomes one."""

    @overload
    def __call__(self, part: type[AnyDifficulty]) -> type[AnyDifficulty]: ...

    @overload
    def __call__(self, part: DifficultyFunction) -> "type[ComputedDifficulty]": ...


class OrderDecorator(Protocol):
    """Takes a class, or a function of difficulty, statistics and seed that becomes one."""

    @overload
    def __call__(self, part: type[AnyOrder]) -> type[AnyOrder]: ...

    @overload
    def __call__(self, part: OrderFunction) -> "type[Order]": ...


def __getattr__(name: str) -> Any:
    """A public name of another module, imported at its first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def backbone(
    name: str, *, settings: "type[BackboneSettings] | None" = None
) -> Callable[[type[AnyBackbone]], type[AnyBackbone]]:
    """Declare a subclass of `Backbone`; its settings are a subclass of `BackboneSettings`."""
    return _declaring(BACKBONES, name, settings)


def text_encoder(
    name: str, *, settings: "type[TextEncoderSettings] | None" = None
) -> Callable[[type[AnyTextEncoder]], type[AnyTextEncoder]]:
    """Declare a subclass of `TextEncoder`; its settings are a subclass of `TextEncoderSettings`."""
    return _declaring(TEXT_ENCODERS, name, settings)


def molecule_encoder(
    name: str, *, settings: "type[MoleculeEncoderSettings] | None" = None
) -> Callable[[type[AnyMoleculeEncoder]], type[AnyMoleculeEncoder]]:
    """Declare a subclass of `MoleculeEncoder`, with settings of `MoleculeEncoderSettings`."""
    return _declaring(MOLECULE_ENCODERS, name, settings)


@overload
def data_source(
    name: str, *, settings: type[SourceSettings]
) -> Callable[[Callable[[SourceSettings], "Source"]], Callable[[SourceSettings], "Source"]]: ...


@overload
def data_source(
    name: str, *, settings: None = None
) -> Callable[[Callable[[Any], "Source"]], Callable[[Any], "Source"]]: ...


def data_source(name: str, *, settings: type[Section] | None = None) -> Callable[[Any], Any]:
    """Declare a function from its settings, a subclass of `DataSettings`, to a `Source`."""
    return _declaring(DATA_SOURCES, name, settings)


@dataclass_transform(frozen_default=True)
def difficulty(name: str, *, settings: type[Section] | None = None) -> DifficultyDecorator:
    """Declare a subclass of `ComputedDifficulty`, or a function of `TrainingPairs`.

    A class has its settings as `pacing` has. A function becomes a class.
    """
    decorator = _declaring(
        DIFFICULTIES,
        name,
        settings,
        lambda part: as_dataclass(
            as_class(__getattr__("ComputedDifficulty"), "compute", part)
            if isfunction(part)
            else part
        ),
    )
    return cast("DifficultyDecorator", decorator)


def order(name: str) -> OrderDecorator:
    """Declare a subclass of `Order`, or a function of difficulty, statistics and seed.

    A function becomes a class.
    """
    decorator = _declaring(
        ORDERS,
        name,
        None,
        lambda part: as_class(__getattr__("Order"), "__call__", part) if isfunction(part) else part,
    )
    return cast("OrderDecorator", decorator)


@dataclass_transform(frozen_default=True)
def pacing(
    name: str, *, settings: type[Section] | None = None
) -> Callable[[type[AnyPacing]], type[AnyPacing]]:
    """Declare a subclass of `Pacing`. It becomes a frozen dataclass.

    Its fields are the settings of `curriculum` that it reads. A field that says its bounds,
    `delay: Annotated[int, Field(ge=1)] = 2`, is a new setting, of this part.
    """
    return _declaring(PACINGS, name, settings, as_dataclass)


@dataclass_transform(frozen_default=True)
def intensity(
    name: str, *, settings: type[Section] | None = None
) -> Callable[[type[AnyIntensity]], type[AnyIntensity]]:
    """Declare a subclass of `Intensity`, with settings as a `pacing` has."""
    return _declaring(INTENSITIES, name, settings, as_dataclass)


def sampler(
    name: str, *, axes: Literal["any", "finite", "numeric"] = "any"
) -> Callable[[type[AnySampler]], type[AnySampler]]:
    """Declare a subclass of `Sampler`.

    Args:
        name: Its name in a space.
        axes: The axes that it accepts; see `SamplerComponent`.
    """
    return _declaring(SAMPLERS, name, axes=axes)


def pruner(
    name: str, *, settings: "type[PruningSettings] | None" = None
) -> Callable[[type[AnyPruner]], type[AnyPruner]]:
    """Declare a subclass of `Pruner`; its settings are a subclass of `PruningSettings`."""
    return _declaring(PRUNERS, name, settings)


def metric(
    name: str,
    *,
    label: str | None = None,
    better: Literal["higher", "lower"] = "higher",
    unit: Literal["fraction", "rank", "log_rank"] = "fraction",
    step: float = 0.0,
) -> Callable[[AnyMetric], AnyMetric]:
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
    settings: type[Section] | None = None,
    made: Callable[[Any], Any] = lambda part: part,
    **facts: Any,
) -> Callable[[Any], Any]:
    """A decorator that declares what `made` makes of its part, and returns it."""

    def decorate(part: Any) -> Any:
        part = made(part)
        declare(registry, name, part, settings, facts)
        return part

    return decorate
