"""The savings and costs of pruners on recorded learning curves: `class-sweep replay`."""

from class_sweep.config.pruning import PruningSettings, RungPruning
from class_sweep.rendering.blocks import Block, Table, Text
from class_sweep.results import formatting
from class_sweep.tuning.replay.replay_table import ReplayTable

GOAL_SAMPLES = 0.25  # share of the samples that a pruner should stay within


def replay_blocks(replayed: ReplayTable) -> list[Block]:
    """The tables of a replay."""
    head = Text(
        f"{replayed.configurations} configurations × {replayed.seeds} seeds of"
        f" {replayed.objective}, {replayed.references} baselines; {replayed.orders} searches of"
        f" {replayed.trials} trials by {replayed.sampler}, {replayed.workers} workers"
    )
    between = replayed.between_seeds
    agreement = f"rank correlation of the final scores of two seeds: {between or 0:.2f}"
    return [
        head,
        _rung_table(replayed),
        *([] if between is None else [Text(agreement)]),
        _pruner_table(replayed),
        Text(_best_within_goal(replayed)),
    ]


def _rung_table(replayed: ReplayTable) -> Table:
    rows = [
        [
            f"{rung.epoch}",
            f"{rung.configurations}",
            f"{rung.correlation:.2f}",
            "–" if rung.own_schedule is None else f"{rung.own_schedule:.2f}",
        ]
        for rung in replayed.rungs
    ]
    head = ("epochs of full data", "trials there", "ρ at equal samples", "ρ on own schedule")
    return Table(head, rows, title="rank correlation with the final score (Spearman)")


def _pruner_table(replayed: ReplayTable) -> Table:
    rows = [
        [
            pruner_name(row.pruning),
            formatting.percent(row.samples),
            formatting.percent(row.time),
            f"{row.regret:.2f}",
            f"{row.worst_regret:.2f}",
            f"{100 * row.best_kept:.0f} %",
        ]
        for row in replayed.pruners
    ]
    head = ("pruner", "samples", "time", f"regret, {replayed.unit}", "its 90 %", "best kept")
    return Table(head, rows, title="against the same search without pruning")


def pruner_name(settings: PruningSettings) -> str:
    """A pruner with its settings: `asha, grace 2, η 3`."""
    names = {"grace_epochs": "grace", "reduction_factor": "η", "min_kept": "min kept"}
    parts = [f"{names[key]} {value:g}" for key, value in settings if key in names]
    own = isinstance(settings, RungPruning) and settings.follow_the_schedule
    return ", ".join([settings.kind, *parts, *(["own schedule"] if own else [])])


def _best_within_goal(replayed: ReplayTable) -> str:
    goal = f"{100 * GOAL_SAMPLES:.0f} %"
    within = [row for row in replayed.pruners if row.samples <= GOAL_SAMPLES]
    if not within:
        return f"no pruner stays within {goal} of the samples"
    best = min(within, key=lambda row: (row.regret, row.samples))
    return (
        f"within {goal} of the samples, {pruner_name(best.pruning)} has the least regret:"
        f" {best.regret:.2f} {replayed.unit} with {formatting.percent(best.samples)}"
    )
