"""The arms of a confirmation: the finalists of a sweep, and the control of each kind for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from class_sweep.config.axes import Value
from class_sweep.config.confirm import Confirm
from class_sweep.config.controls import control_of
from class_sweep.config.document import Space
from class_sweep.config.full_data import FULL_DATA, full_data_axes
from class_sweep.config.sections import SAMPLES, Settings
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.curriculum.schedule import Schedule
from class_sweep.results.record import Record
from class_sweep.statistics.comparisons import Comparison
from class_sweep.training.features import TrialFeatures
from class_sweep.training.plan_identity import plan_identity


@dataclass(frozen=True)
class Arm:
    """A configuration that is trained under several seeds.

    Attributes:
        name: `trial 14`, `full_data`, `random_order of trial 14`.
        values: Dotted path to value, without a seed.
        trial: Number of the sweep's trial; None for a control.
        samples: Samples of one run to its end.
    """

    name: str
    values: dict[str, Value]
    trial: int | None
    samples: int


@dataclass(frozen=True)
class Frontier:
    """Full data, ended and annealed earlier: what stopping earlier gives.

    Attributes:
        full_data: Name of the arm of full data, that of the best finalist.
        stopped: Names of the arms that end earlier, by their samples.
    """

    full_data: str
    stopped: list[str]


@dataclass(frozen=True)
class ConfirmationPlan:
    """What a confirmation runs and compares.

    Attributes:
        arms: Name to arm, in the order of the comparisons; the frontier's come last.
        finalists: Names of the finalists, the sweep's best first.
        comparisons: The comparisons, those with the first control first.
        same: (finalist, kind of control) to the arm that trains the same steps as that control.
        frontier: Full data, ended earlier; None unless asked for.
    """

    arms: dict[str, Arm]
    finalists: list[str]
    comparisons: list[Comparison]
    same: dict[tuple[str, str], str]
    frontier: Frontier | None = None


def plan_confirmation(
    space: Space, ranked: Sequence[Record], features: TrialFeatures, settings: Confirm
) -> ConfirmationPlan:
    """Choose the finalists and derive their controls.

    The finalists are the best finished trials whose training steps differ from each other's and
    from full data's; in a sweep with shares the best of each share come first. A reference, full
    data for example, has the values of the best trial of full data for all axes outside the
    curriculum if full data has trials of its own; every other control keeps its finalist's.
    Configurations that train the same steps are one arm.

    Args:
        space: The search space.
        ranked: The finished trials, best first.
        features: The features that the trials train on.
        settings: The number of finalists and the kinds of controls.
    """
    catalogue = _Arms(space, features)
    finalists = _choose_finalists(catalogue, ranked, settings.finalists)
    tuned = _tuned_full_data(ranked)
    outside = {str(full_data_axes(tuned or finalist.values)) for finalist in finalists}
    comparisons: list[Comparison] = []
    same: dict[tuple[str, str], str] = {}
    for kind in settings.controls:
        for finalist in finalists:
            values = control_values(space, kind, finalist, catalogue.pairs, tuned)
            if values is None:
                continue
            shared = len(outside) == 1 and control_of(kind).is_reference
            name = kind if shared else f"{kind} of {finalist.name}"
            control = catalogue.add(name, values, None).name
            compared = {c.control for c in comparisons if c.finalist == finalist.name}
            if control in compared | {finalist.name}:
                same[finalist.name, kind] = control
            else:
                comparisons.append(Comparison(finalist.name, control, kind))
    frontier = _frontier(catalogue, comparisons, settings.full_data_frontier)
    names = dict.fromkeys(name for c in comparisons for name in (c.finalist, c.control))
    names |= dict.fromkeys(frontier.stopped if frontier else ())
    arms = catalogue.by_name()
    return ConfirmationPlan(
        {name: arms[name] for name in names},
        [finalist.name for finalist in finalists],
        comparisons,
        same,
        frontier,
    )


class _Arms:
    """Arms by the identity of their training steps; equal steps are one arm."""

    def __init__(self, space: Space, features: TrialFeatures) -> None:
        self.space, self._features = space, features
        self.pairs = len(features.rows("train"))
        self._by_steps: dict[str, Arm] = {}

    def steps(self, values: Mapping[str, Value]) -> str:
        """Identity of the steps that a configuration trains."""
        return plan_identity(self.space.resolve(values), self._features)

    def has(self, values: Mapping[str, Value]) -> bool:
        """Whether an arm trains the same steps."""
        return self.steps(values) in self._by_steps

    def add(self, name: str, values: dict[str, Value], trial: int | None) -> Arm:
        """The arm of a configuration's steps; it keeps the name of the first configuration."""
        steps = self.steps(values)
        if steps not in self._by_steps:
            samples = _samples(self.space.resolve(values), self.pairs)
            self._by_steps[steps] = Arm(name, values, trial, samples)
        return self._by_steps[steps]

    def by_name(self) -> dict[str, Arm]:
        """Name to arm."""
        return {arm.name: arm for arm in self._by_steps.values()}


def _choose_finalists(arms: _Arms, ranked: Sequence[Record], count: int) -> list[Arm]:
    finalists: list[Arm] = []
    of_shares: list[Record] = []  # the best that can be a finalist, of each share
    for record in ranked:
        if record.share is None or any(record.share == best.share for best in of_shares):
            continue
        if _differs_from_full_data(arms, record):
            of_shares.append(record)
    for record in (*of_shares, *ranked):
        if len(finalists) == count:
            break
        if not arms.has(record.config) and _differs_from_full_data(arms, record):
            name = record.name or f"trial {record.trial}"
            finalists.append(arms.add(name, dict(record.config), record.trial))
    return finalists


def _differs_from_full_data(arms: _Arms, record: Record) -> bool:
    full_data = baseline_config(arms.space, "full_data", record.config)
    return arms.steps(record.config) != arms.steps(full_data)


def _frontier(
    arms: _Arms, comparisons: Sequence[Comparison], shares: Sequence[float]
) -> Frontier | None:
    name = next((c.control for c in comparisons if c.kind == "full_data"), None)
    if name is None or not shares:
        return None
    full = arms.by_name()[name]
    batch = arms.space.resolve(full.values).optimizer.batch_size
    stopped = []
    for share in sorted(shares):
        samples = round(share * full.samples)
        ended = full.values | {SAMPLES: samples - samples % batch}  # as controls have it
        stopped.append(arms.add(f"{name} at {100 * share:g} %", ended, None).name)
    return Frontier(name, stopped)


def _tuned_full_data(ranked: Sequence[Record]) -> dict[str, Value] | None:
    """The configuration of the best trial of full data; None if full data has no own trials."""
    if not any(record.tuned for record in ranked):
        return None
    return next(dict(record.config) for record in ranked if record.name == FULL_DATA)


def control_values(
    space: Space,
    kind: str,
    finalist: Arm,
    pairs: int,
    tuned: Mapping[str, Value] | None = None,
) -> dict[str, Value] | None:
    """The configuration of a finalist's control; None if the finalist has no such control.

    Args:
        space: The search space.
        kind: Kind of the control.
        finalist: The finalist.
        pairs: L, the number of training pairs.
        tuned: The configuration of full data that references take the other axes from; by default
            they take them from the finalist.
    """
    control = control_of(kind)
    if control.baseline is None:
        changes = control.changes(space.resolve(finalist.values).curriculum)
        return None if changes is None else finalist.values | dict(changes)
    values = baseline_config(space, control.baseline, tuned or finalist.values)
    if not control.equal_samples or finalist.samples >= _samples(space.resolve(values), pairs):
        return values
    return values | {SAMPLES: finalist.samples}


def _samples(settings: Settings, pairs: int) -> int:
    return Schedule.of(settings, pairs).samples
