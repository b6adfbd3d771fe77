"""Importance of the axes for the objective: fANOVA (Hutter, Hoos and Leyton-Brown 2014)."""

import warnings
from collections.abc import Mapping, Sequence

from class_sweep.config.axes import Axis, Value
from class_sweep.rendering.blocks import Chapter, Plot, Table, Text
from class_sweep.report.plots import BLUE, GREY, Figure, bars, figure, hover
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.record import Record

MIN_TRIALS = 8  # with fewer trials the forest says nothing
_TREES, _DEPTH = 32, 6  # a deeper forest takes minutes for a thousand trials, and agrees
_TITLE = "Importance of the axes"

Shares = dict[str, float]
Valued = Sequence[tuple[Mapping[str, Value], float]]
"""The values of the axes, and the objective, of each trial."""


def importance(sweep: SweepFacts) -> Chapter:
    """Shares of the variance at the end, and at the first rung, which all trials reach."""
    conditional = sweep.space.conditions.reasons
    varying = {path: axis for path, axis in sweep.axes.items() if _varies(axis)}
    axes = {path: axis for path, axis in varying.items() if path not in conditional}
    if len(axes) < 2:
        message = "Importance compares axes of all trials, and this space has fewer than two."
        return Chapter("importance", _TITLE, [Text(message)])
    samples = {
        "at the end, of finished trials": sweep.trials.finished,
        "at the first rung, of all trials": _first_rung(sweep),
    }
    shares: dict[str, Shares] = {}
    for label, reports in samples.items():
        valued = [
            (r.config, r.objective)
            for r in reports
            if r.objective is not None and _within(r, axes)
        ]  # fmt: skip
        if _tell(axes, valued):
            shares[f"{label} ({len(valued)})"] = fanova(axes, valued)
    if not shares:
        message = (
            f"fANOVA needs {MIN_TRIALS} trials within the axes, of different configurations and"
            " with different values."
        )
        return Chapter("importance", _TITLE, [Text(message)])
    first = next(iter(shares.values()))
    order = sorted(axes, key=lambda path: first[path])
    caption = (
        "The share of the objective's variance that an axis explains by itself. Only good trials"
        " survive pruning, so they may differ little at the end."
    )
    height = 130 + 34 * len(order)
    plot = Plot("importance", "fANOVA importance", caption, _figure(shares, order), height)
    rows = [[path, *(formatting.percent(s[path]) for s in shares.values())] for path in order[::-1]]
    tables = [Table(["axis", *shares], rows), *_where_it_acts(sweep, axes, varying)]
    return Chapter("importance", _TITLE, [plot, *tables])


def _where_it_acts(
    sweep: SweepFacts, axes: Mapping[str, Axis], varying: Mapping[str, Axis]
) -> list[Table]:
    """The share of each conditional axis, among the finished trials in which it has an effect."""
    rows = []
    for path in (path for path in varying if path not in axes):
        both = {**axes, path: varying[path]}
        valued = [
            (r.config, r.objective)
            for r in sweep.trials.finished
            if r.objective is not None and path in sweep.active(r) and _within(r, both)
        ]
        if _tell(both, valued):
            share = formatting.percent(fanova(both, valued)[path])
            rows.append([path, share, str(len(valued))])
    head = ["conditional axis", "share among the finished trials with it", "these trials"]
    return [Table(head, rows)] if rows else []


def _tell(axes: Mapping[str, Axis], trials: Valued) -> bool:
    """Whether trials tell a share of an axis: of one configuration, they have none to explain."""
    points = {tuple(values[path] for path in axes) for values, _ in trials}
    objectives = {objective for _, objective in trials}
    return len(trials) >= MIN_TRIALS and min(len(points), len(objectives)) > 1


def fanova(axes: Mapping[str, Axis], trials: Valued) -> Shares:
    """The share of the variance that each axis explains; the shares add up to 1.

    Args:
        axes: The axes to weigh, by path.
        trials: The trials; at least two configurations and two objectives must differ.
    """
    import optuna  # noqa: PLC0415 - a second or more, for this chapter alone
    from optuna.importance import FanovaImportanceEvaluator  # noqa: PLC0415

    from class_sweep.tuning.samplers.sampler import distribution  # noqa: PLC0415

    distributions = {path: distribution(axis) for path, axis in axes.items()}
    verbosity = optuna.logging.get_verbosity()
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
        optuna.logging.set_verbosity(verbosity)
    return {path: float(shares.get(path, 0.0)) for path in axes}


def _varies(axis: Axis) -> bool:
    ends = axis.ends()
    return len(ends) > 1 and ends[0] != ends[-1]


def _within(record: Record, axes: Mapping[str, Axis]) -> bool:
    """Whether a trial is a point of the space; a baseline may lie outside."""
    return all(path in record.config and record.config[path] in axis for path, axis in axes.items())


def _first_rung(sweep: SweepFacts) -> list[Record]:
    """The report of each trial at the first rung."""
    reports = (next((r for r in curve if r.rung == 0), None) for curve in sweep.curves.values())
    return [report for report in reports if report is not None]


def _figure(shares: Mapping[str, Shares], order: Sequence[str]) -> Figure:
    labels = [formatting.setting_name(path) for path in order]
    traces = [
        bars(name, labels, [round(values[path], 4) for path in order], colour)
        | hover("%{y}: %{x:.1%}")
        for (name, values), colour in zip(shares.items(), (BLUE, GREY), strict=False)
    ]
    percent = {"tickformat": ".0%", "rangemode": "tozero"}
    return figure(traces, "share of the variance", "axis", xaxis=percent, barmode="group")
