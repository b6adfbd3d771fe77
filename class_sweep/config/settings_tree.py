"""The tree of a space: plain values by key, checked as `Settings`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from class_sweep.config.objective import Objective, parse_objective
from class_sweep.config.paths import PathContext
from class_sweep.config.problems import Problem
from class_sweep.config.sections import Settings
from class_sweep.config.yaml_text import Key, YamlDocument


def validated(tree: dict[str, Any], context: PathContext) -> Settings:
    """Check the settings of a tree whose axes have been replaced by values.

    Raises:
        ValidationError: With every mistake.
    """
    # As JSON: strict validation accepts the lists and the paths of a file in this mode only.
    return Settings.model_validate_json(json.dumps(tree, default=str), context=context)


def changed_texts(
    tree: Mapping[str, Any] | list[Any], read: Any, key: Key
) -> Iterator[tuple[Key, str]]:
    """The texts of a file that are read as other texts: its paths, which become absolute."""
    for word, value in tree.items() if isinstance(tree, Mapping) else enumerate(tree):
        now = _below(read, word)
        if isinstance(value, Mapping | list):
            yield from changed_texts(value, now, (*key, word))
        elif isinstance(value, str) and isinstance(now, str) and value != now:
            yield (*key, word), now


def _below(tree: Any, word: str | int) -> Any:
    if isinstance(tree, list):
        return tree[int(word)] if int(word) < len(tree) else None
    return tree.get(word) if isinstance(tree, Mapping) else None


def put(tree: Any, key: Key, value: Any) -> None:
    """Set the value at a key, whatever form a value above it has."""
    for part in key[:-1]:
        if isinstance(tree, list):
            tree = tree[int(part)]
            continue
        if not isinstance(tree.get(str(part)), dict | list):  # a value in another form
            tree[str(part)] = {}
        tree = tree[str(part)]
    tree[int(key[-1]) if isinstance(tree, list) else str(key[-1])] = value


def objective_of(
    tree: dict[str, Any], yaml: YamlDocument, problems: list[Problem]
) -> Objective | None:
    """The objective of a tree; None after a mistake, which is added to the problems."""
    text = tree.get("objective", Settings.model_fields["objective"].default)
    try:
        return parse_objective(text) if isinstance(text, str) else None
    except ValueError as error:
        problems.append(Problem(yaml.line(("objective",)), "objective", str(error)))
        return None
