"""What a space file may hold beside its settings, and the values that no setting takes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from class_sweep.base.limits import MAX_INTEGER, MAX_KNOTS, MAX_SETTING_LENGTH
from class_sweep.base.text import refused_character
from class_sweep.config.problems import Problem, dotted
from class_sweep.config.renamed import REMOVED_SETTINGS
from class_sweep.config.yaml_text import Key, YamlDocument
from class_sweep.errors import ConfigError

_EXTENSION = "x-"  # as in a Compose file
_KNOT = {"uniform": [0.1, 1.0]}  # the axis of a knot


def without_extensions(document: YamlDocument) -> YamlDocument:
    """A document without its sections `x-…`, which hold anchors for merge keys and no settings."""
    tree = {key: value for key, value in document.tree.items() if not key.startswith(_EXTENSION)}
    return replace(document, tree=tree)


def with_axes_spelt_out(document: YamlDocument) -> YamlDocument:
    """A document with the axes that a short form stands for.

    `sigma: {quantile: [low, high], step: …}` is a uniform axis of the quantile. A number of knots
    is a list of as many uniform axes.
    """
    curriculum = document.tree.get("curriculum")
    if not isinstance(curriculum, dict):
        return document
    spelt = curriculum | {
        name: [dict(_KNOT) for _ in range(knots)]
        for name in ("pacing_knots", "intensity_knots")
        if type(knots := curriculum.get(name)) is int and 1 <= knots <= MAX_KNOTS
    }
    sigma = curriculum.get("sigma")
    if isinstance(sigma, dict) and isinstance(bounds := sigma.get("quantile"), list):
        step = {"step": sigma["step"]} if "step" in sigma else {}
        others = {word: value for word, value in sigma.items() if word != "step"}
        spelt |= {"sigma": others | {"quantile": {"uniform": bounds} | step}}
    return replace(document, tree=document.tree | {"curriculum": spelt})


def without_removed(document: YamlDocument) -> tuple[YamlDocument, dict[str, Any]]:
    """A document of old results without the settings that exist no more, and these by path."""
    tree, removed = dict(document.tree), dict[str, Any]()
    for path in REMOVED_SETTINGS:
        section, name = path.split(".")
        settings = tree.get(section)
        if isinstance(settings, dict) and name in settings:
            removed[path] = settings[name]
            tree[section] = {word: value for word, value in settings.items() if word != name}
    return replace(document, tree=tree), removed


def require_plain_values(document: YamlDocument) -> None:
    """Refuse numbers and characters that no setting takes.

    Raises:
        ConfigError: With one line for each such value.
    """
    problems = {
        Problem(document.line(key), dotted(key), message)
        for key, value in _leaves(document.tree, ())
        if (message := _mistake(value))
    }
    if problems:
        raise ConfigError("\n".join(problem.render(document.name) for problem in sorted(problems)))


def _leaves(tree: Any, key: Key) -> Iterator[tuple[Key, Any]]:
    if isinstance(tree, dict):
        for word, value in tree.items():
            yield key, word
            yield from _leaves(value, (*key, word))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _leaves(value, (*key, index))
    else:
        yield key, tree


def _mistake(value: Any) -> str | None:
    if isinstance(value, str):
        found = refused_character(value)
        if len(value) > MAX_SETTING_LENGTH:
            return f"must have at most {MAX_SETTING_LENGTH:,} characters, got {len(value):,}"
        return f"must be text, got {found}" if found else None
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return f"must be a whole number up to {MAX_INTEGER:,}, got {value}"
    return None
