"""`class-sweep check`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from class_sweep.cli.arguments import Address, SpaceFile, StorageOption
from class_sweep.cli.locations import new_storage

if TYPE_CHECKING:
    from class_sweep.config.document import Space
    from class_sweep.config.sections import Settings
    from class_sweep.difficulty.diagnosis import SigmaDiagnosis
    from class_sweep.difficulty.similarity import Similarity
    from class_sweep.preparation.capacity import Machine
    from class_sweep.preparation.plan import SweepPlan

_SIGMAS_SHOWN = 9


def check(
    file: SpaceFile,
    index: Annotated[
        bool,
        typer.Option(help="Also encode the pairs and count look-alikes (cached for `run`)."),
    ] = True,
    storage: StorageOption = None,
    address: Address = None,
) -> None:
    """Show what a space would run, and everything that is wrong with it. Trains nothing.

    With `--storage`, also whether a copy of the results can be kept there.

    Example: `class-sweep check search_spaces/demo.yaml --no-index`
    """
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import load_space
    from class_sweep.curriculum.space_warnings import space_warnings
    from class_sweep.preparation.footprint import most_on_disk, results_bytes
    from class_sweep.preparation.plan import plan_sweep, require_resources
    from class_sweep.preparation.prepare import Clock, load_checked_pairs, prepare
    from class_sweep.report.live import LiveView
    from class_sweep.tuning.pruners.registry import pruning_notes
    from class_sweep.tuning.samplers import sampler_notes

    console = Console()
    space = load_space(file)
    place = new_storage(storage, Path("results") / file.stem)
    if place:
        place.require_usable()
    diagnoses: dict[Similarity, list[SigmaDiagnosis]] = {}
    shared = disk = None
    warnings = [*space_warnings(space), *sampler_notes(space), *pruning_notes(space)]
    with _machines(space, address) as machines:
        at_a_time = require_resources(space, machines)
        if index:
            with LiveView(console, space.objective) as view:
                prepared = prepare(space, ArrayCache(default_cache_folder()), Clock(), view)
            pairs, diagnoses = prepared.pairs, prepared.diagnoses
            shared = sum(array.nbytes for array in prepared.features.arrays().values())
            disk = most_on_disk(space, prepared.features, at_a_time)
            warnings += prepared.warnings
        else:
            pairs = load_checked_pairs(space)
    plan = plan_sweep(space, pairs, machines)
    results = results_bytes(space, len(plan.rungs), plan.pairs["validation"])
    table = _plan_table(space, plan, shared, disk)
    where = f"results/{file.stem}-TIME" + (f", with a copy below {storage}" if storage else "")
    table.add_row("results", f"{where}; {_size(results)} at most")
    console.print(table)
    for similarity, found in diagnoses.items():
        console.print(_sigma_table(similarity, found))
    for warning in warnings:
        console.print(f"[yellow]warning:[/yellow] {warning}", highlight=False, soft_wrap=True)


@contextmanager
def _machines(space: "Space", address: str | None) -> "Iterator[Sequence[Machine]]":
    """Where the trials would run: the nodes of a cluster that is joined meanwhile, or here."""
    from class_sweep.execution.cluster.address import cluster_address
    from class_sweep.preparation.plan import this_machine

    cluster = cluster_address(address)
    if cluster is None:
        yield [this_machine()]
        return
    from class_sweep.execution.cluster.runtime import JoinedCluster

    resources = space.settings.resources
    with JoinedCluster(cluster, space) as joined:
        # What may be launched is there already, as far as it was.
        yield max(
            (joined.machines(), joined.launchable),
            key=lambda machines: sum(machine.holds(resources) for machine in machines),
        )


def _plan_table(space: "Space", plan: "SweepPlan", shared: int | None, disk: int | None) -> Table:
    settings = space.settings
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for path, axis in space.axes.items():
        table.add_row(path, str(axis))
    table.add_section()
    for section in ("data", "text_encoder", "molecule_encoder", "backbone", "curriculum"):
        _fixed(table, space, section)
    _fixed(table, space, "optimizer")
    shortest, longest = plan.steps
    cores = sum(machine.cpus for machine in plan.machines)
    gpus = sum(machine.gpus for machine in plan.machines)
    where = f" on {len(plan.machines)} machines" if len(plan.machines) > 1 else ""
    rungs = ", ".join(f"{samples:,}" for samples in plan.rungs) or "none"
    for name, value in (
        ("pairs", ", ".join(f"{count:,} {split}" for split, count in plan.pairs.items())),
        ("epochs", f"{settings.budget.epochs}"),
        (
            "steps per trial",
            f"{shortest:,} … {longest:,}" if shortest < longest else f"{longest:,}",
        ),
        ("samples of one trial", f"{plan.full_samples:,} over the full data"),
        (
            "trials",
            f"{settings.search.runs}, {', '.join(settings.search.baselines) or 'none'} first",
        ),
        ("full budget", f"{plan.full_budget:,} samples if nothing were pruned or left out"),
        ("rungs at", f"{rungs} samples"),
        ("objective", f"{space.objective} ({space.objective.direction})"),
        ("then confirmed", _confirmation(settings)),
        (
            "one trial holds",
            f"{settings.resources.cpus:g} of {cores:g} cores,"
            f" {settings.resources.gpus:g} of {gpus:g} GPUs{where}",
        ),
        ("trials at a time", str(plan.at_a_time)),
        ("all of them share", f"{_size(shared)} of features on each machine"),
        ("on disk", f"{_size(disk)} of checkpoints at most, none when it is done"),
    ):
        table.add_row(name, value)
    return table


def _confirmation(settings: "Settings") -> str:
    wanted = settings.confirm
    if not settings.confirms:
        return "nothing"
    each = f"{wanted.seeds} seeds each"
    if wanted.max_seeds > wanted.seeds:
        each += f", up to {wanted.max_seeds} where these may settle it"
    return f"{wanted.finalists} finalists against {', '.join(wanted.controls)}; {each}"


def _size(count: int | None) -> str:
    return "not known without the index:" if count is None else f"{count / 2**20:,.1f} MiB"


def _fixed(table: Table, space: "Space", section: str) -> None:
    tree = getattr(space.settings, section).model_dump(mode="json", exclude_none=True)
    values = (f"{k} {v}" for k, v in tree.items() if f"{section}.{k}" not in space.axes)
    table.add_row(section, ", ".join(values))


def _sigma_table(similarity: "Similarity", diagnoses: "list[SigmaDiagnosis]") -> Table:
    title = f"what σ tells apart, by {similarity}"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for column in ("σ", "pairs without look-alikes", "distinct counts", "largest tie"):
        table.add_column(column, justify="right")
    every = max(1, len(diagnoses) // _SIGMAS_SHOWN)
    shown = [*diagnoses[:-1:every], diagnoses[-1]]
    for one in shown:
        table.add_row(
            f"{one.sigma:g}", f"{one.alone:.1%}", str(one.distinct), f"{one.largest_tie:.1%}"
        )
    return table
