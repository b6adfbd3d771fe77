"""The plan of a sweep before it runs: `class-sweep check`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from class_sweep.config.full_data import full_data_axes
from class_sweep.config.idle_warnings import idle_everywhere
from class_sweep.curriculum.strata import strata
from class_sweep.rendering.blocks import Block, KeyValues, Table
from class_sweep.report.index_report.index_tables import spread
from class_sweep.results import formatting

if TYPE_CHECKING:
    from class_sweep.config.document import Space
    from class_sweep.config.sections import Settings
    from class_sweep.difficulty.diagnosis import SigmaDiagnosis
    from class_sweep.difficulty.similarity import Similarity
    from class_sweep.preparation.plan import SweepPlan

_MAX_SIGMAS = 9
_FIXED_SECTIONS = (
    "data", "text_encoder", "molecule_encoder", "backbone", "curriculum", "optimizer",
)  # fmt: skip


@dataclass(frozen=True)
class Footprint:
    """Bytes that a sweep needs. None means that it is unknown without the index.

    Attributes:
        features: Bytes of features in the memory of each machine.
        checkpoints: The most bytes of checkpoints on disk at any time.
        results: The most bytes of the results folder.
    """

    features: int | None
    checkpoints: int | None
    results: int


def plan_blocks(space: "Space", plan: "SweepPlan", footprint: Footprint, where: str) -> list[Block]:
    """The axes, the fixed settings that have an effect, and the resolved plan.

    Args:
        space: The space.
        plan: Its plan.
        footprint: Memory and disk space.
        where: The location of the results.
    """
    unless = {path: f", unless {reason}" for path, reason in space.conditions.reasons.items()}
    axes = [(path, f"{axis}{unless.get(path, '')}") for path, axis in space.axes.items()]
    of_bundles = space.branches.one_ofs if space.branches else ()
    settings = {path for one_of in of_bundles for path in one_of.settings}
    left_out = {*space.axes, *settings, *idle_everywhere(space)}
    fixed = [(section, _fixed_settings(space, section, left_out)) for section in _FIXED_SECTIONS]
    storage = [
        ("shared features", f"{_mebibytes(footprint.features)} on each machine"),
        ("checkpoints", f"{_mebibytes(footprint.checkpoints)} at most, none at the end"),
        ("results", f"{where}; {_mebibytes(footprint.results)} at most"),
    ]
    return [
        KeyValues([*axes, *fixed, *_size(space, plan), *_resources(space.settings, plan), *storage])
    ]


def diagnosis_blocks(
    diagnoses: "Mapping[Similarity, Sequence[SigmaDiagnosis]]",
) -> list[Block]:
    """A table of the ties at each σ, for each similarity."""
    return [_diagnosis_table(similarity, rows) for similarity, rows in diagnoses.items()]


def _fixed_settings(space: "Space", section: str, left_out: Collection[str]) -> str:
    tree = getattr(space.settings, section).model_dump(mode="json", exclude_none=True)
    return ", ".join(
        f"{name} {_without_axes(space, f'{section}.{name}', value)}"
        for name, value in tree.items()
        if f"{section}.{name}" not in left_out
    )


def _without_axes(space: "Space", path: str, value: object) -> object:
    """A value; where an entry of a list is an axis, `axis` in its place."""
    if not isinstance(value, list):
        return value
    entries = ("axis" if f"{path}.{i}" in space.axes else str(v) for i, v in enumerate(value))
    return f"[{', '.join(entries)}]"


def _size(space: "Space", plan: "SweepPlan") -> list[tuple[str, str]]:
    settings = space.settings
    shortest, longest = plan.steps
    steps = f"{shortest:,} … {longest:,}" if shortest < longest else f"{longest:,}"
    baselines = ", ".join(settings.search.baseline_names) or "none"
    samples, fractions = plan.rungs.samples, plan.rungs.fractions
    rungs = ", ".join(f"{count:,}" for count in samples) + " samples" if samples else "none"
    if fractions:
        shares = ", ".join(formatting.percent(part) for part in fractions)
        rungs = f"{shares} of each trial's own schedule"
    return [
        ("pairs", ", ".join(f"{count:,} {split}" for split, count in plan.pairs.items())),
        ("epochs", f"{settings.budget.epochs}"),
        ("steps per trial", steps),
        ("samples of one trial", f"{plan.full_samples:,} over the full data"),
        ("trials", f"{settings.search.runs}, baselines first: {baselines}"),
        *_own_trials(space),
        *_shares(space, plan),
        ("full budget", f"{plan.full_budget:,} samples if all trials train on the full data"),
        ("rungs at", rungs),
        *_difficulties(settings, plan),
        ("objective", f"{space.objective} ({space.objective.direction})"),
        ("confirmation", _confirmation(settings)),
    ]


def _difficulties(settings: "Settings", plan: "SweepPlan") -> list[tuple[str, str]]:
    """What is computed before the trials, once for all of them, and what it costs."""
    parts = []
    for label, samples in plan.difficulties.items():
        cost = ""
        if samples:
            share = formatting.percent(samples / plan.full_budget)
            cost = (
                f", which trains {settings.backbone.name} on {samples:,} samples of full data"
                f" ({share} of the full budget)"
            )
        parts.append(f"{label}{cost}")
    return [("computed before trials", "; ".join(parts))] if parts else []


def _own_trials(space: "Space") -> list[tuple[str, str]]:
    """Full data's own trials, where there are any."""
    if not space.full_data_trials:
        return []
    axes = ", ".join(full_data_axes(space.axes))
    return [("full data's own", f"{space.full_data_trials} trials, which tune the control: {axes}")]


def _shares(space: "Space", plan: "SweepPlan") -> list[tuple[str, str]]:
    """Each share that is searched by itself, with its trials and the range of α in reach."""
    parts = []
    for stratum in strata(space, plan.pairs["train"]).values():
        search, alpha = stratum.space.settings.search, stratum.space.axes.get("curriculum.alpha")
        within = "" if alpha is None else f" with alpha {alpha}"
        parts.append(f"{100 * stratum.share:g} % in {search.trials} trials{within}")
    return [("shares of full data", "; ".join(parts))] if parts else []


def _confirmation(settings: "Settings") -> str:
    confirm = settings.confirm
    if not settings.confirms:
        return "none"
    seeds = f"{confirm.seeds} seeds each"
    if confirm.max_seeds > confirm.seeds:
        seeds += f", up to {confirm.max_seeds} while they may decide a comparison"
    finalists = formatting.counted(confirm.finalists, "finalist")
    return f"{finalists} against {', '.join(confirm.controls)}; {seeds}"


def _resources(settings: "Settings", plan: "SweepPlan") -> list[tuple[str, str]]:
    cores = sum(machine.cpus for machine in plan.machines)
    gpus = sum(machine.gpus for machine in plan.machines)
    where = f" on {len(plan.machines)} machines" if len(plan.machines) > 1 else ""
    share = (
        f"{settings.resources.cpus:g} of {cores:g} cores,"
        f" {settings.resources.gpus:g} of {gpus:g} GPUs{where}"
    )
    return [("one trial uses", share), ("parallel trials", str(plan.parallel_trials))]


def _mebibytes(count: int | None) -> str:
    return "unknown without the index" if count is None else f"{count / 2**20:,.1f} MiB"


def _diagnosis_table(similarity: "Similarity", rows: "Sequence[SigmaDiagnosis]") -> Table:
    cells = [
        [
            f"{row.sigma:g}",
            formatting.percent(row.alone),
            str(row.distinct),
            formatting.percent(row.largest_tie),
        ]
        for row in spread(rows, _MAX_SIGMAS)
    ]
    head = ("σ", "pairs without look-alikes", "distinct counts", "largest tie")
    return Table(head, cells, title=f"Ties at each σ, similarity {similarity}")
