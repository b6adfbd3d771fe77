"""The components that a space file can name: one registry for each extension point.

A component is an implementation and, where it has settings, the section that validates them. Both
are import strings, so that reading a space file imports no implementation. To add a component to
the package, write its module and register it here. No other module of the package lists names.
People declare their own parts with `class_sweep.plugin`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from class_sweep.config.registry import Component, Registry


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


_BACKBONES = "class_sweep.config.backbones"
_INPUTS = "class_sweep.config.inputs"
_PRUNING = "class_sweep.config.pruning"
_PRUNER = "class_sweep.tuning.pruners"
_METRICS = "class_sweep.statistics.rank_metrics"
_SAMPLER = "class_sweep.tuning.samplers"
_SECTION = "class_sweep.config.section:Section"

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
    group="backbones",
    interface="class_sweep.backbones.backbone:Backbone",
    section=f"{_BACKBONES}:BackboneSettings",
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
        "file": Component(
            "class_sweep.encoders.feature_file:TextFeatureFileEncoder", f"{_INPUTS}:TextFeatureFile"
        ),
    },
    group="text_encoders",
    interface="class_sweep.encoders.encoder:TextEncoder",
    section=f"{_INPUTS}:TextEncoderSettings",
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
        "huggingface": Component(
            "class_sweep.encoders.huggingface:HuggingFaceMoleculeEncoder",
            f"{_INPUTS}:HuggingFaceSmilesEncoder",
        ),
        "file": Component(
            "class_sweep.encoders.feature_file:MoleculeFeatureFileEncoder",
            f"{_INPUTS}:MoleculeFeatureFile",
        ),
    },
    group="molecule_encoders",
    interface="class_sweep.encoders.encoder:MoleculeEncoder",
    section=f"{_INPUTS}:MoleculeEncoderSettings",
)

DATA_SOURCES = Registry(
    "data source",
    {
        "chebi20": Component("class_sweep.data.chebi20:read_chebi20", f"{_INPUTS}:Chebi20Data"),
        "table": Component("class_sweep.data.table:read_table", f"{_INPUTS}:TableData"),
        "names": Component("class_sweep.data.names:read_names", f"{_INPUTS}:NamesData"),
    },
    group="data_sources",
    parameters=("settings",),
    section=f"{_INPUTS}:DataSettings",
    key="source",
)

ORDERS = Registry(
    "order",
    {
        "easy_first": Component("class_sweep.curriculum.order:EasyFirst"),
        "hard_first": Component("class_sweep.curriculum.order:HardFirst"),
        "random": Component("class_sweep.curriculum.order:Random"),
    },
    group="orders",
    interface="class_sweep.curriculum.order:Order",
    section=_SECTION,
)

DIFFICULTIES = Registry(
    "difficulty",
    {
        "look_alikes": Component("class_sweep.difficulty.look_alikes:LookAlikes"),
        "margin": Component("class_sweep.difficulty.margin:Margin"),
        "ridge": Component("class_sweep.difficulty.ridge_rank:RidgeRank"),
        "column": Component("class_sweep.difficulty.column:Column"),
    },
    group="difficulties",
    interface="class_sweep.difficulty.pair_difficulty:PairDifficulty",
    section=_SECTION,
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
    group="pacings",
    interface="class_sweep.curriculum.pacing:Pacing",
    section=_SECTION,
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
    group="intensities",
    interface="class_sweep.curriculum.intensity:Intensity",
    section=_SECTION,
)

SAMPLERS = Registry(
    "sampler",
    {
        "tpe": SamplerComponent(f"{_SAMPLER}.tpe:Tpe"),
        "random": SamplerComponent(f"{_SAMPLER}.random_search:RandomSearch"),
        "cmaes": SamplerComponent(f"{_SAMPLER}.cmaes:Cmaes", axes="numeric"),
        "grid": SamplerComponent(f"{_SAMPLER}.grid:Grid", axes="finite"),
    },
    group="samplers",
    interface=f"{_SAMPLER}.sampler:Sampler",
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
    group="pruners",
    interface=f"{_PRUNER}.pruner:Pruner",
    section=f"{_PRUNING}:PruningSettings",
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
    group="metrics",
    parameters=("ranks",),
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
