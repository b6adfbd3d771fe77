"""The reference of commands, from the Typer application."""

from collections.abc import Iterator
from typing import Any

import typer
from markup import table
from typer.core import TyperCommand, TyperGroup

from class_sweep.cli.main import app

_HEAD = """\
# Commands

This page is generated from the command line itself. `class-sweep COMMAND --help` prints the same.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a run failed |
| 2 | the input was wrong; nothing was written |
| 130 | interrupted; the last line says how to continue |
"""


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Each command with its full name, those of a group included."""
    yield from _below(typer.main.get_command(app), "")


def _below(group: Any, prefix: str) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _below(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def render() -> str:
    """The page."""
    return "\n".join([_HEAD, *(_command(name, command) for name, command in commands())])


def _command(name: str, command: TyperCommand) -> str:
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context))
    records = [parameter.get_help_record(context) for parameter in command.params]
    rows = [[f"`{record[0].strip()}`", record[1]] for record in records if record]
    return (
        f"## class-sweep {name}\n\n```text\nclass-sweep {name} {usage}\n```\n\n{command.help}\n\n"
        f"{table(['argument or option', 'meaning'], rows)}\n"
    )
