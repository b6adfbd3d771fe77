"""`class-sweep replay`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"must be numbers with commas between, got {text!r}") from None


def replay(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="curves.csv of `run --record`, or its folder.")
    ],
    pruner: Annotated[
        list[str] | None, typer.Option(help="One pruner, may be repeated. Default: all of them.")
    ] = None,
    grace: Annotated[str, typer.Option(help="Epochs of grace to try, with commas.")] = "1,2,3,4",
    reduction_factor: Annotated[str, typer.Option(help="η to try, with commas.")] = "2,3,4",
    min_kept: Annotated[str, typer.Option(help="K of one_rung to try, with commas.")] = "2,4,8",
    sampler: Annotated[
        str, typer.Option(help="random, or tpe or cmaes by the axes of space.yaml beside TABLE.")
    ] = "random",
    trials: Annotated[
        int | None, typer.Option(min=2, help="Of each search, without references. Default: all.")
    ] = None,
    orders: Annotated[int, typer.Option(min=1, help="How many searches.")] = 100,
    workers: Annotated[int, typer.Option(min=1, help="Trials at a time.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of the orders.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Try pruners on recorded learning curves, without training: what they save, what they cost.

    Example: `class-sweep replay results/published/chebi20-frozen-curves --pruner asha --grace 1,3`
    """
    from class_sweep.report.replay import print_replay
    from class_sweep.tuning.replay.replaying import replay_table, settings_to_try

    tried = settings_to_try(pruner, _numbers(grace), _numbers(reduction_factor), _numbers(min_kept))
    tree: dict[str, Any] = replay_table(
        table, tried, sampler, orders=orders, trials=trials, workers=workers, seed=seed
    )
    if as_json:
        typer.echo(json.dumps(tree, indent=2, ensure_ascii=False))
    else:
        print_replay(Console(), tree)
