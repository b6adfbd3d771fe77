"""YAML text to a plain tree, with the line of every key.

ruamel.yaml reads YAML 1.2: `1e-3` is a number, `no` and `on` are text. A key that is given twice is
an error.
"""

import copy
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.representer import SafeRepresenter
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

from class_sweep.base.input_files import read_input, readable_size
from class_sweep.base.limits import (
    MAX_NUMBER_LENGTH,
    MAX_SPACE_BYTES,
    MAX_YAML_DEPTH,
    MAX_YAML_VALUES,
)
from class_sweep.base.text import without_comma
from class_sweep.errors import ConfigError

Key = tuple[str | int, ...]
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_KEY_TAGS = (_TEXT, _MERGE)
_FLOAT = "tag:yaml.org,2002:float"
_NUMBERS = (_FLOAT, "tag:yaml.org,2002:int")
_SHORT_FLOAT = re.compile(r"[-+]?\.[0-9]+[eE][-+]?[0-9]+")  # ruamel.yaml reads it as text


class _Representer(SafeRepresenter):
    """Quotes text that a reader of YAML 1.1 or 1.2 takes for a number or another value."""

    def represent_str(self, data: str) -> Any:
        """A node of the text."""
        plain = all(
            VersionedResolver(version=version).resolve(ScalarNode, data, (True, False)) == _TEXT
            for version in ((1, 1), (1, 2))
        )
        return self.represent_scalar(_TEXT, data, style=None if plain else "'")


_Representer.add_representer(str, _Representer.represent_str)


def read_text(path: Path) -> str:
    """The text of a space file.

    Raises:
        ConfigError: If the file cannot be read, or is not UTF-8.
    """
    try:
        content = read_input(path, MAX_SPACE_BYTES)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: must be a readable space file: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: must be UTF-8, got the byte 0x{content[error.start]:02x}"
        ) from None


def write_yaml(tree: dict[str, Any]) -> str:
    """A tree as YAML text, which every YAML reader reads back as the same tree."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # keep the order
    text = io.StringIO()
    yaml.dump(tree, text)
    return text.getvalue()


def yaml_comment(text: str) -> str:
    """A text, for example the name of a folder, as one comment line of YAML, with its newline."""
    words = " ".join(text.split())
    shown = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in words
    )
    return f"# {shown}\n"


def with_values(document: "YamlDocument", values: Mapping[Key, Any]) -> str:
    """The text of a document with other plain values as some of its values.

    The layout and the comments stay, unless an anchor or a merge key holds such a value.
    """
    if not values:
        return document.text
    wanted = copy.deepcopy(document.tree)
    root = YAML(typ="safe", pure=True).compose(document.text)
    spans = []
    for key, value in values.items():
        section: Any = wanted
        for word in key[:-1]:
            section = section[word]
        section[key[-1]] = value
        spans.append((*_span(root, key), json.dumps(value, ensure_ascii=False)))
    text = document.text
    for start, end, scalar in sorted(spans, reverse=True):
        text = f"{text[:start]}{scalar}{text[end:]}"
    try:
        same = read_yaml(text, document.name).tree == wanted
    except ConfigError:
        same = False
    return text if same else write_yaml(wanted)


def _span(node: Node, key: Key) -> tuple[int, int]:
    """Where the value of a key begins and ends in the text; nowhere, (0, 0), for a merged key."""
    for word in key:
        if isinstance(node, SequenceNode):
            node = node.value[int(word)]
            continue
        below = [value for name, value in node.value if name.value == word]
        if not below:
            return 0, 0
        node = below[0]
    return node.start_mark.index, node.end_mark.index


@dataclass(frozen=True)
class YamlDocument:
    """A parsed YAML document with the line of each key."""

    name: str
    text: str
    tree: dict[str, Any]
    lines: dict[Key, int]

    def line(self, key: Key) -> int:
        """The 1-based line of `key`, or of its nearest parent in the file; 0 for one in code."""
        if not self.lines:
            return 0
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


def read_yaml(text: str, name: str) -> YamlDocument:
    """Parse one YAML document whose root is a mapping.

    Raises:
        ConfigError: On a syntax error, a key given twice, a root that is no mapping, or a document
            beyond a bound of `class_sweep.base.limits`.
    """
    if len(text) > MAX_SPACE_BYTES:
        raise ConfigError(f"{name}:1: must have at most {readable_size(MAX_SPACE_BYTES)}")
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
        _Bounds(name).check(node)
        lines: dict[Key, int] = {}
        _collect(node, (), lines, name)
        tree = yaml.constructor.construct_document(node) if node is not None else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError(f"{name}:{line}: must be valid YAML: {problem}") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            f"{name}:{line}: must be text, got the control character {chr(error.character)!r}"
        ) from None
    except (YAMLError, ValueError) as error:
        raise ConfigError(f"{name}:1: must be valid YAML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{name}:1: must be nested less deeply") from None
    if not isinstance(tree, dict):
        kind = {type(None): "nothing", list: "a list"}.get(type(tree), "a single value")
        raise ConfigError(f"{name}:1: must be a mapping of sections (data, backbone …), got {kind}")
    return YamlDocument(name, text, tree, lines)


class _Bounds:
    """The check of a document before it is built; each alias is walked once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._sizes: dict[int, tuple[int, int]] = {}  # of a node: its values, and its levels
        self._above: set[int] = set()

    def check(self, node: Node | None) -> None:
        """Refuse a document that its aliases make too large, too deep or endless.

        Raises:
            ConfigError: With the line of the first value beyond a bound.
        """
        if node is not None:
            self._measure(node)

    def _measure(self, node: Node) -> tuple[int, int]:
        if id(node) in self._above:
            raise self._error(node, "an anchor must not contain itself")
        if id(node) not in self._sizes:
            self._above.add(id(node))
            below = [self._measure(value) for value in _values_of(node)]
            values = 1 + sum(values for values, _ in below)
            depth = 1 + max((depth for _, depth in below), default=0)
            if values > MAX_YAML_VALUES:
                rule = f"a document must have at most {MAX_YAML_VALUES:,} values, got {values:,}"
                raise self._error(node, f"{rule}, each alias counted as what it names")
            if depth > MAX_YAML_DEPTH:
                raise self._error(node, "must be nested less deeply")
            self._require_short_number(node)
            self._above.discard(id(node))
            self._sizes[id(node)] = values, depth
        return self._sizes[id(node)]

    def _require_short_number(self, node: Node) -> None:
        if isinstance(node, ScalarNode) and node.tag in _NUMBERS:
            length = len(node.value)
            if length > MAX_NUMBER_LENGTH:
                rule = f"a number must have at most {MAX_NUMBER_LENGTH} characters"
                raise self._error(node, f"{rule}, got {length:,}")

    def _error(self, node: Node, message: str) -> ConfigError:
        return ConfigError(f"{self._name}:{node.start_mark.line + 1}: {message}")


def _values_of(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _comma_hint(before: Node | None, key: ScalarNode) -> str:
    """What to write for `{alpha: 0,4}`, where YAML ends the value at the comma."""
    if not isinstance(before, ScalarNode):
        return ""
    end, start = before.end_mark, key.start_mark
    adjacent = end.line == start.line and end.index + 1 == start.index
    meant = without_comma(f"{before.value},{key.value}") if adjacent else None
    return f"; a decimal number has a point: write {meant}" if meant else ""


def _collect(node: Node | None, key: Key, lines: dict[Key, int], name: str) -> None:
    """Record the line of every key below `node`."""
    if node is None:
        return
    line = node.start_mark.line + 1
    lines.setdefault(key, line)
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        merged: list[Node] = []
        before: Node | None = None
        for key_node, value in node.value:
            if not isinstance(key_node, ScalarNode):
                raise ConfigError(f"{name}:{line}: a key must be a word, got a list or mapping")
            word = key_node.value
            key_line = key_node.start_mark.line + 1
            if key_node.tag not in _KEY_TAGS:  # a number, a date or null
                hint = _comma_hint(before, key_node)
                raise ConfigError(f"{name}:{key_line}: a key must be a word, got {word}{hint}")
            before = value
            if word in seen:
                path = ".".join(str(part) for part in (*key, word))
                raise ConfigError(f"{name}:{key_line}: {path}: must be given once, got it twice")
            seen.add(word)
            if key_node.tag == _MERGE:
                merged += value.value if isinstance(value, SequenceNode) else [value]
                continue
            lines[(*key, word)] = key_line
            _collect(value, (*key, word), lines, name)
        for value in merged:  # a key of its own has its own line
            inherited: dict[Key, int] = {}
            _collect(value, key, inherited, name)
            for inner, inner_line in inherited.items():
                lines.setdefault(inner, inner_line)
    elif isinstance(node, ScalarNode) and not node.style and _SHORT_FLOAT.fullmatch(node.value):
        node.ctag = Tag(suffix=_FLOAT)
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*key, index), lines, name)
