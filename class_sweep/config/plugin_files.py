"""Plug-in files: people's own parts in Python files that a command or a Python caller names.

A plug-in file is code that this process runs. A space file or a results folder never names one.
The text of each loaded file goes with every `Space` to the workers, which load it under the same
module name before they read any settings.
"""

import keyword
import linecache
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from class_sweep.base.input_files import read_input
from class_sweep.base.limits import MAX_PLUGIN_BYTES
from class_sweep.config.components import REGISTRIES
from class_sweep.config.plugin_imports import import_order, imported_modules, require_given
from class_sweep.errors import ClassSweepError, PluginError

OPTION, ACCEPT_OPTION = "--plugin", "--accept-changed-plugin"


@dataclass(frozen=True)
class PluginFile:
    """The text of a plug-in file.

    Attributes:
        path: The file, absolute, for messages; a worker has no such file.
        source: Its contents.
    """

    path: Path
    source: bytes

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def module(self) -> str:
        """The name of its module: that of the file without its suffix."""
        return self.path.stem

    @cached_property
    def imports(self) -> Mapping[str, int]:
        """The top-level modules that it imports, each with its first line."""
        return imported_modules(self.source)

    @property
    def sha256(self) -> str:
        """The hash of its contents."""
        return sha256(self.source).hexdigest()

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy of the file is loaded where it arrives, before what comes after it."""
        return _arrived, (self.path, self.source)


_loaded: dict[str, PluginFile] = {}  # by the name of the module
_accepted: set[PluginFile] = set()


def loaded_plugins() -> tuple[PluginFile, ...]:
    """The plug-in files that this process has loaded, in their order."""
    return tuple(_loaded.values())


def code_hashes(part: type[Any]) -> tuple[str, ...]:
    """The hashes of all loaded files if a class comes from one, for the key of what it computes.

    All, because one file may import another.
    """
    from_file = any(above.__module__ in _loaded for above in part.__mro__)
    return tuple(file.sha256 for file in loaded_plugins()) if from_file else ()


def is_accepted(file: PluginFile) -> bool:
    """Whether the user accepts the file in place of what a sweep or a training began with."""
    return file in _accepted


def load_plugins(paths: Sequence[Path | str] | None, *, accept_changes: bool = False) -> None:
    """Run plug-in files; each registers the parts that it declares.

    A file may import other given files, and runs after them. A file that is loaded already is not
    run again, unless it or a file that it imports has changed.

    Args:
        paths: The files; None for none.
        accept_changes: Whether a sweep may continue with these files if it began with others.

    Raises:
        PluginError: If a file is unreadable, raises an error, imports a file that is not given, or
            declares a wrong part or no part, and no other file imports it. The parts of the files
            before it stay.
    """
    files = [_read(Path(path)) for path in paths or ()]
    for file in files:
        same = [str(other.path) for other in files if other.module == file.module]
        if len(set(same)) > 1:
            raise PluginError(
                f"plug-in files must have different names, got {' and '.join(same)}; rename one"
            )
    known = _loaded | {file.module: file for file in files}
    for file in files:
        _require_free_name(file)
        require_given(file, known, OPTION)
    fresh: set[str] = set()
    for file in [known[module] for module in import_order(known)]:
        if _loaded.get(file.module) != file or not fresh.isdisjoint(file.imports):
            _load(file)
            fresh.add(file.module)
            _require_use(file, known)
    if accept_changes:
        _accepted.update(files)


def unload_plugins() -> None:
    """Forget every loaded file and its parts."""
    for module in list(_loaded):
        _forget(module)
    _accepted.clear()


def _arrived(path: Path, source: bytes) -> PluginFile:
    file = PluginFile(path, source)
    if _loaded.get(file.module) != file:
        _load(file)
    return file


def _read(path: Path) -> PluginFile:
    path = path.absolute()
    if path.suffix != ".py" or not path.stem.isidentifier() or keyword.iskeyword(path.stem):
        raise PluginError(f"a plug-in must be a file like my_parts.py, got {path}")
    try:
        return PluginFile(path, read_input(path, MAX_PLUGIN_BYTES))
    except OSError as error:
        raise PluginError(f"a plug-in file must be readable: {path}: {error.strerror}") from None


def _require_free_name(file: PluginFile) -> None:
    """Refuse a file that would take the place of another module."""
    if file.module in _loaded:
        return
    spec = find_spec(file.module)
    if spec is not None and (not spec.origin or Path(spec.origin).resolve() != file.path.resolve()):
        raise PluginError(
            f"a plug-in file must have a name of its own, got {file.path}: a module {file.module}"
            f" exists ({spec.origin}); rename the file"
        )


def _load(file: PluginFile) -> None:
    if file.module in _loaded:
        _forget(file.module)
    try:
        _run(file)
    except BaseException:
        _forget(file.module)
        raise
    _loaded[file.module] = file


def _run(file: PluginFile) -> None:
    """Run the code of a file as a module.

    Raises:
        PluginError: With the line of the file at which it failed.
    """
    path, text = str(file.path), file.source.decode("utf-8", "replace")
    module = ModuleType(file.module)
    module.__file__ = path
    module.__spec__ = ModuleSpec(file.module, None, origin=path)
    linecache.cache[path] = (
        len(text),
        None,
        text.splitlines(keepends=True),
        path,
    )  # for tracebacks
    sys.modules[file.module] = module
    try:
        exec(compile(file.source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - named by the user
    except (Exception, SystemExit) as error:
        line = _line(error, path)
        if isinstance(error, ClassSweepError):
            raise PluginError(f"{path}:{line}: {error}") from error
        raise PluginError(
            f"{path}:{line}: a plug-in file must be importable, got {type(error).__name__}: {error}"
        ) from error


def _line(error: BaseException, path: str) -> int:
    """The last line of the file that was reached before the error."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or 1
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return (lines[-1] if lines else None) or 1


def _require_use(file: PluginFile, known: Mapping[str, PluginFile]) -> None:
    """Refuse a file that declares no part and that no other file imports."""
    added = [c for registry in REGISTRIES.values() for c in registry.added().values()]
    has_parts = any(component.module == file.module for component in added)
    if not has_parts and not any(
        file.module in other.imports for other in known.values() if other is not file
    ):
        _forget(file.module)
        raise PluginError(
            f"{file.path}: a plug-in file must declare a part, got none; write for example"
            ' @class_sweep.plugin.backbone("my_backbone") above its class'
        )


def _forget(module: str) -> None:
    for registry in REGISTRIES.values():
        registry.forget(module)
    _loaded.pop(module, None)
    sys.modules.pop(module, None)
