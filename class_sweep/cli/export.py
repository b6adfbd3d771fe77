"""`class-sweep export`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from class_sweep.cli.arguments import Plugins, Results
from class_sweep.cli.locations import open_results, path_argument, require_writable, write_output
from class_sweep.cli.streams import print_document

if TYPE_CHECKING:
    from class_sweep.config.document import Space
    from class_sweep.results.folder import ResultsFolder
    from class_sweep.results.record import Record


class Format(StrEnum):
    """The tool that reads an export."""

    YAML = "yaml"
    RAY = "ray"
    OPTUNA = "optuna"
    HYDRA = "hydra"


def export(
    results: Results,
    top: Annotated[int, typer.Option(min=1, help="The number of trials, the best first.")] = 1,
    for_: Annotated[
        Format,
        typer.Option(
            "--format",
            help="yaml: a configuration for this tool. ray, optuna: a Python module with the axes"
            " and the trials. hydra: a configuration with the axes for its sweeper.",
        ),
    ] = Format.YAML,
    at: Annotated[
        float | None,
        typer.Option(
            help="The best configuration that takes at most this share of full data's samples, for"
            " example 0.75; a confirmed one if there is one."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=path_argument,
            metavar="FILE",
            help="The file, also in a new folder; several files get a number each.",
        ),
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Write the best finished trials as files for this tool or another one.

    The ranking is that of the search, with one run for each trial. The result of a confirmation is
    in best.yaml. With `--at 0.75` it is the best configuration for three quarters of full data's
    samples.

    Example: `class-sweep export results/first --top 3 -o best.yaml`
    """
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.errors import ResultsError
    from class_sweep.results.at_share import best_at_share
    from class_sweep.results.exporters import on_axes
    from class_sweep.results.folder import ResultsFolder
    from class_sweep.results.provenance import load_begun, require_known_settings
    from class_sweep.results.trials import trials_of

    load_plugins(plugin)
    require_writable("--out", out)
    if at is not None:
        _require_share(at, alone=top == 1 and for_ is Format.YAML)
    with open_results(results) as opened:
        folder = ResultsFolder.existing(opened.path)
        space = load_begun(folder)
        ranked = trials_of(folder.records()).ranked(space.objective)
        if at is not None:
            text, note = best_at_share(space, folder, ranked, at)
            typer.echo(note, err=True)
            _write([text], out)
            return
        if for_ in {Format.RAY, Format.OPTUNA}:
            ranked = on_axes(space, ranked)
        if not ranked:
            raise ResultsError(f"an export needs a finished trial, got none so far: {results}")
        require_known_settings(space, ranked[:top])
        _write(_texts(space, ranked, top, for_, folder), out)


def _require_share(share: float, *, alone: bool) -> None:
    from class_sweep.config.section import fraction_text

    if not 0 < share <= 1:
        hint = f"; write {fraction_text(share / 100)}" if 1 < share <= 100 else ""
        raise typer.BadParameter(f"--at must be a fraction in (0, 1], got {share:g}{hint}")
    if not alone:
        raise typer.BadParameter(
            "--at writes one configuration as yaml, without --top and --format"
        )


def _write(texts: "list[str]", out: Path | None) -> None:
    for rank, text in enumerate(texts, start=1):
        if out is None:
            print_document(("---\n" if rank > 1 else "") + text)
            continue
        path = out if len(texts) == 1 else out.with_stem(f"{out.stem}-{rank}")
        write_output(path, text)
        typer.echo(str(path))


def _texts(
    space: "Space", ranked: "list[Record]", top: int, for_: Format, folder: "ResultsFolder"
) -> list[str]:
    from class_sweep.results.exporters import as_hydra, as_optuna, as_ray, of_best_bundles
    from class_sweep.results.space_files import trial_yaml

    name = folder.path.name

    def note(rank: int, bundles: str = "") -> str:
        return f"Rank {rank} of the finished trials in {name}{_with(bundles)}."

    def hydra(rank: int, record: "Record") -> str:
        within, [own], bundles = of_best_bundles(space, [record])
        return as_hydra(within, own, note(rank, bundles))

    annotated = list(enumerate(ranked[:top], start=1))
    if for_ in {Format.RAY, Format.OPTUNA}:  # one space for all trials
        space, ranked, bundles = of_best_bundles(space, ranked)
        ranked = ranked[:top]
        found = f"the best {len(ranked)} of the finished trials in {name}{_with(bundles)}"
        whole = f"The search space and {found}."
    match for_:
        case Format.RAY:
            return [as_ray(space, ranked, whole)]
        case Format.OPTUNA:
            return [as_optuna(space, ranked, whole)]
        case Format.HYDRA:
            return [hydra(rank, record) for rank, record in annotated]
        case Format.YAML:
            full = folder.read_summary().full_samples
            return [trial_yaml(space, record, note(rank), full) for rank, record in annotated]


def _with(bundles: str) -> str:
    return f", all with {bundles}" if bundles else ""
