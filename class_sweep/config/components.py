"""The components that a space file can name: one registry for each extension point.

A component is an implementation and, where it has settings, the section that validates them. Both
are import strings, so that reading a space file imports no implementation. To add a component,
write its module and register it: a built-in component here, any other from its own module:

    BACKBONES.register("toy", Component("my_module:Toy", settings="my_module:ToySettings"))

The workers of a sweep import the module too: install it, or put its folder on PYTHONPATH. No other
module of the package lists names.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Generic, Literal, TypeVar

from class_sweep.errors import ConfigError


@dataclass(frozen=True)
class Component:
    """The import strings of one component.

    Attributes:
        implementation: Import string, `module:attribute`, of a class or function.
        settings: Import string of the component's settings, a subclass of the kind's section; None
            if it has no settings.
    """

    implementation: str
    settings: str | None = None


@dataclass(frozen=True)
class Metric(Component):
    """A retrieval metric: the mean of the (Q,) values that its implementation gives (Q,) ranks.

    Attributes:
        label: The metric's name in text.
        better: Whether higher or lower values are better.
        unit: `fraction` for values in [0, 1], shown in points of 100; `rank` for ranks from 1;
            `log_rank` for natural logarithms of ranks, shown as geometric means of ranks.
        step: The values of single queries are multiples of it; 0 for a continuous metric.
    """

    label: str = ""
    better: Literal["higher", "lower"] = "higher"
    unit: Literal["fraction", "rank", "log_rank"] = "fraction"
    step: float = 0.0

    @property
    def sign(self) -> float:
        """+1 where higher is better, else −1: sign · value is always better when higher."""
        return 1.0 if self.better == "higher" else -1.0

    def shown(self, value: float) -> float:
        """A value as it is shown: a fraction in per cent, a mean log rank as a geometric mean."""
        if self.unit == "log_rank":
            return math.exp(value)
        return 100 * value if self.unit == "fraction" else value

    def shown_difference(self, value: float) -> float:
        """A difference of two values as it is shown; see `difference_unit`.

        The difference of two mean log ranks is shown as the ratio of two geometric mean ranks.
        """
        return self.shown(value)

    @property
    def no_difference(self) -> float:
        """What `shown_difference` gives for equal values."""
        return self.shown_difference(0.0)

    @property
    def difference_unit(self) -> str:
        """The unit of a difference as it is shown: `points`, `ranks` or `ratio`."""
        return {"fraction": "points", "rank": "ranks", "log_rank": "ratio"}[self.unit]


@dataclass(frozen=True)
class SamplerComponent(Component):
    """A sampler of configurations.

    Attributes:
        axes: The axes that it accepts: `any`; `finite`: choices and ranges with a step; `numeric`:
            any axes, at least two of them of numbers.
    """

    axes: Literal["any", "finite", "numeric"] = "any"


AnyComponent = TypeVar("AnyComponent", bound=Component)


class Registry(Mapping[str, AnyComponent], Generic[AnyComponent]):
    """The components of one kind by their names in a space file.

    Args:
        kind: The kind's name in messages.
        components: The built-in components.
        key: The setting that names the component in its section.
        default: The component of a section without that setting; None where it is required.
        implied: Other settings whose presence names the component.
    """

    def __init__(
        self,
        kind: str,
        components: Mapping[str, AnyComponent],
        *,
        key: str = "kind",
        default: str | None = None,
        implied: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.key = key
        self.default = default
        self.implied = dict(implied or {})
        self._components = dict(components)
        self._built_in = frozenset(components)

    def __getitem__(self, name: str) -> AnyComponent:
        """The component of a name.

        Raises:
            KeyError: If the name is unknown; `require` raises an error for users.
        """
        return self._components[name]

    def __iter__(self) -> Iterator[str]:
        """The names, built-in ones first."""
        return iter(self._components)

    def __len__(self) -> int:
        """The number of components."""
        return len(self._components)

    def register(self, name: str, component: AnyComponent) -> None:
        """Add a component.

        Raises:
            ConfigError: If another component has the name, or the component is not of the
                registry's type. An equal component is accepted again, because a module may register
                its component each time it is imported.
        """
        expected = type(next(iter(self._components.values())))
        if not isinstance(component, expected):
            raise ConfigError(
                f"a {self.kind} must be registered as a {expected.__name__},"
                f" got {type(component).__name__}"
            )
        if self._components.get(name, component) != component:
            raise ConfigError(
                f"the name of a {self.kind} must be new, got {name!r}, which is taken"
            )
        self._components[name] = component

    def require(self, name: str) -> AnyComponent:
        """The component of a name.

        Raises:
            ConfigError: If the name is unknown; the message lists the known names.
        """
        if name in self._components:
            return self._components[name]
        raise ConfigError(f"{self.kind} {self.unknown(name)}")

    def unknown(self, name: object) -> str:
        """The message about an unknown name: the known names, and the closest of them."""
        close = get_close_matches(str(name), self._components, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"must be {one_of(list(self))}, got {name!r}{hint}"

    def load(self, name: str) -> Any:
        """The implementation of a component, imported at the first use.

        Raises:
            ConfigError: If the name is unknown or its import string cannot be imported.
        """
        return self._import(name, self.require(name).implementation)

    def settings_class(self, name: str) -> type[Any] | None:
        """The section of a component's settings; None if it has no settings.

        Raises:
            ConfigError: If the name is unknown or its import string cannot be imported.
        """
        settings = self.require(name).settings
        return None if settings is None else self._import(name, settings)

    def name_in(self, section: Mapping[str, Any]) -> str | None:
        """The component that a section of a space file names; None if the name is missing."""
        implied = [name for setting, name in self.implied.items() if setting in section]
        name = section.get(self.key, next(iter(implied), self.default))
        return None if name is None else str(name)

    def added(self) -> dict[str, AnyComponent]:
        """The registered components that are not built in."""
        return {name: c for name, c in self._components.items() if name not in self._built_in}

    def _import(self, name: str, target: str) -> Any:
        module, _, attribute = target.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                f"{self.kind} {name} must be importable from {target!r}, got {error}"
            ) from error


def one_of(names: list[str]) -> str:
    """`a` for one name, `one of a, b` for several."""
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


_BACKBONES = "class_sweep.config.backbones"
_INPUTS = "class_sweep.config.inputs"
_PRUNING = "class_sweep.config.pruning"
_PRUNER = "class_sweep.tuning.pruners"
_METRICS = "class_sweep.statistics.rank_metrics"
_SAMPLER = "class_sweep.tuning.samplers"

BACKBONES = Registry(
    "backbone",
    {
        "contrastive": Component(
            "class_sweep.backbones.contrastive:Contrastive", f"{_BACKBONES}:ContrastiveBackbone"
        ),
        "text2mol": Component(
            "class_sweep.backbones.text2mol:Text2Mol", f"{_BACKBONES}:Text2MolBackbone"
        ),
        "aman": Component("class_sweep.backbones.aman:Aman", f"{_BACKBONES}:AmanBackbone"),
        "orma": Component("class_sweep.backbones.orma:Orma", f"{_BACKBONES}:OrmaBackbone"),
    },
    key="name",
)

TEXT_ENCODERS = Registry(
    "text encoder",
    {
        "lsa": Component("class_sweep.encoders.lsa:LsaTextEncoder", f"{_INPUTS}:LsaEncoder"),
        "huggingface": Component(
            "class_sweep.encoders.huggingface:HuggingFaceTextEncoder",
            f"{_INPUTS}:HuggingFaceEncoder",
        ),
    },
    default="lsa",
    implied={"model": "huggingface"},
)

MOLECULE_ENCODERS = Registry(
    "molecule encoder",
    {
        "mol2vec": Component(
            "class_sweep.encoders.mol2vec:Mol2vecMoleculeEncoder", f"{_INPUTS}:Mol2vecEncoder"
        ),
        "morgan": Component(
            "class_sweep.encoders.morgan:MorganMoleculeEncoder", f"{_INPUTS}:MorganEncoder"
        ),
    },
)

DATA_SOURCES = Registry(
    "data source",
    {
        "chebi20": Component("class_sweep.data.chebi20:read_chebi20", f"{_INPUTS}:Chebi20Data"),
        "table": Component("class_sweep.data.table:read_table", f"{_INPUTS}:TableData"),
        "names": Component("class_sweep.data.names:read_names", f"{_INPUTS}:NamesData"),
    },
    key="source",
)

ORDERS = Registry(
    "order",
    {
        "easy_first": Component("class_sweep.curriculum.order:EasyFirst"),
        "hard_first": Component("class_sweep.curriculum.order:HardFirst"),
        "random": Component("class_sweep.curriculum.order:Random"),
    },
)

DIFFICULTIES = Registry(
    "difficulty",
    {
        "look_alikes": Component("class_sweep.difficulty.look_alikes:LookAlikes"),
        "margin": Component("class_sweep.difficulty.margin:Margin"),
        "ridge": Component("class_sweep.difficulty.ridge_rank:RidgeRank"),
        "column": Component("class_sweep.difficulty.column:Column"),
    },
)

PACINGS = Registry(
    "pacing",
    {
        "linear": Component("class_sweep.curriculum.pacing:Linear"),
        "root": Component("class_sweep.curriculum.pacing:Root"),
        "step": Component("class_sweep.curriculum.pacing:Step"),
        "exponential": Component("class_sweep.curriculum.pacing:Exponential"),
        "full": Component("class_sweep.curriculum.pacing:Full"),
        "knots": Component("class_sweep.curriculum.pacing:PacingKnots"),
    },
)

INTENSITIES = Registry(
    "intensity",
    {
        "constant": Component("class_sweep.curriculum.intensity:Constant"),
        "sigmoid": Component("class_sweep.curriculum.intensity:Sigmoid"),
        "inverse": Component("class_sweep.curriculum.intensity:Inverse"),
        "power": Component("class_sweep.curriculum.intensity:Power"),
        "decreasing": Component("class_sweep.curriculum.intensity:Decreasing"),
        "knots": Component("class_sweep.curriculum.intensity:IntensityKnots"),
    },
)

SAMPLERS = Registry(
    "sampler",
    {
        "tpe": SamplerComponent(f"{_SAMPLER}.tpe:Tpe"),
        "random": SamplerComponent(f"{_SAMPLER}.random_search:RandomSearch"),
        "cmaes": SamplerComponent(f"{_SAMPLER}.cmaes:Cmaes", axes="numeric"),
        "grid": SamplerComponent(f"{_SAMPLER}.grid:Grid", axes="finite"),
    },
)

PRUNERS = Registry(
    "pruner",
    {
        "successive_halving": Component(
            f"{_PRUNER}.successive_halving:SuccessiveHalving", f"{_PRUNING}:HalvingPruning"
        ),
        "asha": Component(f"{_PRUNER}.asha:Asha", f"{_PRUNING}:AshaPruning"),
        "hyperband": Component(f"{_PRUNER}.hyperband:Hyperband", f"{_PRUNING}:HyperbandPruning"),
        "median": Component(f"{_PRUNER}.median:MedianStopping", f"{_PRUNING}:MedianPruning"),
        "one_rung": Component(f"{_PRUNER}.one_rung:OneRung", f"{_PRUNING}:OneRungPruning"),
        "none": Component(f"{_PRUNER}.no_pruning:NoPruner", f"{_PRUNING}:NoPruning"),
    },
    default="successive_halving",
)

METRICS = Registry(
    "metric",
    {
        "mrr": Metric(f"{_METRICS}:reciprocal_rank", label="MRR"),
        "hits@1": Metric(f"{_METRICS}:hits_at_1", label="Hits@1", step=1.0),
        "hits@10": Metric(f"{_METRICS}:hits_at_10", label="Hits@10", step=1.0),
        "mean_rank": Metric(f"{_METRICS}:rank", label="mean rank", better="lower", unit="rank"),
        "log_rank": Metric(
            f"{_METRICS}:log_rank", label="geometric mean rank", better="lower", unit="log_rank"
        ),
    },
)

REGISTRIES: dict[str, Registry[Any]] = {
    registry.kind: registry
    for registry in (
        BACKBONES, TEXT_ENCODERS, MOLECULE_ENCODERS, DATA_SOURCES, DIFFICULTIES, ORDERS, PACINGS,
        INTENSITIES, SAMPLERS, PRUNERS, METRICS,
    )
}  # fmt: skip
"""Every registry by its kind."""


def registered() -> dict[str, dict[str, Component]]:
    """The components that this process has registered, by kind and name."""
    return {kind: registry.added() for kind, registry in REGISTRIES.items()}


def register_all(components: Mapping[str, Mapping[str, Component]]) -> None:
    """Register the components of another process; see `registered`."""
    for kind, added in components.items():
        for name, component in added.items():
            REGISTRIES[kind].register(name, component)
