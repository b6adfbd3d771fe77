"""The declaration of a part: the rules that it must keep, its settings, its place in a registry."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from inspect import Parameter
from typing import Annotated, Any, get_origin, get_type_hints

from pydantic import create_model

from class_sweep.config.registry import Registry
from class_sweep.config.section import Section
from class_sweep.errors import PluginError


def declare(
    registry: Registry[Any],
    name: str,
    part: Any,
    settings: type[Section] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Register a class or a function under a name.

    Args:
        registry: The registry of its kind.
        name: Its name in a space.
        part: The class or the function.
        settings: Its settings; by default its attribute `Settings`, else an empty section if the
            kind has sections of its own.
        facts: Further facts of the registry's type of component.

    Raises:
        PluginError: If the part is of another kind, lacks a method or a parameter, has settings of
            another kind, or is not at the top level of a module.
        ConfigError: If the name is taken.
    """
    what = f"{registry.kind} {name}"
    require_interface(registry, what, part)
    settings = settings or vars(part).get("Settings")
    if settings is None and registry.section not in (None, Section):
        settings = _in_part(part, type("Settings", (registry.section,), {"__doc__": part.__doc__}))
    for defined in filter(None, (part, settings)):
        if "<" in defined.__qualname__ or defined.__module__ == "__main__":
            raise PluginError(
                f"{what}: {defined.__qualname__} must be at the top level of a file of its own,"
                " because workers import it from there"
            )
    _require_section(registry, what, settings)
    strings = _import_string(part), _import_string(settings) if settings else None
    registry.register(name, registry.component_type(*strings, **facts or {}))


def as_dataclass(part: Any) -> Any:
    """A class as a frozen dataclass; a field that says its bounds becomes a setting of its own.

    A field `delay: Annotated[int, Field(ge=1)] = 2` is such a field.
    """
    if "__dataclass_fields__" not in vars(part):
        part = dataclass(frozen=True)(part)
    if "Settings" in vars(part):
        return part
    hints = get_type_hints(part, include_extras=True)
    own: dict[str, Any] = {
        field.name: (hints[field.name], ... if field.default is MISSING else field.default)
        for field in fields(part)
        if get_origin(hints[field.name]) is Annotated
    }
    if own:
        _in_part(part, create_model("Settings", __base__=Section, __doc__=part.__doc__, **own))
    return part


def as_class(base: type[Any], method: str, function: Any) -> Any:
    """A class with the name and the place of a function, which is its one method.

    Raises:
        PluginError: If the function does not take the arguments of the method.
    """
    wanted = [*inspect.signature(getattr(base, method)).parameters.values()][1:]
    _require_parameters(f"function {function.__name__}", function, wanted)

    def call(_self: Any, *arguments: Any) -> Any:
        return function(*arguments)

    place = {key: getattr(function, key) for key in ("__module__", "__qualname__", "__doc__")}
    return type(function.__name__, (base,), place | {method: call})


def require_interface(registry: Registry[Any], what: str, part: Any) -> None:
    """Check that a part is of its kind, and has its methods with their parameters.

    Raises:
        PluginError: If it is not, or has not.
    """
    base = registry.interface
    if base is None:
        if not inspect.isfunction(part):
            raise PluginError(f"{what} must be a function, got {part!r}")
        wanted = [Parameter(p, Parameter.POSITIONAL_OR_KEYWORD) for p in registry.parameters]
        _require_parameters(what, part, wanted)
        return
    if not isinstance(part, type) or not issubclass(part, base):
        raise PluginError(f"{what} must be a subclass of {base.__name__}, got {part!r}")
    if missing := sorted(getattr(part, "__abstractmethods__", ())):
        raise PluginError(f"{what}: class {part.__name__} must define {', '.join(missing)}")
    for above in part.__mro__[1:]:
        for method in sorted(getattr(above, "__abstractmethods__", ())):
            given, model = getattr(part, method), getattr(above, method)
            if inspect.isfunction(given) and inspect.isfunction(model):
                parameters = inspect.signature(model).parameters.values()
                _require_parameters(f"{what}: {part.__name__}.{method}", given, parameters)


def _require_parameters(what: str, function: Any, wanted: Iterable[Parameter]) -> None:
    """Check that a function accepts the arguments that its callers give it."""
    wanted = list(wanted)
    keywords = {p.name: None for p in wanted if p.kind is Parameter.KEYWORD_ONLY}
    try:
        inspect.signature(function).bind(*(p for p in wanted if p.name not in keywords), **keywords)
    except TypeError:
        raise PluginError(
            f"{what} must take ({', '.join(p.name for p in wanted)}), got"
            f" {function.__name__}{inspect.signature(function)}"
        ) from None


def _require_section(registry: Registry[Any], what: str, settings: type[Section] | None) -> None:
    base = registry.section
    if settings is not None and (base is None or not issubclass(settings, base)):
        rule = "have no settings" if base is None else f"have settings of {base.__name__}"
        raise PluginError(f"{what} must {rule}, got {settings.__qualname__}")


def _in_part(part: Any, settings: Any) -> Any:
    """Put a section into its part, where import strings and pickles find it."""
    settings.__module__, settings.__qualname__ = part.__module__, f"{part.__qualname__}.Settings"
    part.Settings = settings
    return settings


def _import_string(defined: Any) -> str:
    return f"{defined.__module__}:{defined.__qualname__}"
