"""YAML text to a plain tree, with the line of every key, and no surprises on the way.

Three of PyYAML's readings are mended: `1e-3` is a number, `no` and `on` are text, and a key
given twice is an error instead of the last one winning.
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from class_sweep.errors import ConfigError

Key = tuple[str | int, ...]
_KEY_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


class _Loader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's numbers and booleans."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":float", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+"
        r"|\.[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF|nan|NaN|NAN))$"
    ),
    list("-+.0123456789"),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


class _Dumper(yaml.SafeDumper):
    """SafeDumper that quotes a text which `_Loader` would read as a number."""


for _first, _resolvers in _Loader.yaml_implicit_resolvers.items():
    for _tag, _pattern in _resolvers:
        _Dumper.add_implicit_resolver(_tag, _pattern, [_first])


def write_yaml(tree: dict[str, Any]) -> str:
    """A tree as YAML text that `read_yaml`, and any other reader, takes for the same tree."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


@dataclass(frozen=True)
class Source:
    """A parsed YAML document and where each of its keys stands."""

    name: str
    text: str
    tree: dict[str, Any]
    lines: dict[Key, int]

    def line(self, key: Key) -> int:
        """The 1-based line of `key`, or of its nearest parent that is in the file."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


def read_yaml(text: str, name: str) -> Source:
    """Parse one YAML document whose root is a mapping.

    Raises:
        ConfigError: On a syntax error, a key given twice, or a root that is no mapping.
    """
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[Key, int] = {}
        _collect(node, (), lines, name, ())
        tree = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError(f"{name}:{line}: must be valid YAML: {problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            f"{name}:{line}: must be text, got the control character {chr(error.character)!r}"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{name}:1: must be valid YAML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{name}:1: must be nested less deeply") from None
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(tree, dict):
        kind = "nothing" if tree is None else f"a {type(tree).__name__}"
        raise ConfigError(f"{name}:1: must be a mapping of sections (data, backbone …), got {kind}")
    return Source(name, text, tree, lines)


def _collect(
    node: yaml.Node | None, key: Key, lines: dict[Key, int], name: str, above: tuple[int, ...]
) -> None:
    """Record the line of every key below `node`; `above` holds the nodes on the way down."""
    if node is None:
        return
    line = node.start_mark.line + 1
    lines.setdefault(key, line)
    if id(node) in above:
        raise ConfigError(f"{name}:{line}: an anchor must not contain itself")
    above = (*above, id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key_node, value in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(f"{name}:{line}: a key must be a word, got a list or mapping")
            word = key_node.value
            here = key_node.start_mark.line + 1
            if key_node.tag not in _KEY_TAGS:  # a number, a date or nothing is no setting's name
                raise ConfigError(f"{name}:{here}: a key must be a word, got {word}")
            if word in seen:
                path = ".".join(str(part) for part in (*key, word))
                raise ConfigError(f"{name}:{here}: {path}: must be given once, got it twice")
            seen.add(word)
            lines[(*key, word)] = here
            _collect(value, (*key, word), lines, name, above)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*key, index), lines, name, above)
