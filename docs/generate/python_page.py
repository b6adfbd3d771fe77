"""The reference of the Python interface, from the docstrings of its public names."""

import inspect
import re
from collections.abc import Callable, Iterator

from markup import docstring, table

import class_sweep
from class_sweep import errors
from class_sweep.api.frames import REPORT_COLUMNS, TRIAL_COLUMNS
from class_sweep.config import code
from class_sweep.config.sections import Settings

_WIDTH = 80  # characters of a call on one line
_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")  # in front of a class
NAMESPACES = {
    "data": code.data_sources,
    "text_encoders": code.text_encoders,
    "molecule_encoders": code.molecule_encoders,
    "backbones": code.backbones,
    "pruners": code.pruners,
}
"""The public names below which a space in code finds the sections of components."""

_OWN_PARTS = """\
## cs.plugin

What a file with [parts of one's own](../how-to/own-parts.md) imports.
"""
FRAMES = {"trials": TRIAL_COLUMNS, "reports": REPORT_COLUMNS}
"""The properties that are frames, with their columns."""

_HEAD = """\
# Python

This page is generated from the docstrings. It lists the whole public interface: any other name of
the package is private, and may change in any version.

Letters in parentheses are array shapes: `(L, D)` has one row of D numbers for each of L pairs.

## Sections in code

`import class_sweep as cs`. A section takes the settings of the section of a file, by name; a
required setting may also be given by its position. Where a file may have an axis, it takes an axis.
A mapping stands for a section as well: `{"epochs": 8}` is `cs.Budget(epochs=8)`. Nothing is checked
before `cs.Space(…)` checks the whole.

"""


def public_names() -> Iterator[tuple[str, object]]:
    """Each public name with what it names."""
    for name in sorted(set(class_sweep.__all__) - {"__version__"}, key=str.lower):
        yield name, getattr(class_sweep, name)


def render() -> str:
    """The page."""
    described = [
        _entry(name, value)
        for name, value in public_names()
        if inspect.isclass(value) or inspect.isfunction(value) or value is errors
    ]
    return "\n\n".join([_HEAD + _sections(), *described, _OWN_PARTS])


def _sections() -> str:
    """The table of the sections of a space in code."""
    rows = []
    for setting, field in Settings.model_fields.items():
        for name, namespace in NAMESPACES.items():
            if namespace.section_type is field.annotation:
                calls = ", ".join(f"`cs.{name}.{component}`" for component in dir(namespace))
                rows.append([f"[`{setting}`](settings.md#{setting})", calls])
        if (name := getattr(field.annotation, "__name__", "")) in code.SECTIONS:
            rows.append([f"[`{setting}`](settings.md#{setting})", f"`cs.{name}`"])
    return table(["section", "in code"], rows)


def members(owner: type) -> Iterator[tuple[str, object]]:
    """The documented public methods and properties that a class defines itself."""
    for name, value in vars(owner).items():
        inner = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not name.startswith("_") and inspect.isfunction(inner):
            yield name, inner


def _entry(name: str, value: object) -> str:
    parts = [f"## cs.{name}"]
    if value is errors:
        return "\n\n".join([*parts, docstring(errors), _errors()])
    if not inspect.isclass(value):
        return "\n\n".join([*parts, _signature(name, value), docstring(value)])
    parts += [_signature(name, value.__init__), docstring(value)]
    for member, function in members(value):
        shown = isinstance(vars(value)[member], property)
        parts += [f"### {name}.{member}"]
        parts += (
            [docstring(function), *_columns(member)]
            if shown
            else [_signature(member, function), docstring(function)]
        )
    return "\n\n".join(parts)


def _errors() -> str:
    """The table of the exceptions."""
    rows = [
        [f"`{name}`", f"`{value.__base__.__name__}`", docstring(value)]
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.ClassSweepError)
    ]
    return table(["exception", "is a", "meaning"], rows)


def _columns(member: str) -> list[str]:
    """The table of the columns of a frame; nothing for another property."""
    columns = FRAMES.get(member, {})
    rows = [[f"`{name}`", kind, meaning] for name, (kind, meaning) in columns.items()]
    return [table(["column", "type", "meaning"], rows)] if rows else []


def _signature(name: str, function: Callable[..., object]) -> str:
    """The call as Python writes it, one parameter a line where it is long."""
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    parameters = [p for p in parameters if not p.name.startswith("_")]
    shown = [str(parameter) for parameter in parameters]
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        shown.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    inside = ", ".join(shown)
    if len(inside) > _WIDTH:
        inside = "\n    " + ",\n    ".join(shown) + ",\n"
    returns = signature.return_annotation
    arrow = "" if returns in (None, inspect.Signature.empty) else f" -> {_type(returns)}"
    call = f"{name}({inside}){arrow}"
    return f"```python\n{_MODULE.sub('', call)}\n```"


def _type(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
