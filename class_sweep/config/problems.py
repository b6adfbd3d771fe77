"""Pydantic's findings as a person wants them: place, rule, then value."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from class_sweep.config import axes
from class_sweep.config.renamed import RENAMED_SETTINGS, RENAMED_VALUES
from class_sweep.config.source import Key, Source

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
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake: where it stands and what is wrong."""

    line: int
    path: str
    message: str

    def render(self, name: str) -> str:
        """`file:line: path: rule, got value`."""
        place = f"{self.path}: " if self.path else ""
        return f"{name}:{self.line}: {place}{self.message}"


def dotted(key: Key) -> str:
    """`("curriculum", "alpha")` as `curriculum.alpha`."""
    return ".".join(str(part) for part in key)


def problems_of(error: ValidationError, source: Source, root: type[BaseModel]) -> list[Problem]:
    """Every finding of a validation of `source` against `root`."""
    found = []
    for detail in error.errors():
        key = _key_in_file(detail, source.tree)
        if detail["type"] == "union_tag_not_found":
            key = (*key, _text(detail["ctx"]["discriminator"]).strip("'"))
            tags = _literals(root, key)
            found.append(Problem(source.line(key), dotted(key), f"is required: {_one_of(tags)}"))
            continue
        if detail["type"] == "union_tag_invalid":
            key = (*key, _tag_name(detail))
        message = _message(detail, key, root)
        found.append(Problem(source.line(key), dotted(key), message))
    return found


def _text(value: object) -> str:
    return str(value)


def _tag_name(detail: ErrorDetails) -> str:
    """The key that holds a union's tag, such as `source`; a callable one is always `kind`."""
    name = _text(detail["ctx"]["discriminator"]).strip("'")
    return "kind" if name.endswith("()") else name


def _key_in_file(detail: ErrorDetails, tree: Any) -> Key:
    """Pydantic's location without the union tags that it puts between and behind the keys."""
    location, key = detail["loc"], list[str | int]()
    for index, part in enumerate(location):
        last = index == len(location) - 1
        inside = (isinstance(tree, dict) and part in tree) or (
            isinstance(tree, list) and isinstance(part, int) and part < len(tree)
        )
        if inside:
            tree = tree[part]
        elif not last or detail["type"].startswith("model"):
            continue
        key.append(part)
    return tuple(key)


def _message(  # noqa: PLR0911 - one return for each kind of finding
    detail: ErrorDetails, key: Key, root: type[BaseModel]
) -> str:
    kind, value, ctx = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "missing":
        known = _literals(root, key)
        return f"is required: {_one_of(known)}" if known else "is required, and it is not there"
    if kind == "extra_forbidden":
        if new_name := RENAMED_SETTINGS.get(dotted(key)):
            return f"must be written {new_name}, got its old name {key[-1]!r}"
        return _unknown_key(str(key[-1]), [name for name, _ in _fields(root, detail["loc"][:-1])])
    if kind == "union_tag_invalid":
        return _unknown_name(str(ctx["tag"]), _literals(root, key))
    if kind == "literal_error":
        known = _literals(root, key)
        if axes.near_miss(value):
            return _wrong_type(_one_of(known), value)
        return _unknown_name(value, known)
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
            return _wrong_type(expected, value)
    return f"{detail['msg']}, got {value!r}"


def _wrong_type(expected: str, value: object) -> str:
    meant = axes.near_miss(value)
    if meant:
        return f"must be {expected} or an axis, got {value!r}; did you mean {meant}?"
    shown = "nothing" if value is None else repr(value)
    return f"must be {expected}, got {shown}"


def _unknown_key(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, 1, 0.6)
    hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
    return f"must be a known setting, got {word!r}; {hint}"


def _unknown_name(value: object, known: list[str]) -> str:
    close = get_close_matches(str(value), known, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"must be {_one_of(known)}, got {value!r}{hint}"


def _one_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that an annotation admits, through unions and `Annotated`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for inner in get_args(annotation):
            yield from _models(inner)


def _fields(root: type[BaseModel], key: Key) -> list[tuple[str, Any]]:
    """Name and annotation of each field of the sections that may stand at `key`.

    A union's tag in `key` leaves the one section of that tag.
    """
    sections: list[type[BaseModel]] = [root]
    for part in key:
        tagged = [s for s in sections if part in _tags(s)]
        if tagged:
            sections = tagged
            continue
        sections = [
            model
            for section in sections
            if part in section.model_fields
            for model in _models(section.model_fields[str(part)].annotation)
        ]
    seen: dict[str, Any] = {}
    for section in sections:
        for name, field in section.model_fields.items():
            seen[name] = (*seen.get(name, ()), field.annotation)
    return list(seen.items())


def _tags(section: type[BaseModel]) -> list[Any]:
    return [v for f in section.model_fields.values() for v in get_args(f.annotation)]


def _literals(root: type[BaseModel], key: Key) -> list[str]:
    """The names that a field at `key` may take, over every section that may stand there."""
    while key and isinstance(key[-1], int):
        key = key[:-1]

    def inside(annotation: Any) -> Iterator[str]:
        if get_origin(annotation) is Literal:
            yield from (str(value) for value in get_args(annotation))
        else:
            for inner in get_args(annotation):
                yield from inside(inner)

    for name, annotations in _fields(root, key[:-1]):
        if key and name == key[-1]:
            return list(dict.fromkeys(v for a in annotations for v in inside(a)))
    return []
