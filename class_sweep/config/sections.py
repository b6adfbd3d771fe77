"""The settings of one trial, section by section, each with its unit and its bounds.

A space file is these settings with some values replaced by axes; see `class_sweep.config.document`.
The sections of data and encoders are in `class_sweep.config.inputs`, those of the backbones in
`class_sweep.config.backbones`, those of pruning in `class_sweep.config.pruning`, those of the
confirmation in `class_sweep.config.confirm`.
"""

from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from class_sweep.config.axes import near_miss
from class_sweep.config.backbones import Backbone
from class_sweep.config.confirm import Confirm
from class_sweep.config.inputs import Data, MoleculeEncoder, TextEncoder
from class_sweep.config.pruning import HalvingPruning, Pruning
from class_sweep.config.section import Fraction, Section, Seed, Share

Order = Literal["easy_first", "hard_first", "random"]
TieBreak = Literal["mean_similarity", "random"]
Pacing = Literal["linear", "root", "step", "exponential", "full"]
Curve = Literal["constant", "sigmoid", "inverse", "power", "decreasing"]
MoleculeSimilarity = Literal["cosine", "tanimoto"]
Batching = Literal["random", "neighbourhood"]


def _curves(value: Any) -> Any:
    """One curve, or one for each named part of the loss; checked here to be a single error."""
    known = get_args(Curve)
    curves = list(value.values()) if isinstance(value, dict) and value else [value]
    unknown = [curve for curve in curves if curve not in known]
    if not unknown:
        return value
    meant = near_miss(value) or next(iter(get_close_matches(str(unknown[0]), known, 1)), None)
    raise PydanticCustomError(
        "rule",
        "one of {known}, or a mapping of parts of the loss to these{hint}",
        {"known": ", ".join(known), "hint": f"; did you mean {meant}?" if meant else ""},
    )


Intensity = Annotated[Curve | dict[str, Curve], BeforeValidator(_curves)]


class Curriculum(Section):
    """The schedule. Defaults are no curriculum at all: every pair in every epoch."""

    order: Order = "easy_first"
    tie_break: TieBreak = "mean_similarity"
    text_weight: Share = 0.5  # of the texts' cosine in the similarity; the molecules have the rest
    molecule_similarity: MoleculeSimilarity = "cosine"
    pacing: Pacing = "linear"
    alpha: Fraction = 1.0  # fraction of the pairs in the first epoch
    beta: Share = 0.0  # linear: fraction of the pairs added with each epoch
    full_data_after: Fraction = (
        0.8  # root, step, exponential: fraction of the epochs before all pairs
    )
    pacing_power: Annotated[float, Field(ge=0.1, le=10, description="root: p")] = 2.0
    sigma: Annotated[float, Field(gt=0, le=1, description="similarity threshold")] = 0.99
    sigma_quantile: Share | None = None  # instead of sigma: of the nearest-neighbour similarities
    intensity: Intensity = "constant"  # a curve, or a mapping of parts of the loss to curves
    intensity_power: Annotated[float, Field(ge=0.1, le=10, description="power: p")] = 2.0
    intensity_target: Literal["loss", "learning_rate"] = "loss"
    pacing_start: Annotated[int, Field(ge=0, description="k of the first epoch in λ(k)")] = 0
    intensity_start: Annotated[int, Field(ge=0, description="k of the first epoch in γ(k)")] = 1
    batching: Batching = "random"
    group_size: Annotated[int, Field(ge=2, description="neighbourhood: pairs a group")] = 8

    @field_validator("intensity_target")
    @classmethod
    def _one_rate(cls, value: str, info: ValidationInfo) -> str:
        if value == "learning_rate" and isinstance(info.data.get("intensity"), dict):
            raise PydanticCustomError("rule", "loss where intensity names parts of the loss")
        return value


Rate = Annotated[float, Field(gt=0, le=10, description="peak learning rate")]


class Optimizer(Section):
    """AdamW; the rate warms up, then falls along a cosine over the trial's own steps."""

    lr: Rate = 1e-3
    text_encoder_lr: Rate | None = None  # of a transformer that is trained; `lr` unless given
    batch_size: Annotated[int, Field(ge=2, description="pairs")] = 128
    micro_batch_size: Annotated[int, Field(ge=1, description="pairs encoded at a time")] | None = (
        None
    )
    length_window: Annotated[int, Field(ge=1, description="batches sorted by length together")] = 16
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.01
    warmup: Annotated[float, Field(ge=0, lt=1, description="fraction of the steps")] = 0.05
    warmup_steps: Annotated[int, Field(ge=0, description="instead of warmup")] | None = None


class Budget(Section):
    """How long every trial may train."""

    epochs: Annotated[int, Field(ge=1, description="curriculum epochs")]
    samples: Annotated[int, Field(ge=1, description="pairs seen, at most")] | None = None


# --- the sweep --------------------------------------------------------------------------------


class Search(Section):
    """How schedules are proposed."""

    trials: Annotated[int, Field(ge=1)]
    sampler: Literal["tpe", "random", "cmaes", "grid"] = "tpe"
    seed: Seed = 0
    baselines: Annotated[list[Literal["paper", "full_data"]], Field(default=[])]
    max_concurrent: Annotated[int, Field(ge=1, description="trials at a time")] | None = None
    record: Annotated[int, Field(ge=1, description="seeds; nothing is pruned")] | None = None

    @property
    def runs(self) -> int:
        """How many trials are run: a recording has one for each configuration and seed."""
        return self.trials * (self.record or 1)


class Resources(Section):
    """What one trial holds while it runs."""

    cpus: Annotated[float, Field(gt=0, description="cores")] = 1
    gpus: Annotated[float, Field(ge=0, description="GPUs; fractions share one")] = 0
    # Of a trial that raised, whose process died or whose machine was lost, each from its last
    # checkpoint.
    retries: Annotated[int, Field(ge=0, le=100, description="of one trial")] = 2

    @field_validator("gpus")
    @classmethod
    def _whole_above_one(cls, value: float) -> float:
        if value > 1 and value != int(value):  # Ray would wait for one that holds it, for good
            raise PydanticCustomError("rule", "a share of one GPU, or a whole number of GPUs")
        return value


class Tracking(Section):
    """Tools that follow a sweep besides its own files."""

    tensorboard: bool = False  # event files in the results folder
    wandb: Annotated[str, Field(min_length=1, description="project")] | None = None
    mlflow: Annotated[str, Field(min_length=1, description="tracking URI")] | None = None


class Settings(Section):
    """Everything one trial needs, every value fixed."""

    data: Data
    text_encoder: TextEncoder
    molecule_encoder: MoleculeEncoder
    backbone: Backbone
    curriculum: Curriculum = Curriculum()
    optimizer: Optimizer = Optimizer()
    budget: Budget
    search: Search
    pruning: Pruning = HalvingPruning()
    objective: str = "validation/mrr"
    confirm: Confirm = Confirm()
    resources: Resources = Resources()
    tracking: Tracking = Tracking()

    @property
    def confirms(self) -> bool:
        """Whether a confirmation follows the sweep; a recording is for other uses."""
        return self.confirm.finalists > 0 and not self.search.record

    @property
    def references(self) -> list[str]:
        """The reference schedules that are run at any time, in the sweep or its confirmation."""
        of_controls = {"paper"} & set(self.confirm.controls) if self.confirms else set()
        return sorted({*self.search.baselines, *of_controls})
