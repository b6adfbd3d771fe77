"""The arms of a confirmation: the finalists of a sweep, and what each is held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from class_sweep.config.axes import Value
from class_sweep.config.components import ORDERS
from class_sweep.config.confirm import Confirm
from class_sweep.config.document import Space
from class_sweep.config.sections import Settings
from class_sweep.curriculum.baselines import reference_config
from class_sweep.curriculum.schedule import Schedule
from class_sweep.results.record import Record
from class_sweep.statistics.sequential import Pair
from class_sweep.training.features import TrialFeatures
from class_sweep.training.plan_identity import plan_identity

SAMPLES = "budget.samples"
_ORDER, _INTENSITY = "curriculum.order", "curriculum.intensity"


@dataclass(frozen=True)
class Arm:
    """A configuration that is trained under several seeds.

    Attributes:
        name: As a person calls it: `trial 14`, `full_data`, `random_order of trial 14`.
        values: Dotted path to value, without a seed.
        trial: The trial of the sweep that it is; None for a control of its own.
        samples: That it sees to its end.
    """

    name: str
    values: dict[str, Value]
    trial: int | None
    samples: int


@dataclass(frozen=True)
class Arms:
    """What a confirmation runs.

    Attributes:
        arms: By name, in the order of the pairs.
        finalists: Names of the finalists, the sweep's best first.
        pairs: Which are compared, those of the first control first.
        same: Finalist and control kind to the arm of equal steps that another pair has already,
            or that the finalist is itself.
    """

    arms: dict[str, Arm]
    finalists: list[str]
    pairs: list[Pair]
    same: dict[tuple[str, str], str]


def make_arms(
    space: Space, ranked: Sequence[Record], features: TrialFeatures, wanted: Confirm
) -> Arms:
    """Choose the finalists and work their controls out.

    Finalists are the best finished trials whose steps differ from each other's and from those of
    full data. A control keeps whatever the finalist has that it is not about, such as its learning
    rate. Arms of equal steps are one arm.

    Args:
        space: Of the sweep.
        ranked: Its finished trials, the best first.
        features: What the trials read.
        wanted: How many finalists, and which controls.
    """
    pairs_of_data = len(features.rows("train"))
    by_plan: dict[str, Arm] = {}

    def steps(values: Mapping[str, Value]) -> str:
        return plan_identity(space.resolve(values), features)

    def arm(name: str, values: dict[str, Value], trial: int | None) -> Arm:
        known = by_plan.get(steps(values))
        if known is None:
            samples = _samples(space.resolve(values), pairs_of_data)
            known = by_plan[steps(values)] = Arm(name, values, trial, samples)
        return known

    chosen: list[Arm] = []
    for record in ranked:
        if len(chosen) == wanted.finalists:
            break
        values = dict(record.config)
        plain = steps(reference_config(space, "full_data", values))
        if steps(values) not in {plain, *by_plan}:
            chosen.append(arm(record.name or f"trial {record.trial}", values, record.trial))
    shared = {"full_data", "paper"} if len({str(_beside(one)) for one in chosen}) == 1 else set()
    pairs: list[Pair] = []
    same: dict[tuple[str, str], str] = {}
    for kind in wanted.controls:
        for finalist in chosen:
            found = control(space, kind, finalist, pairs_of_data)
            if found is None:
                continue
            held = arm(kind if kind in shared else f"{kind} of {finalist.name}", found, None)
            known = {pair.control for pair in pairs if pair.finalist == finalist.name}
            if held.name in known | {finalist.name}:
                same[finalist.name, kind] = held.name
            else:
                pairs.append(Pair(finalist.name, held.name, kind))
    names = list(dict.fromkeys(n for pair in pairs for n in (pair.finalist, pair.control)))
    arms = {one.name: one for one in by_plan.values()}
    return Arms({n: arms[n] for n in names}, [one.name for one in chosen], pairs, same)


def control(space: Space, kind: str, finalist: Arm, pairs: int) -> dict[str, Value] | None:
    """The values of a finalist's control; None where there is no such thing.

    Args:
        space: Of the sweep.
        kind: The control's name.
        finalist: Whose control it is.
        pairs: L, the training pairs.
    """
    values = finalist.values
    if kind in {"full_data", "paper"}:
        return reference_config(space, kind, values)
    if kind == "full_data_equal_samples":
        full = reference_config(space, "full_data", values)
        whole = finalist.samples >= _samples(space.resolve(full), pairs)
        return full if whole else full | {SAMPLES: finalist.samples}
    if kind == "random_order":
        return values | {_ORDER: "random"}
    if kind == "no_intensity":
        return values | {_INTENSITY: "constant"}
    reverse = ORDERS.load(space.resolve(values).curriculum.order).reverse
    return None if reverse is None else values | {_ORDER: reverse}


def _beside(arm: Arm) -> dict[str, Value]:
    return {path: v for path, v in arm.values.items() if not path.startswith("curriculum.")}


def _samples(settings: Settings, pairs: int) -> int:
    return Schedule.of(settings, pairs).samples
