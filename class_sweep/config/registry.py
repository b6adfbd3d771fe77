"""A registry: the components of one kind by their names in a space file.

Its names are those of the package, those of installed packages (entry points) and those that a
plug-in file or a module has registered.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from class_sweep.errors import ConfigError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Component:
    """The import strings of one component.

    Attributes:
        implementation: Import string, `module:attribute`, of a class or function.
        settings: Import string of the component's settings, a subclass of the kind's section; None
            if it has no settings.
    """

    implementation: str
    settings: str | None = None

    @property
    def module(self) -> str:
        """The module of the implementation."""
        return self.implementation.partition(":")[0]


AnyComponent = TypeVar("AnyComponent", bound=Component)


class Registry(Mapping[str, AnyComponent], Generic[AnyComponent]):
    """The components of one kind by their names in a space file.

    Args:
        kind: The kind's name in messages.
        components: The built-in components.
        group: Installed packages bring components as entry points of `class_sweep.GROUP`.
        interface: Import string of the base class of an implementation; None for functions.
        parameters: The parameters of a function.
        section: Import string of the base class of a component's settings; None if it has none.
        key: The setting that names the component in its section.
        default: The component of a section without that setting; None where it is required.
        implied: Other settings whose presence names the component.
    """

    def __init__(  # noqa: PLR0913 - the facts of a kind, each given by name
        self,
        kind: str,
        components: Mapping[str, AnyComponent],
        *,
        group: str = "",
        interface: str | None = None,
        parameters: tuple[str, ...] = (),
        section: str | None = None,
        key: str = "kind",
        default: str | None = None,
        implied: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.key = key
        self.group = f"class_sweep.{group}"
        self.parameters = parameters
        self._interface = interface
        self._section = section
        self.default = default
        self.implied = dict(implied or {})
        self._components = dict(components)
        self._built_in = frozenset(components)
        self._broken: dict[str, str] = {}  # names of installed packages to what is wrong with them
        self._is_searched = False

    def __getitem__(self, name: str) -> AnyComponent:
        """The component of a name.

        Raises:
            KeyError: If the name is unknown; `require` raises an error for users.
        """
        if name not in self._components:
            self._search_packages()
        return self._components[name]

    def __iter__(self) -> Iterator[str]:
        """The names, built-in ones first."""
        self._search_packages()
        return iter(self._components)

    def __len__(self) -> int:
        """The number of components."""
        self._search_packages()
        return len(self._components)

    @property
    def interface(self) -> type[Any] | None:
        """The base class of an implementation; None if the components are functions."""
        return None if self._interface is None else imported(self._interface)

    @property
    def section(self) -> type[Any] | None:
        """The base class of the settings of a component; None if the kind has no settings."""
        return None if self._section is None else imported(self._section)

    def register(self, name: str, component: AnyComponent) -> None:
        """Add a component.

        Raises:
            ConfigError: If another component has the name, or the component is not of the
                registry's type. An equal component is accepted again, because a module may register
                its component each time it is imported.
        """
        expected = self.component_type
        if not isinstance(component, expected):
            raise ConfigError(
                f"a {self.kind} must be registered as a {expected.__name__},"
                f" got {type(component).__name__}"
            )
        if self._components.get(name, component) != component:
            raise ConfigError(
                f"the name of a {self.kind} must be new, got {name!r}, which is taken"
            )
        self._components[name] = component

    def forget(self, module: str) -> None:
        """Remove the components that a module has registered."""
        self._components = {
            name: component
            for name, component in self._components.items()
            if name in self._built_in or component.module != module
        }

    @property
    def component_type(self) -> type[AnyComponent]:
        """The type of the components: `Component`, or a subclass with further facts."""
        return type(next(iter(self._components.values())))

    def require(self, name: str) -> AnyComponent:
        """The component of a name.

        Raises:
            ConfigError: If the name is unknown; the message lists the known names.
        """
        if name in self:
            return self[name]
        raise ConfigError(f"{self.kind} {self.unknown(name)}")

    def unknown(self, name: object) -> str:
        """The message about an unknown name: the known names, and the closest of them."""
        if reason := self.broken(name):
            return reason
        close = get_close_matches(str(name), list(self), 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"must be {one_of(list(self))}, got {name!r}{hint}"

    def broken(self, name: object) -> str | None:
        """What is wrong with the installed component of a name; None if there is none."""
        self._search_packages()
        return self._broken.get(str(name))

    def load(self, name: str) -> Any:
        """The implementation of a component, imported at the first use.

        Raises:
            ConfigError: If the name is unknown or its import string cannot be imported.
        """
        return self._import(name, self.require(name).implementation)

    def settings_class(self, name: str) -> type[Any] | None:
        """The section of a component's settings; None if it has no settings.

        Raises:
            ConfigError: If the name is unknown or its import string cannot be imported.
        """
        settings = self.require(name).settings
        return None if settings is None else self._import(name, settings)

    def name_in(self, section: Mapping[str, Any]) -> str | None:
        """The component that a section of a space file names; None if the name is missing."""
        implied = [name for setting, name in self.implied.items() if setting in section]
        name = section.get(self.key, next(iter(implied), self.default))
        return None if name is None else str(name)

    def added(self) -> dict[str, AnyComponent]:
        """The registered components that are not built in."""
        return {name: c for name, c in self._components.items() if name not in self._built_in}

    def _import(self, name: str, target: str) -> Any:
        try:
            return imported(target)
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                f"{self.kind} {name} must be importable from {target!r}, got {error}"
            ) from error

    def _search_packages(self) -> None:
        """Import the components of installed packages, once; warn of those that are unusable.

        They are searched for when a name is unknown or all names are needed, so that most spaces
        import none.
        """
        if self._is_searched:
            return
        self._is_searched = True
        points = entry_points(group=self.group)
        offers = Counter(point.name for point in points)
        for point in points:
            if problem := self._problem(point, offers[point.name]):
                what = f"{self.kind} {point.name} of the installed package {_package(point)}"
                log.warning("%s is left out: it %s", what, problem)
                if point.name not in self._built_in:
                    self._components.pop(point.name, None)
                    self._broken[point.name] = (
                        f"must be a name that can be used, got {point.name!r}: the {what} {problem}"
                    )

    def _problem(self, point: EntryPoint, offers: int) -> str | None:
        """Import the module of an entry point, which registers its component."""
        if point.name in self._built_in:
            return "must have a new name, and this one is built in"
        if offers > 1:
            return f"must have a new name, and {offers} installed packages bring this one"
        try:
            import_module(point.module)
        except (Exception, SystemExit) as error:  # whatever its code does when it is imported
            reason = f"{type(error).__name__}: {error}"
            return f"must be importable from {point.value!r}, got {reason}"
        component = self._components.get(point.name)
        if component is None or component.implementation != point.value.replace(" ", ""):
            declaration = f'class_sweep.plugin.{self.kind.replace(" ", "_")}("{point.name}")'
            return f"must be declared at {point.value!r} with {declaration}"
        return None


def _package(point: EntryPoint) -> str:
    return "?" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def imported(target: str) -> Any:
    """The object of an import string, `module:attribute` or `module:Class.attribute`."""
    module, _, path = target.partition(":")
    return reduce(getattr, path.split("."), import_module(module))


def one_of(names: list[str]) -> str:
    """`a` for one name, `one of a, b` for several."""
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"
