"""`class-sweep check`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from class_sweep.cli.arguments import Address, AllowPickle, Plugins, SpaceFile, StorageOption

if TYPE_CHECKING:
    from rich.console import Console

    from class_sweep.config.document import Space
    from class_sweep.preparation.capacity import Machine
    from class_sweep.preparation.difficulty_indexes import MakeExecutor
    from class_sweep.preparation.plan import SweepPlan
    from class_sweep.preparation.prepare import Prepared
    from class_sweep.rendering.blocks import Block


def check(
    file: SpaceFile,
    index: Annotated[
        bool,
        typer.Option(help="Also encode the pairs and count look-alikes (cached for `run`)."),
    ] = True,
    time: Annotated[
        bool,
        typer.Option(help="Also train a second of steps, and print how long all takes."),
    ] = True,
    price: Annotated[
        float | None,
        typer.Option(min=0.0, help="The price of an hour of one machine: print the cost."),
    ] = None,
    storage: StorageOption = None,
    address: Address = None,
    allow_pickle: AllowPickle = False,
    plugin: Plugins = None,
) -> None:
    """Check a search space and show what it would run, and for how long. Writes nothing.

    Every mistake of the file is listed. With `--storage`, the storage is checked too. The times are
    those of this machine, by a second of real steps; `--no-index` and `--no-time` leave them out.

    Example: `class-sweep check search_spaces/demo.yaml --no-index`
    """
    from class_sweep.api.locations import new_storage
    from class_sweep.config.document import load_space
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.confirmation.notes import confirmation_notes
    from class_sweep.encoders.pickles import pickles_allowed
    from class_sweep.preparation.footprint import max_checkpoint_bytes, results_bytes
    from class_sweep.preparation.plan import plan_sweep, require_resources
    from class_sweep.preparation.rules import load_checked_pairs
    from class_sweep.rendering.blocks import Block, Text
    from class_sweep.rendering.terminal import make_console, print_blocks
    from class_sweep.report.tables.sweep_plan import Footprint, diagnosis_blocks, plan_blocks
    from class_sweep.testing.own_parts import require_contracts

    load_plugins(plugin)
    console = make_console()
    space = load_space(file)
    require_contracts(space)
    copy = new_storage(storage, Path("results") / file.stem)
    if copy:
        copy.require_usable()
    warnings = _warnings(space)
    features = checkpoints = prepared = None
    tables: list[Block] = []
    with _machines(space, address) as machines:
        parallel_trials = require_resources(space, machines)
        if index:
            with pickles_allowed(allow_pickle):
                prepared = _prepare(space, address, console)
            pairs = prepared.pairs
            tables = diagnosis_blocks(prepared.diagnoses)
            features = sum(array.nbytes for array in prepared.features.arrays().values())
            checkpoints = max_checkpoint_bytes(space, prepared.features, parallel_trials)
            warnings += prepared.warnings
        else:
            pairs = load_checked_pairs(space)
    plan = plan_sweep(space, pairs, machines)
    warnings += confirmation_notes(space, plan.pairs["validation"])
    where = f"results/{file.stem}-TIME" + (f", with a copy below {storage}" if storage else "")
    results = results_bytes(space, len(plan.rungs.samples), plan.pairs["validation"])
    footprint = Footprint(features, checkpoints, results)
    if prepared is not None and time:
        tables = [*_times(space, plan, prepared, price), *tables]
    notes = [Text(warning, "warning") for warning in warnings]
    print_blocks(console, [*plan_blocks(space, plan, footprint, where), *tables, *notes])


def _warnings(space: "Space") -> list[str]:
    """The warnings about a space that need no data."""
    from class_sweep.config.idle_warnings import idle_warnings
    from class_sweep.curriculum.space_warnings import space_warnings
    from class_sweep.tuning.pruners.pruner import pruning_notes
    from class_sweep.tuning.samplers.sampler import make_sampler
    from class_sweep.tuning.warm_start import read_warm_start, warm_start_notes

    warm = read_warm_start(space)
    return [
        *idle_warnings(space),
        *space_warnings(space),
        *make_sampler(space).notes(),
        *pruning_notes(space),
        *(warm_start_notes(warm) if warm else []),
    ]


def _times(
    space: "Space", plan: "SweepPlan", prepared: "Prepared", price: float | None
) -> "list[Block]":
    """The times by steps that are measured here; a note where trials need a GPU and it has none."""
    import torch

    from class_sweep.preparation.step_time import measure_costs, warm_up
    from class_sweep.rendering.blocks import Text
    from class_sweep.report.tables.sweep_times import time_blocks
    from class_sweep.tuning.time_plan import SweepSize

    gpu = space.settings.resources.gpus > 0
    if gpu and not torch.cuda.is_available():
        return [Text("No times: trials use a GPU, and this machine has none to measure on.")]
    warm_up(space, prepared.features, gpu=gpu)
    measured = measure_costs(space, prepared.features, gpu=gpu)
    size = SweepSize.of(space, plan.pairs["train"])
    return time_blocks(size, measured, plan.parallel_trials, len(plan.machines), price)


def _prepare(space: "Space", address: str | None, console: "Console") -> "Prepared":
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.preparation.clock import Clock
    from class_sweep.preparation.prepare import prepare
    from class_sweep.report.live_view import LiveView

    with LiveView(console, space.objective) as view:
        cache = ArrayCache(default_cache_folder())
        return prepare(space, cache, Clock(), view, executor=_executor(address), train=False)


def _executor(address: str | None) -> "MakeExecutor | None":
    """What counts a large index: the nodes of a cluster that is joined, or this process."""
    from class_sweep.execution.cluster.address import cluster_address

    if cluster_address(address) is None:
        return None
    from class_sweep.execution.cluster.distributed_index import cluster_executor

    return cluster_executor


@contextmanager
def _machines(space: "Space", address: str | None) -> "Iterator[Sequence[Machine]]":
    """The machines for the trials: the nodes of a cluster, joined meanwhile, or this machine."""
    from class_sweep.execution.cluster.address import cluster_address
    from class_sweep.execution.cluster.local_requirements import require_local_ray
    from class_sweep.preparation.plan import this_machine

    cluster = cluster_address(address)
    if cluster is None:
        require_local_ray()
        yield [this_machine()]
        return
    from class_sweep.execution.cluster.runtime import JoinedCluster

    resources = space.settings.resources
    with JoinedCluster(cluster, space) as joined:
        # The nodes that are up, or all that the autoscaler may start: whichever hold more trials.
        yield max(
            (joined.machines(), joined.launchable),
            key=lambda machines: sum(machine.holds(resources) for machine in machines),
        )
