"""Pydantic's findings as messages for people: file, line, setting, rule, then value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from class_sweep.base.text import shortened, without_comma
from class_sweep.config import axes
from class_sweep.config.component_settings import MISSING_NAME, UNKNOWN_NAME, ComponentSettings
from class_sweep.config.registry import one_of
from class_sweep.config.renamed import (
    COMMAND_LINE_SETTINGS,
    REMOVED_SETTINGS,
    RENAMED_SETTINGS,
    RENAMED_VALUES,
)
from class_sweep.config.section import fraction_of
from class_sweep.config.yaml_text import Key, YamlDocument

_TYPES = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "model": "a mapping of settings",
    "dict": "a mapping of settings",
    "path": "a path",
}
_NUMBERS = (_TYPES["float"], _TYPES["int"])
_PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(rf"\s*{_PLAIN}\s*")
_RANGE = re.compile(rf"\s*({_PLAIN})\s*(?:-|–|\.\.+|to)\s*({_PLAIN})\s*")
_FACTOR = 10  # between the ends of a range that is hinted as loguniform
_MAX_HINTED = 8  # values of a list that a hint repeats
_ENDS = (("low", "high"), ("min", "max"), ("from", "to"))  # of a range, in other tools
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake, with its location."""

    line: int
    path: str
    message: str

    def render(self, name: str) -> str:
        """`file:line: path: rule, got value`; a space in code has no lines."""
        setting = f"{self.path}: " if self.path else ""
        return f"{f'{name}:{self.line}: ' if self.line else ''}{setting}{self.message}"


def dotted(key: Key) -> str:
    """`("curriculum", "alpha")` as `curriculum.alpha`."""
    return ".".join(str(part) for part in key)


def problems_of(error: ValidationError, yaml: YamlDocument, root: type[BaseModel]) -> list[Problem]:
    """The mistakes that the validation of a file has found."""
    problems = []
    for detail in error.errors():
        key = _key_in_file(detail, yaml.tree)
        if "key" in detail.get("ctx", {}):  # the setting of a section that names its component
            key = (*key, str(detail["ctx"]["key"]))
        message = _message(detail, key, _Schema(root, yaml.tree))
        problems.append(Problem(yaml.line(key), dotted(key), message))
    return problems


def _key_in_file(detail: ErrorDetails, tree: Any) -> Key:
    """Pydantic's location as keys of the file, without the tags of unions."""
    location, key = detail["loc"], list[str | int]()
    for index, part in enumerate(location):
        last = index == len(location) - 1
        inside = (isinstance(tree, dict) and part in tree) or (
            isinstance(tree, list) and isinstance(part, int) and part < len(tree)
        )
        if inside:
            tree = tree[part]
        elif not last or (
            detail["type"] != "missing" and not _is_section_of(tree, detail["input"])
        ):
            continue  # the tag of a union
        key.append(part)
    return tuple(key)


def _is_section_of(tree: Any, value: object) -> bool:
    """Whether `value` belongs to a setting of the section `tree`, and is not the section itself."""
    return isinstance(tree, dict) and value != tree


class _Schema:
    """The sections of the settings, followed along the keys of a file.

    Args:
        root: The outermost section.
        tree: The file, which names the components that decide the sections.
    """

    def __init__(self, root: type[BaseModel], tree: Mapping[str, Any]) -> None:
        self._root = root
        self._tree = tree

    def fields(self, key: Key) -> dict[str, Any]:
        """The name and the annotation of each field of the section at `key`."""
        sections, tree = [self._root], self._tree
        for part in key:
            if isinstance(part, int):  # an item of a list has the sections of the list
                continue
            tree = tree.get(str(part), {}) if isinstance(tree, Mapping) else {}
            sections = [
                model
                for section in sections
                if part in section.model_fields
                for model in _models(section.model_fields[str(part)].annotation, tree)
            ]
        return {
            name: field.annotation
            for section in sections
            for name, field in section.model_fields.items()
        }

    def literals(self, key: Key) -> list[str]:
        """The names that the setting at `key` may have, where its type lists them."""
        while key and isinstance(key[-1], int):
            key = key[:-1]
        annotation = self.fields(key[:-1]).get(str(key[-1])) if key else None
        return list(dict.fromkeys(_names(annotation)))


def _names(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (str(value) for value in get_args(annotation))
    else:
        for inner in get_args(annotation):
            yield from _names(inner)


def _message(  # noqa: PLR0911 - one return for each kind of finding
    detail: ErrorDetails, key: Key, schema: _Schema
) -> str:
    kind, value, ctx = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "missing":
        names = schema.literals(key)
        return f"is required: {one_of(names)}" if names else "is required, and it is missing"
    if kind == "extra_forbidden":
        return _unknown_key(key, list(schema.fields(key[:-1])))
    if kind == MISSING_NAME:
        return f"is required: {one_of(ctx['known'])}"
    if "broken" in ctx:
        return str(ctx["broken"])
    if kind in ("literal_error", UNKNOWN_NAME):
        names = ctx["known"] if kind == UNKNOWN_NAME else schema.literals(key)
        if kind == UNKNOWN_NAME and "key" in ctx:
            return unknown_name(ctx["name"], names)
        return (
            _wrong_type(one_of(names), value, key)
            if axes.near_miss(value) or isinstance(value, list)
            else unknown_name(value, names)
        )
    if kind == "rule":
        rule, _, hint = detail["msg"].partition(";")
        if isinstance(value, str) and (new_value := RENAMED_VALUES.get((dotted(key), value))):
            hint = f" write {new_value}"
        return f"must be {rule}, got {value}" + (f";{hint}" if hint else "")
    if kind in _BOUNDS:
        word, bound = _BOUNDS[kind]
        return f"must be {word} {ctx[bound]}, got {value}"
    if kind == "finite_number":
        return f"must be a finite number, got {value}"
    for prefix, expected in _TYPES.items():
        if kind.startswith(prefix):
            return _wrong_type(expected, value, key)
    return f"{detail['msg']}, got {shortened(value)}"


def _wrong_type(expected: str, value: Any, key: Key) -> str:
    ends = next((ends for ends in _ENDS if isinstance(value, dict) and {*value} == {*ends}), None)
    if ends and (meant := _meant(expected, [value[end] for end in ends], key)):
        return f"must be {expected} or an axis, got {shortened(value)}; write {meant}"
    meant = axes.near_miss(value)
    if meant:
        return f"must be {expected} or an axis, got {shortened(value)}; did you mean {meant}?"
    shown = "nothing" if value is None else shortened(value)
    meant = _meant(expected, value, key)
    return f"must be {expected}, got {shown}" + (f"; write {meant}" if meant else "")


def _meant(expected: str, value: object, key: Key) -> str | None:
    """What someone meant: the axis of a list or of `0.2-0.9`, or a number in other words."""
    is_axis, is_number = len(key) == 2 and key[0] in axes.SECTIONS, expected in _NUMBERS
    if is_number and isinstance(value, str) and (ends := _RANGE.fullmatch(value)):
        value = [_number(end, expected) or end for end in ends.groups()]
    if isinstance(value, list) and is_axis and 1 < len(value) <= _MAX_HINTED:
        shown = [(is_number and _number(entry, expected)) or str(entry) for entry in value]
        kind = _range_kind(expected, shown, key) if is_number and len(value) == 2 else "choice"
        return f"{{{kind}: [{', '.join(shown)}]}}"
    return _number(value, expected) if is_number else None


def _number(value: object, expected: str) -> str | None:
    """A percentage as a fraction, a quoted number or `0,4` as a number, 1e2 as a whole number."""
    if expected == _TYPES["float"]:
        is_quoted = isinstance(value, str) and _NUMBER.fullmatch(value)
        return str(value).strip() if is_quoted else fraction_of(value) or without_comma(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return without_comma(value)


def _range_kind(expected: str, ends: Sequence[str], key: Key) -> str:
    """The kind of axis that a range is: a learning rate and its like go by factors."""
    if expected == _TYPES["int"]:
        return "int"
    if key[0] == "curriculum" or not all(map(_NUMBER.fullmatch, ends)):
        return "uniform"
    low, high = map(float, ends)
    return "loguniform" if low > 0 and high / low >= _FACTOR else "uniform"


def _unknown_key(key: Key, settings: list[str]) -> str:
    word = str(key[-1])
    if new_name := RENAMED_SETTINGS.get(dotted(key)):
        return f"must be written {new_name}, got its old name {word!r}"
    if reason := REMOVED_SETTINGS.get(dotted(key)):
        return f"must be left out, because it was removed: {reason}"
    if option := COMMAND_LINE_SETTINGS.get(dotted(key)):
        return f"must be given on the command line, as {option}, got it in a file"
    close = get_close_matches(word, settings, 1, 0.6)
    hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(settings)}"
    return f"must be a known setting, got {word!r}; {hint}"


def unknown_name(value: object, names: list[str]) -> str:
    """The mistake of a name that is none of the known ones."""
    rule = f"must be {one_of(names)}, got {shortened(value)}"
    if isinstance(value, int | float) and all(name.isdigit() for name in names):
        nearest = min(names, key=lambda name: (abs(int(name) - value), -int(name)))
        return f"{rule}; write {nearest}"
    close = get_close_matches(str(value), names, 1)
    return f"{rule}; did you mean {close[0]}?" if close else rule


def _models(annotation: Any, tree: Any) -> Iterator[type[BaseModel]]:
    """The sections that an annotation allows for `tree`, through unions and `Annotated`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield (
            annotation.section_of(tree) if issubclass(annotation, ComponentSettings) else annotation
        )
    elif get_origin(annotation) is not Literal:
        for inner in get_args(annotation):
            yield from _models(inner, tree)
