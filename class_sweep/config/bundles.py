"""`one_of`: bundles of settings that belong together. A trial has one bundle of each `one_of`.

    curriculum:
      one_of:
        - {pacing: linear, alpha: {uniform: [0.2, 0.9]}}
        - {pacing: root, pacing_power: {uniform: [1, 4]}}

Each combination of bundles is an ordinary space, a *branch*. The bundle is an axis of its own,
`curriculum.one_of`. An axis within a bundle has the path of its place in the file,
`curriculum.one_of.1.pacing_power`, and has an effect where its bundle is chosen.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from class_sweep.base.text import shortened
from class_sweep.config.axes import KINDS, SECTIONS, Choice, Value
from class_sweep.config.problems import Problem, dotted
from class_sweep.config.yaml_text import Key, YamlDocument

ONE_OF = "one_of"
MAX_BRANCHES = 64
"""The largest number of combinations of bundles: each is read and checked as a space."""

_PLACE = re.compile(rf"(^|\.){ONE_OF}\.\d+\.")
_MAX_LABEL = 60  # characters


def setting_path(path: str) -> str:
    """The setting of an axis: `curriculum.alpha` for `curriculum.one_of.1.alpha`."""
    return _PLACE.sub(r"\1", path)


@dataclass(frozen=True)
class OneOf:
    """One `one_of` of a file.

    Attributes:
        key: Its key in the file.
        bundles: Its bundles as plain trees, each as `section` to settings.
    """

    key: Key
    bundles: tuple[dict[str, dict[str, Any]], ...]

    @property
    def path(self) -> str:
        """The path of its axis."""
        return dotted(self.key)

    @property
    def axis(self) -> Choice:
        """The axis of its bundles: a label for each, of its plain settings where these differ."""
        labels = [", ".join(_plain(bundle))[:_MAX_LABEL] for bundle in self.bundles]
        if len(set(labels)) < len(labels) or "" in labels:
            labels = [
                f"{number}: {label}".removesuffix(": ") for number, label in enumerate(labels)
            ]
        return Choice(tuple(labels))

    @property
    def settings(self) -> set[str]:
        """The paths of the settings that any of its bundles gives."""
        return {path for number in range(len(self.bundles)) for path in self.places(number)}

    def places(self, number: int) -> dict[str, str]:
        """Path of each setting of a bundle to its path in the file."""
        at = f"{self.path}.{number}"
        section = "" if len(self.key) == 1 else f"{self.key[0]}."
        return {
            f"{name}.{setting}": f"{at}.{f'{name}.{setting}'.removeprefix(section)}"
            for name, settings in self.bundles[number].items()
            for setting in settings
        }


@dataclass(frozen=True)
class Branch:
    """One combination of bundles.

    Attributes:
        labels: Path of each `one_of` to the label of its bundle.
        document: The file with these bundles as its settings.
        places: Path of each setting of the bundles to its path in the file.
    """

    labels: dict[str, Value]
    document: YamlDocument
    places: dict[str, str]

    def place(self, path: str) -> str:
        """The path in the file of an axis of the branch."""
        setting, rest = _split(path)
        return f"{self.places[setting]}{rest}" if setting in self.places else path


def read_bundles(document: YamlDocument) -> tuple[list[OneOf], list[Problem]]:
    """Every `one_of` of a file, and their mistakes."""
    found, problems = [], []
    for key, tree in _one_ofs(document.tree):
        mistakes = list(_mistakes(document, key, tree))
        problems += mistakes
        if not mistakes:
            of_sections = [tree_ if len(key) == 1 else {str(key[0]): tree_} for tree_ in tree]
            found.append(OneOf(key, tuple(of_sections)))
    if not problems:
        problems += _given_twice(document, found)
    combinations = 1
    for one_of in found:
        combinations *= len(one_of.bundles)
    if combinations > MAX_BRANCHES:
        line = document.line(found[0].key)
        rule = f"must have at most {MAX_BRANCHES} combinations of bundles, got {combinations}"
        problems.append(Problem(line, found[0].path, rule))
    return found, problems


def branches(document: YamlDocument, one_ofs: list[OneOf]) -> Iterator[Branch]:
    """Every combination of bundles, the first bundles first."""
    numbers = [range(len(one_of.bundles)) for one_of in one_ofs]
    for combination in product(*numbers):
        tree = {
            name: {k: v for k, v in section.items() if k != ONE_OF}
            if isinstance(section, dict) and name in SECTIONS
            else section
            for name, section in document.tree.items()
            if name != ONE_OF
        }
        lines, places, labels = dict(document.lines), dict[str, str](), dict[str, Value]()
        for one_of, number in zip(one_ofs, combination, strict=True):
            labels[one_of.path] = one_of.axis.options[number]
            places |= one_of.places(number)
            for name, settings in one_of.bundles[number].items():
                tree[name] = {**tree.get(name, {}), **settings}
            lines |= _lines_of(document, one_of, number)
        yield Branch(labels, replace(document, tree=tree, lines=lines), places)


def _lines_of(document: YamlDocument, one_of: OneOf, number: int) -> dict[Key, int]:
    start = (*one_of.key, number)
    section = one_of.key[:-1]
    return {
        (*section, *key[len(start) :]): line
        for key, line in document.lines.items()
        if key[: len(start)] == start and len(key) > len(start)
    }


def any_one_of(tree: Mapping[str, Any]) -> bool:
    """Whether a file has a `one_of`."""
    return any(True for _ in _one_ofs(tree))


def _one_ofs(tree: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    if ONE_OF in tree:
        yield (ONE_OF,), tree[ONE_OF]
    for name, section in tree.items():
        if isinstance(section, dict) and ONE_OF in section:
            yield (name, ONE_OF), section[ONE_OF]


def _mistakes(document: YamlDocument, key: Key, tree: Any) -> Iterator[Problem]:
    def problem(message: str, *below: str | int) -> Problem:
        return Problem(document.line((*key, *below)), dotted((*key, *below)), message)

    if len(key) == 2 and key[0] not in SECTIONS:
        yield problem(f"must be at the top level or in {', '.join(SECTIONS)}, got it in {key[0]}")
        return
    if not isinstance(tree, list) or len(tree) < 2:
        yield problem(f"must be a list of two or more bundles of settings, got {shortened(tree)}")
        return
    for number, bundle in enumerate(tree):
        if not isinstance(bundle, dict) or not bundle:
            yield problem(f"must be a mapping of settings, got {shortened(bundle)}", number)
        elif ONE_OF in bundle or any(isinstance(b, dict) and ONE_OF in b for b in bundle.values()):
            yield problem("must hold no one_of of its own", number)
        elif any(kind in bundle for kind in KINDS):
            yield problem("must name settings, got an axis without the name of its setting", number)
        elif len(key) == 1:
            yield from _wrong_sections(bundle, lambda message: problem(message, number))  # noqa: B023
    if len(key) == 1 and isinstance(tree, list):
        named = {name for bundle in tree if isinstance(bundle, dict) for name in bundle}
        if named == {"curriculum"}:
            yield problem("must hold settings outside curriculum as well; write it in curriculum")


def _wrong_sections(bundle: Mapping[str, Any], problem: Any) -> Iterator[Problem]:
    for name, settings in bundle.items():
        if name not in SECTIONS:
            yield problem(f"must hold the sections {', '.join(SECTIONS)} alone, got {name}")
        elif not isinstance(settings, dict) or not settings:
            yield problem(f"{name} must be a mapping of settings, got {shortened(settings)}")


def _given_twice(document: YamlDocument, found: list[OneOf]) -> Iterator[Problem]:
    """The settings that a bundle has and that are also outside of it, or in another `one_of`."""
    owners: dict[str, str] = {}
    for one_of in found:
        for path in sorted(one_of.settings):
            section, _, name = path.partition(".")
            outside = document.tree.get(section)
            also = owners.setdefault(path, one_of.path)
            if isinstance(outside, dict) and name in outside:
                message = f"must be given in {one_of.path} or outside of it, got it in both"
                yield Problem(document.line((section, name)), path, message)
            elif also != one_of.path:
                message = f"must be given in one place, got it in {also} and {one_of.path}"
                yield Problem(document.line(one_of.key), path, message)


def _plain(bundle: Mapping[str, Any]) -> Iterator[str]:
    """The plain settings of a bundle as words."""
    for settings in bundle.values():
        for name, value in settings.items():
            if not isinstance(value, dict | list):
                yield f"{name} {value}"


def _split(path: str) -> tuple[str, str]:
    """`curriculum.sigma` and `.quantile` of `curriculum.sigma.quantile`."""
    section, name, *rest = path.split(".")
    return f"{section}.{name}", "".join(f".{part}" for part in rest)
