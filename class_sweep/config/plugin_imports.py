"""The imports of plug-in files: in which order the files load, and which files are missing."""

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from class_sweep.errors import PluginError


class SourceFile(Protocol):
    """A plug-in file, as far as its imports need it."""

    @property
    def path(self) -> Path:
        """The file, absolute."""

    @property
    def module(self) -> str:
        """The name of its module."""

    @property
    def imports(self) -> Mapping[str, int]:
        """The modules that it imports; see `imported_modules`."""


def imported_modules(source: bytes) -> dict[str, int]:
    """The top-level modules that a file imports by a statement, each with its first line.

    A file that Python cannot parse has none; the error shows when it is run.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        else:
            continue
        for name in names:
            found.setdefault(name.partition(".")[0], node.lineno)
    return found


def import_order(files: Mapping[str, SourceFile]) -> list[str]:
    """The modules of plug-in files, each after those that it imports.

    Args:
        files: The files by the name of their module.

    Raises:
        PluginError: If files import one another in a circle.
    """
    graph = {
        name: [module for module in file.imports if module in files and module != name]
        for name, file in files.items()
    }
    try:
        return [*TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " → ".join(files[name].path.name for name in reversed(error.args[1]))
        raise PluginError(
            f"plug-in files must not import one another in a circle, got {circle}; move what they"
            " share into one of them, or into a file of its own"
        ) from None


def require_given(file: SourceFile, files: Mapping[str, SourceFile], option: str) -> None:
    """Refuse the import of a file beside a plug-in file that is not given itself.

    A worker has the given files alone, so such an import would fail there even where Python finds
    the file from the working directory.

    Raises:
        PluginError: If a file is missing.
    """
    for module, line in file.imports.items():
        beside = file.path.with_name(f"{module}.py")
        if module in files or not beside.is_file():
            continue
        spec = find_spec(module)
        if spec is None or (spec.origin and Path(spec.origin).resolve() == beside.resolve()):
            raise PluginError(
                f"{file.path}:{line}: a plug-in file must be given with the files that it imports,"
                f" got import {module} without {beside.name}; give also: {option} {beside}"
            )
