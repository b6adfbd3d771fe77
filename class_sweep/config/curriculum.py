"""The settings of the training schedule: its difficulty, order, pacing and intensity."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from class_sweep.base.limits import MAX_EPOCHS, MAX_KNOTS
from class_sweep.config.axes import near_miss
from class_sweep.config.component_settings import ComponentName
from class_sweep.config.components import DIFFICULTIES, INTENSITIES, ORDERS, PACINGS
from class_sweep.config.registry import Component, Registry, one_of
from class_sweep.config.section import Fraction, Idle, Section, Share
from class_sweep.config.sigma import Sigma

MoleculeSimilarity = Literal["cosine", "tanimoto"]


def _intensity(value: Any) -> Any:
    """Check a curve, or one for each part of the loss, so that a mistake is a single error."""
    curves = list(value.values()) if isinstance(value, dict) and value else [value]
    unknown = [curve for curve in curves if curve not in list(INTENSITIES)]
    if not unknown:
        return value
    similar = get_close_matches(str(unknown[0]), INTENSITIES, 1)
    meant = near_miss(value) or next(iter(similar), None)
    raise PydanticCustomError(
        "rule",
        "{known}, or a mapping of parts of the loss to these{hint}",
        {"known": one_of(list(INTENSITIES)), "hint": f"; did you mean {meant}?" if meant else ""},
    )


_SIMILARITY = ("text_weight", "molecule_similarity")


def _knots(value: Any) -> Any:
    """Check the number of knots here, so that a mistake is a single error."""
    if isinstance(value, list | tuple) and 1 <= len(value) <= MAX_KNOTS:
        return tuple(value)
    raise PydanticCustomError(
        "rule", f"a number of knots or a list of 1 to {MAX_KNOTS} fractions, each in (0, 1]"
    )


# The number of knots is checked once, by `_knots`; editors learn it from the schema.
Knots = Annotated[
    tuple[Fraction, ...],
    Field(json_schema_extra={"minItems": 1, "maxItems": MAX_KNOTS}),
    BeforeValidator(_knots),
]
Power = Annotated[float, Field(ge=0.1, le=10)]
FirstK = Annotated[int, Field(ge=0)]


class Curriculum(Section):
    """The schedule. The defaults are no curriculum: every pair in every epoch."""

    model_config = ConfigDict(extra="allow")  # only settings of registered functions are accepted

    order: Annotated[
        str, ComponentName(ORDERS), Field(description="which pairs enter the pool first")
    ] = "easy_first"
    difficulty: Annotated[
        str, ComponentName(DIFFICULTIES), Field(description="what makes a pair hard, for the order")
    ] = "look_alikes"
    margin_epochs: Annotated[
        int,
        Field(ge=1, le=MAX_EPOCHS, description="margin: epochs of the run that measures it"),
    ] = 3
    tie_break: Annotated[
        Literal["mean_similarity", "random"],
        Field(description="order of the pairs of equal difficulty"),
    ] = "mean_similarity"
    text_weight: Annotated[
        Share,
        Field(description="fraction of the similarity from the texts; the rest from the molecules"),
    ] = 0.5
    molecule_similarity: Annotated[
        MoleculeSimilarity,
        Field(description="cosine of the features, or Tanimoto of Morgan fingerprints"),
    ] = "cosine"
    pacing: Annotated[
        str, ComponentName(PACINGS), Field(description="how the pool grows over the epochs")
    ] = "linear"
    alpha: Annotated[Fraction, Field(description="α: fraction of the pairs in the first epoch")] = (
        1.0
    )
    beta: Annotated[
        Share, Field(description="β, for linear: fraction of the pairs added each epoch")
    ] = 0.0
    full_data_after: Annotated[
        Fraction,
        Field(description="root, step, exponential: fraction of the epochs before all pairs"),
    ] = 0.8
    pacing_power: Annotated[Power, Field(description="exponent p of root")] = 2.0
    pacing_knots: Annotated[
        Knots,
        Field(description="knots: fractions of the pairs after alpha, spaced evenly to the end"),
    ] = (1.0,)
    sigma: Annotated[
        Sigma,
        Field(
            description="σ: similarity in (0, 1] from which two pairs are look-alikes;"
            " or {quantile: q}, q in [0, 1], of the similarities to the nearest neighbours"
        ),
    ] = 0.99
    intensity: Annotated[
        Annotated[str, ComponentName(INTENSITIES)]
        | dict[str, Annotated[str, ComponentName(INTENSITIES)]],
        BeforeValidator(_intensity),
        Field(description="γ: a curve, or a mapping of parts of the loss to curves"),
    ] = "constant"
    intensity_power: Annotated[Power, Field(description="exponent p of power")] = 2.0
    intensity_knots: Annotated[
        Knots, Field(description="knots: γ at points spaced evenly from the first epoch to the end")
    ] = (0.1, 1.0)
    intensity_target: Annotated[
        Literal["loss", "learning_rate"], Field(description="what γ multiplies")
    ] = "loss"
    pacing_start: Annotated[FirstK, Field(description="k of the first epoch in λ(k)")] = 0
    intensity_start: Annotated[FirstK, Field(description="k of the first epoch in γ(k)")] = 1
    hard_negatives: Annotated[
        float,
        Field(ge=0, le=4, description="ρ: how much more hard negatives count in the loss; 0: none"),
    ] = 0.0
    trim: Annotated[
        float,
        Field(ge=0, le=0.5, description="fraction of the pool, of lowest margin, left out"),
    ] = 0.0
    trim_by: Annotated[
        Literal["margin", "difficulty"],
        Field(description="trim: margins of the trial itself, or the hardest by `difficulty`"),
    ] = "margin"
    trim_from: Annotated[
        Share, Field(description="fraction of the samples before the first trimmed epoch")
    ] = 0.1

    @field_validator("intensity_target")
    @classmethod
    def _one_rate(cls, value: str, info: ValidationInfo) -> str:
        if value == "learning_rate" and isinstance(info.data.get("intensity"), dict):
            raise PydanticCustomError("rule", "loss where intensity names parts of the loss")
        return value

    @model_validator(mode="after")
    def _of_registered_functions(self) -> Self:
        """Validate the settings that registered functions add; refuse all others."""
        given = {} if self.__pydantic_extra__ is None else self.__pydantic_extra__
        chosen = [registry.settings_class(name) for registry, name in self._functions()]
        if not given and not any(chosen):
            return self
        accepted = set[str]()
        for section in function_sections():
            accepted |= set(section.model_fields)
            values = {key: given[key] for key in section.model_fields if key in given}
            if values or section in chosen:
                given |= dict(section.model_validate(values))
        if unknown := [key for key in given if key not in accepted]:
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [
                    InitErrorDetails(type="extra_forbidden", loc=(key,), input=given[key])
                    for key in unknown
                ],
            )
        return self

    @property
    def difficulty_label(self) -> str:
        """The difficulty with the settings that it reads: `margin (margin_epochs 3)`."""
        names = sorted(DIFFICULTIES.load(self.difficulty).parameters())
        settings = ", ".join(f"{name} {getattr(self, name)}" for name in names)
        return f"{self.difficulty} ({settings})" if settings else self.difficulty

    def idle(self, settings: Any) -> dict[str, Idle]:
        """The settings that the chosen order, pacing and intensity do not read."""
        idle = self._idle_functions()
        if settings.budget.epochs == 1:
            idle["trim"] = Idle("a single epoch knows no margins", ("budget.epochs",))
        if "trim" in idle or not self.trim:
            idle |= dict.fromkeys(["trim_by", "trim_from"], _idle("no pair is left out", "trim"))
        if self.text_weight == 1:
            idle["molecule_similarity"] = _idle("text_weight is 1", "text_weight")
        pacing = PACINGS.load(self.pacing)
        parameters, share = sorted(pacing.parameters()), pacing.of(self, settings.budget.epochs)
        idle |= self._idle_difficulties()
        of_order, deciding = ["tie_break"], ("trim", "trim_by")
        if "trim_by" in idle or self.trim_by != "difficulty":
            of_order += ["difficulty", *_parameters(DIFFICULTIES)]
        if not ORDERS.load(self.order).uses_difficulty:
            reason = f"order {self.order} does not read the difficulty"
            idle |= dict.fromkeys(of_order, _idle(reason, "order", *deciding))
        full, names = "every epoch shows every pair", ["pacing", *parameters]
        if share(self.pacing_start) >= 1:
            no_order = _idle(full, *names, "pacing_start", *deciding)
            idle |= dict.fromkeys(["order", *of_order], no_order)
        if share.starts_full:
            idle["pacing_start"] = _idle(full, *names)
        if share.starts_full and self.alpha >= 1 and "alpha" in parameters:
            at_once = _idle(f"{full}, because alpha is 1", *names)
            idle |= dict.fromkeys([name for name in names if name != "alpha"], at_once)
        return {f"curriculum.{name}": reason for name, reason in idle.items()}

    def _idle_difficulties(self) -> dict[str, Idle]:
        """The settings of a difficulty that neither it nor its tie-break reads."""
        difficulty, order = DIFFICULTIES.load(self.difficulty), ORDERS.load(self.order)
        idle: dict[str, Idle] = {}
        unread = _parameters(DIFFICULTIES) - difficulty.parameters()
        if not difficulty.ties:
            untied = f"no two pairs have the same {self.difficulty}"
            idle["tie_break"] = _idle(untied, "difficulty")
        by_similarity = difficulty.ties and self.tie_break == "mean_similarity"
        if by_similarity or order.uses_statistics:
            unread -= set(_SIMILARITY)
        reason = f"difficulty {self.difficulty} does not read it"
        return idle | dict.fromkeys(
            sorted(unread), _idle(reason, "difficulty", "tie_break", "order")
        )

    def _idle_functions(self) -> dict[str, Idle]:
        """The parameters that neither the pacing nor an intensity reads."""
        pacing = PACINGS.load(self.pacing)
        curves = self.intensity.values() if isinstance(self.intensity, dict) else [self.intensity]
        names = ", ".join(dict.fromkeys(curves))
        intensities = [INTENSITIES.load(name) for name in curves]
        used = pacing.parameters().union(*(curve.parameters() for curve in intensities))
        idle: dict[str, Idle] = {}
        shared = _parameters(PACINGS) & _parameters(INTENSITIES)
        for registry, kind, chosen in (
            (PACINGS, "pacing", f"pacing {self.pacing}"),
            (INTENSITIES, "intensity", f"intensity {names}"),
        ):
            reason, unread = f"{chosen} does not read it", _parameters(registry) - used
            idle |= dict.fromkeys(unread - shared, _idle(reason, kind))
            idle |= dict.fromkeys(unread & shared, _idle(reason, "pacing", "intensity"))
        if all(curve.is_constant for curve in intensities):
            constant = _idle("the intensity is constant", "intensity")
            idle |= dict.fromkeys(["intensity_target", "intensity_start"], constant)
        return idle

    def _functions(self) -> Iterator[tuple[Registry[Component], str]]:
        yield DIFFICULTIES, self.difficulty
        yield ORDERS, self.order
        yield PACINGS, self.pacing
        curves = self.intensity
        for name in curves.values() if isinstance(curves, dict) else (curves,):
            yield INTENSITIES, name


def _idle(reason: str, *settings: str) -> Idle:
    """A reason that settings of the curriculum decide."""
    return Idle(reason, tuple(f"curriculum.{name}" for name in settings))


def _parameters(registry: Registry[Component]) -> frozenset[str]:
    """The settings that any component of a kind reads."""
    return frozenset().union(*(registry.load(name).parameters() for name in registry))


def function_sections() -> list[type[Section]]:
    """The sections of the settings that registered functions add to the curriculum."""
    sections = [
        registry.settings_class(name)
        for registry in (DIFFICULTIES, ORDERS, PACINGS, INTENSITIES)
        for name in registry
    ]
    return [section for section in dict.fromkeys(sections) if section is not None]
