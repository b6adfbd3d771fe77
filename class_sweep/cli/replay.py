"""`class-sweep replay`."""

from pathlib import Path
from typing import Annotated

import typer

from class_sweep.cli.arguments import Json, Plugins
from class_sweep.cli.locations import path_argument
from class_sweep.cli.streams import print_json


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"{option} must be numbers with commas between, got {text!r}"
        ) from None


def replay(
    table: Annotated[
        Path,
        typer.Argument(
            parser=path_argument,
            metavar="TABLE",
            help="curves.csv of `run --record`, or its folder.",
        ),
    ],
    pruner: Annotated[
        list[str] | None, typer.Option(help="A pruner to try; may be repeated. Default: all.")
    ] = None,
    grace_epochs: Annotated[
        str, typer.Option(help="Values of grace_epochs to try, with commas between.")
    ] = "1,2,3,4",
    reduction_factor: Annotated[
        str, typer.Option(help="Values of η to try, with commas between.")
    ] = "2,3,4",
    min_kept: Annotated[
        str, typer.Option(help="Values of min_kept (one_rung) to try, with commas between.")
    ] = "2,4,8",
    rungs: Annotated[
        str,
        typer.Option(help="samples, own_schedule or both, with a comma between."),
    ] = "samples,own_schedule",
    sampler: Annotated[
        str, typer.Option(help="random; or tpe or cmaes over the axes of space.yaml beside TABLE.")
    ] = "random",
    trials: Annotated[
        int | None,
        typer.Option(min=2, help="Trials of each search, without baselines. Default: all."),
    ] = None,
    searches: Annotated[int, typer.Option(min=1, help="The number of searches.")] = 100,
    workers: Annotated[int, typer.Option(min=1, help="Parallel trials.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the searches.")] = 0,
    as_json: Json = False,
    plugin: Plugins = None,
) -> None:
    """Compare pruners on recorded learning curves: samples saved and quality lost. Trains nothing.

    Example: `class-sweep replay results/published/curves-clean --pruner asha`
    """
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.rendering.terminal import make_console, print_blocks
    from class_sweep.report.tables.pruner_replay import replay_blocks
    from class_sweep.tuning.replay.replay_table import ReplayOptions, replay_table, settings_to_try

    load_plugins(plugin)
    tried = settings_to_try(
        pruner,
        _numbers("--grace-epochs", grace_epochs),
        _numbers("--reduction-factor", reduction_factor),
        _numbers("--min-kept", min_kept),
        rungs.split(","),
    )
    options = ReplayOptions(sampler, searches, trials, workers, seed)
    result = replay_table(table, tried, options)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        print_blocks(make_console(), replay_blocks(result))
