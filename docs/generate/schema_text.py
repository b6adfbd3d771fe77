"""Words for the types, bounds and values in a JSON schema."""

from collections.abc import Mapping
from typing import Any


def type_text(entry: Mapping[str, Any]) -> str:
    """The type of a value."""
    if "const" in entry:
        return value_text(entry["const"])
    if "enum" in entry:
        return ", ".join(value_text(value) for value in entry["enum"])
    if "$ref" in entry or entry.get("type") == "object":
        return "mapping"
    if entry.get("type") == "array":
        return f"list of {type_text(entry['items'])}" if "items" in entry else "list"
    if entry.get("format") == "path":
        return "path"
    names = {"string": "text", "boolean": "true or false", "null": "none"}
    return names.get(entry["type"], entry["type"]) if "type" in entry else "any"


def bounds_text(entry: Mapping[str, Any]) -> str:
    """The bounds of a number, or of the numbers of a list, as an interval; empty without bounds."""
    if entry.get("type") == "array":
        return bounds_text(entry.get("items", {}))
    low, open_low = entry.get("minimum"), entry.get("exclusiveMinimum")
    high, open_high = entry.get("maximum"), entry.get("exclusiveMaximum")
    if all(bound is None for bound in (low, open_low, high, open_high)):
        return ""
    left = f"({_number(open_low)}" if low is None else f"[{_number(low)}"
    right = f"{_number(open_high)})" if high is None else f"{_number(high)}]"
    return f"{left.replace('∞', '−∞')}, {right}"


def _number(value: float | None) -> str:
    if value is None:
        return "∞"
    is_power = value >= 2**20 and value == int(value) and int(value).bit_count() == 1
    return f"2^{int(value).bit_length() - 1}" if is_power else f"{value:g}"


def value_text(value: Any) -> str:
    """A default, as YAML writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    if isinstance(value, dict):
        return "see below"
    return f"`{value}`"
