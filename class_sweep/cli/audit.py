"""`class-sweep audit`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from class_sweep.cli.arguments import AllowPickle, Plugins
from class_sweep.cli.locations import path_argument, require_writable, write_output

if TYPE_CHECKING:
    from class_sweep.preparation.audit_report import Audit


def audit(
    file: Annotated[
        Path,
        typer.Argument(
            parser=path_argument,
            metavar="FILE",
            help="A search space, or a table of texts and SMILES.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=path_argument,
            metavar="TABLE",
            help="Write the ranked pairs as CSV.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--page",
            parser=path_argument,
            metavar="PAGE",
            help="Write an HTML page of the most suspect pairs, with molecules drawn.",
        ),
    ] = None,
    train: Annotated[
        bool,
        typer.Option(
            "--train",
            help="Rank the training pairs also by their margins in a short training of the space's"
            " backbone.",
        ),
    ] = False,
    smiles: Annotated[str, typer.Option(help="The column of a table with the SMILES.")] = "smiles",
    text: Annotated[str, typer.Option(help="The column of a table with the texts.")] = "text",
    id_column: Annotated[
        str | None, typer.Option("--id", help="The column of a table with the ids.")
    ] = None,
    allow_pickle: AllowPickle = False,
    plugin: Plugins = None,
) -> None:
    """Show which pairs are probably wrong, worst first, and estimate their share.

    Example: `class-sweep audit pairs.csv -o suspects.csv --page suspects.html`
    """
    from class_sweep.config.plugin_files import load_plugins
    from class_sweep.data.molecule import draw
    from class_sweep.encoders.pickles import pickles_allowed
    from class_sweep.errors import ConfigError
    from class_sweep.rendering.terminal import make_console, print_blocks
    from class_sweep.report.audit_page import audit_blocks, audit_page, audit_table

    load_plugins(plugin)
    is_space = file.suffix in {".yaml", ".yml"}
    if train and not is_space:
        raise ConfigError(
            f"--train needs a search space, which names a backbone, got {file}; write one with"
            " data: {source: table}"
        )
    require_writable("--out", out)
    require_writable("--page", html)
    with pickles_allowed(allow_pickle):
        found = (
            _audit_space(file, train=train)
            if is_space
            else _audit_table(file, smiles, text, id_column)
        )
    print_blocks(make_console(), audit_blocks(found))
    if out:
        write_output(out, audit_table(found))
        typer.echo(f"wrote {out}", err=True)
    if html:
        write_output(html, audit_page(found, draw))
        typer.echo(f"wrote {html}", err=True)


def _audit_space(file: Path, *, train: bool) -> "Audit":
    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import load_space
    from class_sweep.data.corpus import load_pairs
    from class_sweep.preparation.audit import audit, encode_pairs, require_enough, training_margins
    from class_sweep.preparation.clock import Clock
    from class_sweep.preparation.prepare import prepare
    from class_sweep.rendering.terminal import make_console
    from class_sweep.report.live_view import LiveView

    space, cache = load_space(file), ArrayCache(default_cache_folder())
    with LiveView(make_console(stderr=True), space.objective) as view:
        if train:
            prepared = prepare(space, cache, Clock(), view)
            pairs, features = prepared.pairs, prepared.features
            require_enough(pairs)
            view.on_stage("audit")
            margins = training_margins(space, features)
            return audit(space.name, pairs, features.text, features.molecule[: len(pairs)], margins)
        view.on_stage("data")
        space.require_inputs()
        pairs = load_pairs(space.settings.data)
        require_enough(pairs)
        view.on_stage("encoders")
        encoders = space.settings.text_encoder, space.settings.molecule_encoder
        texts, molecules = encode_pairs(pairs, *encoders, cache=cache, progress=view.on_progress)
        view.on_stage("audit")
        return audit(space.name, pairs, texts, molecules)


def _audit_table(file: Path, smiles: str, text: str, id_column: str | None) -> "Audit":
    """Audit all rows of a table with encoders that need no download."""
    from dataclasses import replace

    import numpy as np

    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.inputs import Columns, LsaEncoder, MorganEncoder, TableData
    from class_sweep.data.corpus import load_pairs
    from class_sweep.preparation.audit import audit, encode_pairs, require_enough

    columns = Columns(smiles=smiles, text=text, id=id_column)
    pairs = load_pairs(TableData(source="table", path=file, columns=columns))
    require_enough(pairs)
    pairs = replace(pairs, split=np.zeros_like(pairs.split))  # no split is held out of an audit
    encoders = LsaEncoder(dimensions=min(512, len(pairs) // 4)), MorganEncoder(kind="morgan")
    cache = ArrayCache(default_cache_folder())
    texts, molecules = encode_pairs(pairs, *encoders, cache=cache, progress=lambda *_: None)
    return audit(file.stem, pairs, texts, molecules)
