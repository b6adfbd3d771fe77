"""The settings and axes of a space that act in no trial, as warnings for the user."""

from collections.abc import Mapping
from typing import Any

from class_sweep.config.document import Space
from class_sweep.config.idle import IdleFinder, idle_settings, sections_of
from class_sweep.config.section import Section


def idle_everywhere(space: Space) -> dict[str, str]:
    """The settings and axes of a space that act in no trial: dotted path to reason."""
    found = [_idle_in(branch) for branch in space.alternatives]
    everywhere = {p: r for p, r in found[0].items() if all(p in others for others in found)}
    return space.idle_axes | everywhere


def _idle_in(space: Space) -> dict[str, str]:
    """The settings that act in no trial of one combination of bundles."""
    finder = IdleFinder(space.axes, space.resolve)
    reasons = {path: finder.reason(path) for path in idle_settings(space.settings)}
    return {path: reason for path, reason in reasons.items() if reason}


def idle_warnings(space: Space) -> list[str]:
    """A warning for each axis that is left out of the search, and for each setting without effect.

    A setting at its default is not named: an exported configuration has every setting.
    """
    axes = [
        f"{space.place(path)}: does nothing, so the search leaves it out: {reason}"
        for path, reason in space.idle_axes.items()
    ]
    named = {section for axis in space.idle_axes for section in sections_of(axis)}
    settings = [
        f"{space.place(path)}: does nothing: {reason}"
        for path, reason in idle_everywhere(space).items()
        if path not in named and _changed(space, path)
    ]
    return axes + settings


def _changed(space: Space, path: str) -> bool:
    """Whether the file gives a setting another value than its default."""
    tree: Any = space.tree
    section: Any = space.settings
    *above, name = path.split(".")
    for word in above:
        tree = tree.get(word, {}) if isinstance(tree, Mapping) else {}
        section = section.get(word) if isinstance(section, Mapping) else getattr(section, word)
    if not isinstance(tree, Mapping) or name not in tree:
        return False
    if not isinstance(section, Section) or name not in type(section).model_fields:
        return True
    default = type(section).model_fields[name].get_default(call_default_factory=True)
    return bool(getattr(section, name) != default)
