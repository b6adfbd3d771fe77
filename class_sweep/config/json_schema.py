"""The JSON schema of a space file, for editors and validators.

It is derived from the settings models and the registries, so every registered component is in it.
Its version is draft-07, which every release of the YAML language server supports. There a `$ref`
hides the description beside it, so each one is replaced by what it names.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo

from class_sweep.base.limits import MAX_INTEGER
from class_sweep.config.axes import SECTIONS
from class_sweep.config.axis_schema import Schema, with_axes
from class_sweep.config.bundles import ONE_OF
from class_sweep.config.component_settings import ComponentSettings
from class_sweep.config.controls import CONTROLS
from class_sweep.config.curriculum import Curriculum, function_sections
from class_sweep.config.named_schedule import SCHEDULE_FILE, SCHEDULE_NAME, NamedSchedule
from class_sweep.config.objective import objective_names
from class_sweep.config.registry import Registry
from class_sweep.config.section import Section
from class_sweep.config.sections import Settings

SCHEMA_FILE = "space.schema.json"
SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
"""The first line of a space file: it names the schema, a file beside it, to an editor."""
_BUNDLES = {
    "type": "array",
    "items": {"type": "object", "minProperties": 1},
    "minItems": 2,
    "description": "bundles of settings that belong together: a trial has one of them",
}
_WIDTH = 160  # characters of a line, indentation included


def space_schema() -> Schema:
    """The JSON schema of a space file.

    Raises:
        ConfigError: If the settings of a registered component cannot be imported.
    """
    schema = _section(Settings)
    schema["properties"] = {
        name: _setting(name, field, schema["properties"][name])
        for name, field in Settings.model_fields.items()
    }
    schema["properties"][ONE_OF] = _BUNDLES
    schema["properties"]["objective"]["enum"] = sorted(objective_names(), key=len)
    baselines = schema["properties"]["search"]["properties"]["baselines"]
    baselines["items"] = {"anyOf": [SCHEDULE_FILE, baselines["items"]]}
    confirm = schema["properties"]["confirm"]["properties"]
    confirm["controls"]["items"] = {"anyOf": [{"enum": list(CONTROLS)}, SCHEDULE_NAME]}
    anchors = {"description": "anchors for merge keys; it holds no settings"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **schema,
        "description": "a search space: settings of a trial and of its sweep, some with an axis",
        "patternProperties": {"^x-": anchors},
    }


def schema_text() -> str:
    """The JSON schema of a space file as text; what fits into a line has one."""
    return f"{_lines(space_schema(), 0)}\n"


def _lines(value: Any, depth: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or 2 * depth + len(line) <= _WIDTH:
        return line
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    parts = (
        [f"{json.dumps(name)}: {_lines(part, depth + 1)}" for name, part in value.items()]
        if isinstance(value, dict)
        else [_lines(part, depth + 1) for part in value]
    )
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    return f"{opening}{inner}{f',{inner}'.join(parts)}{outer}{closing}"


def _setting(name: str, field: FieldInfo, plain: Schema) -> Schema:
    """The schema of a section of the file, or of a setting outside all sections."""
    model = field.annotation
    if not (isinstance(model, type) and issubclass(model, Section)):
        return plain
    if issubclass(model, ComponentSettings) and "registry" in vars(model):
        return {"description": field.description} | _components(name, model)
    return _section_with_axes(name, model)


def _components(name: str, kind: type[ComponentSettings]) -> Schema:
    """The schema of a section that names a component and holds its settings."""
    registry = kind.registry
    label = {"enum": list(registry), "description": f"the name of the {registry.kind}"}
    chosen = [
        {"if": _names(registry, component), "then": _section_with_axes(name, section)}
        for component, section in kind.sections().items()
    ]
    is_required = registry.default is None and not registry.implied
    return {
        "type": "object",
        "properties": {registry.key: label},
        **({"required": [registry.key]} if is_required else {}),
        "allOf": chosen,
    }


def _names(registry: Registry[Any], component: str) -> Schema:
    """The schema of the sections that name a component; see `Registry.name_in`."""
    named = {"properties": {registry.key: {"const": component}}, "required": [registry.key]}
    ways: list[Schema] = [named]
    implying = [setting for setting, name in registry.implied.items() if name == component]
    ways += [{"required": [s], "not": {"required": [registry.key]}} for s in implying]
    if component == registry.default:
        others = [registry.key, *registry.implied]
        ways.append({"not": {"anyOf": [{"required": [setting]} for setting in others]}})
    return ways[0] if len(ways) == 1 else {"anyOf": ways}


def _section_with_axes(name: str, model: type[Section]) -> Schema:
    schema = _section(model)
    if name in SECTIONS:
        schema["properties"] = with_axes(name, schema["properties"]) | {ONE_OF: _BUNDLES}
    return schema


def _section(model: type[Section]) -> Schema:
    """The schema of a section whose settings are all plain values."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    if NamedSchedule.__name__ in definitions:
        definitions[NamedSchedule.__name__] = _section(NamedSchedule)
    if issubclass(model, Curriculum):
        for section in function_sections():
            schema["properties"] |= _section(section)["properties"]
        schema["additionalProperties"] = False
    plain: Schema = _plain(schema, definitions)
    return plain | {"description": " ".join((inspect.getdoc(model) or "").split())}


def _plain(value: Any, definitions: Mapping[str, Any]) -> Any:
    """A part of pydantic's schema without references, and without what tells an editor nothing."""
    if isinstance(value, list):
        return [_plain(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if reference := value.get("$ref"):
        named = definitions[reference.rpartition("/")[2]]
        value = named | {word: part for word, part in value.items() if word != "$ref"}
    settings = value.get("properties")
    kept = {
        word: _plain(part, definitions)
        for word, part in value.items()
        if word not in {"title", "properties"}
        and not (word == "default" and (part is None or isinstance(part, dict)))
    }
    if settings is not None:  # a setting may have the name of a keyword
        kept["properties"] = {name: _plain(entry, definitions) for name, entry in settings.items()}
    if value.get("format") == "path":
        kept["minLength"] = 1
    if value.get("type") == "integer" and not {"maximum", "exclusiveMaximum", "enum"} & set(value):
        kept["maximum"] = MAX_INTEGER
    return kept
