"""The JSON schema of space files beside the program's own reading of them."""

import re
from functools import cache

from jsonschema import Draft7Validator

from class_sweep.config.components import registered
from class_sweep.config.json_schema import space_schema
from class_sweep.config.yaml_text import read_yaml

UNKNOWABLE = [
    # rules between settings, or between the settings and the axes
    r"from low to high", r"must fit the range", r"without an axis", r"for the sampler",
    r"axes of numbers", r"must be at most \d+ \(the grid", r"must have an effect",
    r"a divisor of hidden", r"for a rung to exist", r"search\.record is set",
    r"must fit into search\.trials", r"at least confirm\.seeds", r"(?:quality|empty) unless",
    r"(?:loss|samples) where", r"a ratio above 1", r"confirm\.controls\.\d+: must be one of",
    # the environment
    r"a path (?:that is not empty|whose)", r"home of a known user",
    # numbers that JSON does not have, and 16.0, a whole number in JSON Schema
    r"got (?:-?inf|nan)$", r"a whole number, got [\d.]+(?:; write \d+)?$",
]  # fmt: skip
"""The mistakes that no JSON schema can know, as patterns of their messages."""


@cache
def _validator(components: str) -> Draft7Validator:
    return Draft7Validator(space_schema())


def schema_errors(text: str) -> list[str]:
    """What a validator finds in a space file: `path: message`.

    Raises:
        ConfigError: If the text is no YAML document with a mapping.
    """
    errors = _validator(repr(registered())).iter_errors(read_yaml(text, "space").tree)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def schema_accepts(text: str) -> bool:
    """Whether a validator finds nothing in a space file; it stops at the first mistake."""
    return _validator(repr(registered())).is_valid(read_yaml(text, "space").tree)


def is_knowable(message: str) -> bool:
    """Whether a schema can know the mistake of a message."""
    return not any(re.search(pattern, message) for pattern in UNKNOWABLE)
