"""The settings of a space as one flat mapping, and what differs between two of them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from class_sweep.config.axes import Axis, Choice, IntRange, LogUniform, Uniform
from class_sweep.config.bundles import setting_path
from class_sweep.config.document import Space
from class_sweep.config.idle import sections_of
from class_sweep.config.renamed import REMOVED_SETTINGS

FlatSettings = dict[str, JsonValue]
"""Dotted path to the value of a setting, or to the text of its axis."""

_MODELS = ("text_encoder.model", "molecule_encoder.model")  # names on the hub, or paths
_EXECUTION = (
    "resources.",
    "tracking.",
    "search.max_concurrent",
    "text_encoder.batch_size",
    "molecule_encoder.batch_size",
)


def flat_settings(space: Space) -> FlatSettings:
    """Every setting of a space, defaults included, with each axis in place of its centre."""
    flat = _without_axes(space, space.settings.model_dump(mode="json"))
    if space.branches is None:
        return flat | {path: _spelt(axis) for path, axis in space.axes.items()}
    of_bundles = {setting for one_of in space.branches.one_ofs for setting in one_of.settings}
    outside = {path: value for path, value in flat.items() if not of_bundles & {*sections_of(path)}}
    spelt = {path: _spelt(axis) for path, axis in space.axes.items() if path == setting_path(path)}
    return outside | spelt | {one.path: str(list(one.bundles)) for one in space.branches.one_ofs}


def location_settings(space: Space) -> set[str]:
    """The settings that say where an input lies; its content is checked by its checksum."""
    plain = dict(_flat(space.settings.model_dump()))
    return {path for path, value in plain.items() if isinstance(value, Path) or path in _MODELS}


def is_execution(path: str) -> bool:
    """Whether a setting only says how a machine runs the trials, not which trials."""
    return path.startswith(_EXECUTION)


def differences(before: Mapping[str, JsonValue], space: Space) -> dict[str, str]:
    """Dotted path of each setting of a space that differs, to `old → new`.

    A setting that a later version has added differs if it is not at its default. One that it has
    removed does not differ: see `Space.removed`.
    """
    now = flat_settings(space)
    set_here = _without_axes(space, space.settings.model_dump(mode="json", exclude_defaults=True))
    changed = {}
    for path in sorted((before.keys() | now.keys()) - REMOVED_SETTINGS.keys()):
        new = path not in before and path not in set_here and path not in space.axes
        if not new and (path not in now or before.get(path) != now[path]):
            changed[path] = f"{_shown(before, path)} → {_shown(now, path)}"
    return changed


def _shown(settings: Mapping[str, JsonValue], path: str) -> str:
    return str(settings[path]) if path in settings else "not set"


def _spelt(axis: Axis) -> str:
    """An axis as a space file writes it."""
    if isinstance(axis, Choice):
        return f"{{choice: {list(axis.options)}}}"
    step = getattr(axis, "step", None)
    kind = {Uniform: "uniform", LogUniform: "loguniform", IntRange: "int"}[type(axis)]
    return f"{{{kind}: [{axis.low!r}, {axis.high!r}]{'' if step is None else f', step: {step!r}'}}}"


def lists_spread(flat: Mapping[str, Any], axes: Iterable[str]) -> dict[str, Any]:
    """Settings by path; the entries of a list have their own paths if one of them is an axis."""
    lists = {axis.rpartition(".")[0] for axis in axes}
    spread: dict[str, Any] = {}
    for path, value in flat.items():
        if isinstance(value, list) and path in lists:
            spread |= {f"{path}.{index}": entry for index, entry in enumerate(value)}
        else:
            spread[path] = value
    return spread


def _without_axes(space: Space, tree: Mapping[str, Any]) -> FlatSettings:
    return {
        path: value
        for path, value in lists_spread(dict(_flat(tree)), space.axes).items()
        if not any(path == axis or path.startswith(f"{axis}.") for axis in space.axes)
    }


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
