"""Which axes moved the objective: fANOVA (Hutter, Hoos and Leyton-Brown 2014), by Optuna."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from class_sweep.config.axes import Axis, Choice, IntRange, LogUniform
from class_sweep.report.blocks import Chapter, Plot, Table, Text
from class_sweep.report.plots import GREY, OURS, Figure, figure
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results.record import Record

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST = 8  # trials that a forest says anything about
_TREES, _DEPTH = 32, 6  # a deeper forest costs minutes over a thousand trials, and agrees


def importance(sweep: SweepFacts) -> Chapter:
    """Shares of the variance at the end, and at the first rung where all trials still are."""
    axes = {path: axis for path, axis in sweep.axes.items() if _varies(axis)}
    title = "Importance of the axes"
    if len(axes) < 2:
        said = "Importance is a comparison between axes, and this space has fewer than two."
        return Chapter("importance", title, [Text(said)])
    samples = {
        "at the end, of finished trials": [(r, r) for r in sweep.trials.finished],
        "at the first rung, of all trials": _first_rung(sweep),
    }
    found, counts = {}, {}
    for name, reports in samples.items():
        usable = [
            (r, value.objective)
            for r, value in reports
            if value.objective is not None and _inside(r, axes)
        ]
        values = {value for _, value in usable}
        if len(usable) >= FEWEST and len(values) > 1:
            found[name] = fanova(axes, [(dict(r.config), v) for r, v in usable])
            counts[name] = len(usable)
    if not found:
        said = f"fANOVA needs {FEWEST} trials of different values, within the axes, to weigh them."
        return Chapter("importance", title, [Text(said)])
    first = next(iter(found.values()))
    order = sorted(axes, key=lambda path: first[path])
    says = (
        "The share of the objective's variance that an axis explains by itself. Pruning leaves only"
        " good trials to finish, so what they differ in by the end may be little."
    )
    height = 130 + 34 * len(order)
    head = ["axis", *(f"{name} ({counts[name]})" for name in found)]
    rows = [[path, *(f"{100 * f[path]:.1f} %" for f in found.values())] for path in order[::-1]]
    plot = Plot("importance", "fANOVA importance", says, _bars(found, order), height)
    return Chapter("importance", title, [plot, Table(head, rows)])


def fanova(axes: Mapping[str, Axis], trials: Sequence[tuple[dict, float]]) -> dict[str, float]:  # type: ignore[type-arg]
    """Axis to its share of the variance, the shares adding up to 1.

    Args:
        axes: Those to be weighed.
        trials: Values of the axes and of the objective; at least two objectives must differ.
    """
    import optuna  # noqa: PLC0415 - a second or more, for this chapter alone
    from optuna.importance import FanovaImportanceEvaluator  # noqa: PLC0415

    distributions = {path: _distribution(axis) for path, axis in axes.items()}
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study()
        study.add_trials(
            optuna.trial.create_trial(
                params={path: values[path] for path in axes},
                distributions=distributions,
                value=value,
            )
            for values, value in trials
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evaluator = FanovaImportanceEvaluator(n_trees=_TREES, max_depth=_DEPTH, seed=0)
            shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    finally:
        optuna.logging.set_verbosity(before)
    return {path: float(shares.get(path, 0.0)) for path in axes}


def _distribution(axis: Axis) -> "BaseDistribution":
    from optuna import distributions  # noqa: PLC0415

    if isinstance(axis, Choice):
        return distributions.CategoricalDistribution(axis.options)
    if isinstance(axis, IntRange):
        return distributions.IntDistribution(axis.low, axis.values()[-1], step=axis.step)
    logarithmic = isinstance(axis, LogUniform)
    return distributions.FloatDistribution(axis.low, axis.high, log=logarithmic)


def _varies(axis: Axis) -> bool:
    low, *_, high = axis.ends() if len(axis.ends()) > 1 else (0, 0)
    return low != high


def _inside(record: Record, axes: Mapping[str, Axis]) -> bool:
    """Whether a trial is a point of the space; a reference may stand outside it."""
    return all(path in record.config and record.config[path] in axis for path, axis in axes.items())


def _first_rung(sweep: SweepFacts) -> list[tuple[Record, Record]]:
    found = []
    for records in sweep.curves.values():
        first = next((r for r in records if r.rung == 0), None)
        if first is not None:
            found.append((records[-1], first))
    return found


def _bars(found: Mapping[str, Mapping[str, float]], order: Sequence[str]) -> Figure:
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": [path.rsplit(".", 1)[-1] for path in order],
            "x": [round(shares[path], 4) for path in order],
            "marker": {"color": colour},
            "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
        }
        for (name, shares), colour in zip(found.items(), (OURS, GREY), strict=False)
    ]
    percent = {"tickformat": ".0%", "rangemode": "tozero"}
    return figure(bars, "share of the variance", "axis", xaxis=percent, barmode="group")
