"""The reference of the Python interface, from the docstrings of its public names."""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator

from markup import docstring

_WIDTH = 80  # characters of a call on one line
_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")  # in front of a class
MODULES = ("class_sweep", "class_sweep.models", "class_sweep.curriculum")

_HEAD = """\
# Python

This page is generated from the docstrings. Letters in parentheses are array shapes: `(L, D)` has
one row of D numbers for each of L pairs.
"""


def public_names() -> Iterator[tuple[str, object]]:
    """Each public name with what it names, once: in full, by the first module that offers it."""
    documented: list[object] = []
    for module in MODULES:
        owner = importlib.import_module(module)
        for name in getattr(owner, "__all__", []):
            value = getattr(owner, name)
            if not name.startswith("__") and value not in documented:
                documented.append(value)
                yield f"{module}.{name}", value


def render() -> str:
    """The page."""
    return "\n\n".join([_HEAD, *(_entry(name, value) for name, value in public_names())])


def members(owner: type) -> Iterator[tuple[str, object]]:
    """The documented public methods and properties that a class defines itself."""
    for name, value in vars(owner).items():
        inner = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not name.startswith("_") and inspect.isfunction(inner):
            yield name, inner


def _entry(name: str, value: object) -> str:
    parts = [f"## {name}"]
    if not inspect.isclass(value):
        return "\n\n".join([*parts, _signature(name, value), docstring(value)])
    parts += [_signature(name, value.__init__), docstring(value)]
    for member, function in members(value):
        shown = isinstance(vars(value)[member], property)
        parts += [f"### {name.rpartition('.')[2]}.{member}"]
        parts += (
            [docstring(function)] if shown else [_signature(member, function), docstring(function)]
        )
    return "\n\n".join(parts)


def _signature(name: str, function: Callable[..., object]) -> str:
    """The call as Python writes it, one parameter a line where it is long."""
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    shown = [str(parameter) for parameter in parameters]
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        shown.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    inside = ", ".join(shown)
    if len(inside) > _WIDTH:
        inside = "\n    " + ",\n    ".join(shown) + ",\n"
    returns = signature.return_annotation
    arrow = "" if returns in (None, inspect.Signature.empty) else f" -> {_type(returns)}"
    call = f"{name.rpartition('.')[2]}({inside}){arrow}"
    return f"```python\n{_MODULE.sub('', call)}\n```"


def _type(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
