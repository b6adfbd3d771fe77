"""The `class-sweep` command: its subcommands, and the output of errors."""

import logging
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from class_sweep import __version__
from class_sweep.base.faults import fault_of
from class_sweep.base.text import refused_character, shortened, undecodable_byte
from class_sweep.cli.audit import audit
from class_sweep.cli.check import check
from class_sweep.cli.compare import compare
from class_sweep.cli.confirm import confirm
from class_sweep.cli.data import data_app
from class_sweep.cli.evaluate import evaluate
from class_sweep.cli.export import export
from class_sweep.cli.extend import extend
from class_sweep.cli.index import index
from class_sweep.cli.init import init
from class_sweep.cli.replay import replay
from class_sweep.cli.report import report
from class_sweep.cli.resume import rerun, resume
from class_sweep.cli.retrieve import retrieve
from class_sweep.cli.run import run
from class_sweep.cli.schema import schema
from class_sweep.cli.status import status
from class_sweep.cli.streams import protect_streams, require_output
from class_sweep.cli.train import train
from class_sweep.errors import ClassSweepError, InputError
from class_sweep.rendering.terminal import make_console, print_error, visible

app = typer.Typer(
    help="Find the best CLASS curriculum schedule for a text-molecule retrieval model.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `class-sweep check search_spaces/demo.yaml`.",
)
app.command()(init)
app.command()(run)
app.command()(check)
app.command()(index)
app.command()(audit)
app.command()(status)
app.command()(resume)
app.command()(rerun)
app.command()(extend)
app.command()(confirm)
app.command()(export)
app.command()(replay)
app.command()(report)
app.command()(compare)
app.command()(schema)
app.command()(train)
app.command()(evaluate)
app.command()(retrieve)
app.add_typer(data_app, name="data")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"class-sweep {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line. A mistake or a fault of a disk ends in one message and an exit code."""
    protect_streams()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[WarningLines()])
    try:
        require_text(sys.argv[1:])
        code = _run()
        require_output()
    except ClassSweepError as error:
        print_error(make_console(stderr=True), str(error))
        code = error.exit_code
    except Exception as error:
        if (reason := fault_of(error)) is None:
            raise
        print_error(make_console(stderr=True), reason)
        code = 1
    sys.exit(code)


def require_text(arguments: Sequence[str]) -> None:
    """Refuse arguments that can be neither printed nor written down.

    Raises:
        InputError: If an argument is no UTF-8, or holds a control character.
    """
    for argument in arguments:
        if (byte := undecodable_byte(argument)) is not None:
            raise InputError(
                f"an argument must be UTF-8, got the byte 0x{byte:02x} in {shortened(argument)}"
            )
        if found := refused_character(argument):
            raise InputError(f"an argument must be text, got {found} in {shortened(argument)}")


def _run() -> int:
    """Run a command; returns the exit code that Typer ends it with."""
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


class WarningLines(logging.Handler):
    """Prints each logged warning on standard error, above a live view if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        # Looked up each time: a live view puts its own stream there.
        print(f"{record.levelname.lower()}: {visible(self.format(record))}", file=sys.stderr)  # noqa: T201
