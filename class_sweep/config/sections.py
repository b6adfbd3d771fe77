"""The settings of one trial and of its sweep, section by section, each with its unit and bounds.

A space file is these settings with some values replaced by axes; see `class_sweep.config.document`.
The other modules of this package hold the larger sections.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from class_sweep.base.limits import MAX_EPOCHS, MAX_TRIALS
from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.component_settings import ComponentName
from class_sweep.config.components import SAMPLERS
from class_sweep.config.confirm import Confirm
from class_sweep.config.controls import control_of
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.inputs import DataSettings, MoleculeEncoderSettings, TextEncoderSettings
from class_sweep.config.named_schedule import Baseline, NamedSchedule
from class_sweep.config.paths import ReadOnce, Uri
from class_sweep.config.pruning import HalvingPruning, PruningSettings
from class_sweep.config.section import Fraction, Idle, Section, Seed

Rate = Annotated[float, Field(gt=0, le=10, description="peak learning rate")]


class Optimizer(Section):
    """AdamW; the rate warms up, then falls along a cosine over the trial's own steps."""

    lr: Rate = 1e-3
    text_encoder_lr: Annotated[
        Rate | None,
        Field(description="peak learning rate of a trained text encoder; `lr` unless given"),
    ] = None
    molecule_encoder_lr: Annotated[
        Rate | None,
        Field(description="peak learning rate of a trained molecule encoder; `lr` unless given"),
    ] = None
    batch_size: Annotated[int, Field(ge=2, description="pairs")] = 128
    micro_batch_size: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Field(description="pairs encoded at a time; the whole batch unless given"),
    ] = None
    length_window: Annotated[int, Field(ge=1, description="batches sorted by length together")] = 16
    weight_decay: Annotated[float, Field(ge=0, le=10, description="decoupled, as in AdamW")] = 0.01
    warmup: Annotated[float, Field(ge=0, lt=1, description="fraction of the steps")] = 0.05
    warmup_steps: Annotated[
        Annotated[int, Field(ge=0)] | None, Field(description="steps, instead of `warmup`")
    ] = None

    def idle(self, settings: Any) -> dict[str, Idle]:
        """The settings of trained encoders where they are frozen, and a replaced warm-up."""
        idle = {}
        if self.warmup_steps is not None:
            idle["optimizer.warmup"] = Idle("warmup_steps is given", ("optimizer.warmup_steps",))
        sides = [settings.text_encoder, settings.molecule_encoder]
        for side in (side for side in sides if not side.is_trained):
            name = side.section.replace("_", " ")
            frozen = Idle(f"the {name} is not trained", (side.section,))
            idle[f"optimizer.{side.section}_lr"] = frozen
        if not any(side.is_trained for side in sides):
            sections = tuple(side.section for side in sides)
            idle["optimizer.length_window"] = Idle("no encoder is trained", sections)
        return idle


class Budget(Section):
    """How long every trial may train."""

    epochs: Annotated[int, Field(ge=1, le=MAX_EPOCHS, description="curriculum epochs")]
    samples: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Field(description="largest number of pairs seen, repeats included; no limit unless given"),
    ] = None


SAMPLES = "budget.samples"
"""Dotted path of the limit on a trial's samples, with which full data ends earlier."""


class Search(Section):
    """How schedules are proposed."""

    trials: Annotated[
        int, Field(ge=1, le=MAX_TRIALS, description="configurations, baselines included")
    ]
    sampler: Annotated[
        str, ComponentName(SAMPLERS), Field(description="how configurations are proposed")
    ] = "tpe"
    seed: Annotated[Seed, Field(description="seed of the proposals and of every trial")] = 0
    baselines: Annotated[
        list[Baseline],
        Field(
            default=[],
            json_schema_extra={"uniqueItems": True},
            description="schedules that run first and are never pruned: paper, full_data, a"
            " curriculum with a `name`, or a file with a configuration",
        ),
    ]
    full_data_trials: Annotated[
        Annotated[int, Field(ge=0)] | Literal["auto"],
        Field(
            description="trials that tune full data, the control, over the axes outside the"
            " curriculum; auto: a quarter where such axes are swept"
        ),
    ] = "auto"
    shares: list[Fraction] = Field(
        default=[],
        description="shares of full data's samples that the pacing of the schedules is fitted to;"
        " each share is searched by itself; no fit unless given",
    )
    warm_start: list[ReadOnce] = Field(
        default=[],
        description="results folders of earlier sweeps: their best configurations are tried first,"
        " and the sampler is told of their trials; none unless given",
    )
    hours: Annotated[
        Annotated[float, Field(gt=0)] | None,
        Field(
            description="hours for the search and its confirmation together, of which `trials` is"
            " then the largest number; no limit unless given"
        ),
    ] = None
    max_concurrent: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Field(description="trials at a time; as many as the resources allow unless given"),
    ] = None
    record: Annotated[
        Annotated[int, Field(ge=1, le=1000)] | None,
        Field(description="seeds of each configuration in a recording of learning curves"),
    ] = None

    @field_validator("shares")
    @classmethod
    def _each_once(cls, value: list[float]) -> list[float]:
        if len(set(value)) < len(value):
            raise PydanticCustomError("rule", "a list that names each share once")
        return value

    @property
    def named_schedules(self) -> dict[str, NamedSchedule]:
        """The user's own baselines, by name."""
        return {b.name: b for b in self.baselines if isinstance(b, NamedSchedule)}

    @property
    def baseline_names(self) -> list[str]:
        """The names of the baselines, in the order in which they run."""
        return [b.name if isinstance(b, NamedSchedule) else b for b in self.baselines]

    @property
    def runs(self) -> int:
        """The number of training runs: a recording has one for each configuration and seed."""
        return self.trials * (self.record or 1)

    @property
    def proposed(self) -> int:
        """The number of configurations that samplers propose: all but the baselines."""
        return self.trials - len(self.baselines)


class Resources(Section):
    """The resources of one trial, and its restarts."""

    cpus: Annotated[float, Field(gt=0, description="cores")] = 1
    gpus: Annotated[
        float,
        Field(ge=0, description="share of one GPU, or a whole number of GPUs of one machine"),
    ] = 0
    retries: Annotated[
        int,
        Field(ge=0, le=100, description="restarts of one trial between two of its reports"),
    ] = 2

    @property
    def processes(self) -> int:
        """The processes that train one trial: one for each of its GPUs, at least one."""
        return max(1, int(self.gpus))

    @property
    def threads(self) -> int:
        """The threads of each process of a trial."""
        return max(1, int(self.cpus / self.processes))


class Tracking(Section):
    """Experiment trackers that receive the reports of a sweep."""

    tensorboard: Annotated[bool, Field(description="event files in the results folder")] = False
    wandb: Annotated[
        Annotated[str, Field(min_length=1)] | None, Field(description="Weights & Biases project")
    ] = None
    mlflow: Annotated[
        Annotated[Uri, Field(min_length=1)] | None,
        Field(description="MLflow tracking URI, or a path"),
    ] = None


class Settings(Section):
    """Everything that one trial needs, every value fixed."""

    data: Annotated[DataSettings, Field(description="the data set")]
    text_encoder: Annotated[TextEncoderSettings, Field(description="the encoder of the texts")]
    molecule_encoder: Annotated[
        MoleculeEncoderSettings, Field(description="the encoder of the molecules")
    ]
    backbone: Annotated[BackboneSettings, Field(description="the model that is trained")]
    curriculum: Annotated[Curriculum, Field(description="the schedule")] = Curriculum()
    optimizer: Annotated[Optimizer, Field(description="the optimizer and its batches")] = (
        Optimizer()
    )
    budget: Annotated[Budget, Field(description="the length of a trial")]
    search: Annotated[Search, Field(description="the proposals")]
    pruning: Annotated[PruningSettings, Field(description="when trials stop early")] = (
        HalvingPruning()
    )
    objective: Annotated[
        str, Field(description="validation/[pool/][direction/]metric, optimised by the sweep")
    ] = "validation/mrr"
    confirm: Annotated[Confirm, Field(description="the confirmation after the sweep")] = Confirm()
    resources: Annotated[Resources, Field(description="cores and GPUs of a trial")] = Resources()
    tracking: Annotated[Tracking, Field(description="experiment trackers")] = Tracking()

    @property
    def confirms(self) -> bool:
        """Whether a confirmation follows the sweep; none follows a recording."""
        return self.confirm.finalists > 0 and not self.search.record

    @property
    def baselines(self) -> list[str]:
        """The baselines of the sweep and of its confirmation."""
        controls = map(control_of, self.confirm.controls if self.confirms else [])
        references = {control.baseline for control in controls if control.baseline is not None}
        return sorted({*self.search.baseline_names, *references})
