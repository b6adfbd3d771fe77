"""The reference of result files, from the models that read and write them."""

import inspect
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from markup import attributes, table
from pydantic import TypeAdapter
from schema_text import type_text

from class_sweep.results.confirmation_log import ConfirmationRun
from class_sweep.results.environment import Environment
from class_sweep.results.json_files import ResultsModel
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary
from class_sweep.results.test_log import TestReading
from class_sweep.results.verdict import Verdict

FILES: dict[str, type] = {
    "trials.jsonl": Record,
    "summary.json": SweepSummary,
    "confirm.jsonl": ConfirmationRun,
    "verdict.json": Verdict,
    "test.jsonl": TestReading,
    "environment.json": Environment,
}

_HEAD = """\
# Result files

This page is generated from the models that write and read the JSON files of a
[results folder](results-folder.md). A `.jsonl` file has one JSON object for each line. A file of
another shape is one error that names the file, the key and what was expected.
"""


def render() -> str:
    """The page."""
    parts = [_HEAD]
    shown: list[type] = []
    for name, model in FILES.items():
        parts += [f"## {name}\n", _model(model)]
        for inner in _inner(model):
            if inner not in shown:
                shown.append(inner)
                parts += [f"### {inner.__name__}\n", _model(inner)]
    return "\n".join(parts)


def _model(model: type) -> str:
    described = attributes(model)
    properties = TypeAdapter(model).json_schema()["properties"]
    names = _names(model)
    rows = [
        [f"`{key}`", described.get(names.get(key, key), ""), _type(entry)]
        for key, entry in properties.items()
    ]
    summary = (inspect.getdoc(model) or "").split("\n\nAttributes:")[0]
    return f"{summary}\n\n{table(['key', 'meaning', 'type'], rows)}\n"


def _names(model: type) -> dict[str, str]:
    """Key in the file to the attribute, where they differ."""
    fields = getattr(model, "model_fields", {})
    return {field.alias: name for name, field in fields.items() if field.alias}


def _type(entry: dict[str, Any]) -> str:
    options = entry.get("anyOf", [entry])
    return " or ".join(dict.fromkeys(type_text(option) for option in options))


def _inner(model: type) -> Iterator[type]:
    """The models inside a model, outermost first."""
    for annotation in get_type_hints(model).values():
        yield from _models(annotation)


def _models(annotation: Any) -> Iterator[type]:
    if inspect.isclass(annotation) and issubclass(annotation, ResultsModel):
        yield annotation
        yield from _inner(annotation)
    else:
        for argument in get_args(annotation):
            yield from _models(argument)
