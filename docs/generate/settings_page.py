"""The reference of settings, from the pydantic models."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from markup import table
from schema_text import bounds_text, type_text, value_text

from class_sweep.config.section import Section
from class_sweep.config.sections import Settings

_HEAD = """\
# Settings

A space file holds these sections. This page is generated from the models that read the file.
The sections {required} are required, every other one has defaults. Within a section, a setting
without a default is required. An unknown key, a wrong type or a value outside its bounds is an
error that names the file and the line.

Any setting of `curriculum`, `optimizer` and `backbone`, except `backbone.name`, takes an
[axis](#axes) in place of a value.

## Axes

| axis | values |
|---|---|
| `{{uniform: [0.2, 0.9]}}` | numbers from low to high, both included; `step: 0.05` makes a grid |
| `{{loguniform: [1e-5, 1e-3]}}` | numbers, uniform in the logarithm |
| `{{int: [32, 256], step: 32}}` | integers; `step` is 1 unless given |
| `{{choice: [easy_first, random]}}` | one of the listed values |
"""


def sections() -> Iterator[tuple[str, list[type[Section]]]]:
    """Each section of a space file with its models: one, or one for each kind."""
    for name, field in Settings.model_fields.items():
        if models := list(_models(field.annotation)):
            yield name, models


def render() -> str:
    """The page."""
    plain = [name for name in Settings.model_fields if name not in dict(sections())]
    required = [f"`{name}`" for name, field in Settings.model_fields.items() if field.is_required()]
    parts = [
        _HEAD.format(required=", ".join(required)),
        "## Plain settings\n",
        _settings_table(Settings, only=plain),
    ]
    for name, models in sections():
        parts.append(f"## {name}\n")
        parts += [_model(model, heading=len(models) > 1) for model in models]
    return "\n".join(parts)


def _model(model: type[Section], *, heading: bool) -> str:
    parts = []
    if heading:
        kind = next(iter(model.model_fields))
        parts.append(f"### `{kind}: {_kind(model)}`\n")
    parts += [f"{inspect.getdoc(model)}\n", _settings_table(model)]
    for name, field in model.model_fields.items():
        for inner in _models(field.annotation):
            parts += [f"`{name}`: {inspect.getdoc(inner)}\n", _settings_table(inner)]
    return "\n".join(parts)


def _kind(model: type[Section]) -> str:
    field = next(iter(model.model_fields.values()))
    return str(get_args(field.annotation)[0])


def _models(annotation: Any) -> Iterator[type[Section]]:
    """The section models that a type holds, in their order; each component's for a registry."""
    if inspect.isclass(annotation) and issubclass(annotation, Section):
        if "registry" in vars(annotation):
            yield from annotation.sections().values()
        else:
            yield annotation
    else:
        for inner in get_args(annotation):
            yield from _models(inner)


def _settings_table(model: type[Section], only: list[str] | None = None) -> str:
    schema = model.model_json_schema()
    rows = [
        [f"`{name}`", *_cells(schema["properties"][name])]
        for name in (only if only is not None else model.model_fields)
    ]
    return table(["setting", "meaning", "type", "bounds", "default"], rows) + "\n"


def _cells(entry: Mapping[str, Any]) -> list[str]:
    """Meaning, type, bounds and default of one setting."""
    options = entry.get("anyOf", entry.get("oneOf", [entry]))
    options = [option for option in options if option.get("type") != "null"]
    default = entry.get("default", ...)
    return [
        entry.get("description", "the name of the component" if "const" in entry else ""),
        " or ".join(dict.fromkeys(type_text(option) for option in options)),
        "; ".join(filter(None, (bounds_text(option) for option in options))),
        "required" if default is ... else value_text(default),
    ]
