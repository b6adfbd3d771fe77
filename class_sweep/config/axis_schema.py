"""The part of the JSON schema that lets a setting take an axis in place of a value."""

from collections.abc import Iterator, Sequence
from typing import Any

from class_sweep.base.limits import MAX_KNOTS, MAX_OPTIONS
from class_sweep.config.axis_places import INDEX_STEPS, SIGMA, SIGMA_QUANTILE

Schema = dict[str, Any]

_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_NOTES = ("description", "default")
_SCALARS = {"number", "integer", "string", "boolean"}


def with_axes(section: str, settings: Schema) -> Schema:
    """The settings of a section, each as a plain value or an axis.

    Args:
        section: The section's name in a space file.
        settings: Name to schema, of plain values.
    """
    return {name: _with_axis(f"{section}.{name}", plain) for name, plain in settings.items()}


def _with_axis(path: str, plain: Schema) -> Schema:
    if path == "backbone.name":
        return plain
    notes = {word: plain[word] for word in _NOTES if word in plain}
    options = _options(plain)
    forms = [form for option in options for form in _forms(path, option)]
    scalars = [option for option in options if option.get("type") in _SCALARS]
    return notes | {"anyOf": [*forms, *_axis(scalars, logarithmic=path not in INDEX_STEPS)]}


def _options(plain: Schema) -> list[Schema]:
    """The types of a setting, each by itself."""
    for word in ("anyOf", "oneOf"):
        if word in plain:
            return list(plain[word])
    return [{word: part for word, part in plain.items() if word not in _NOTES}]


def _forms(path: str, option: Schema) -> Iterator[Schema]:
    """The forms of one type of a setting, with axes where its parts take them."""
    if option.get("type") == "array":  # the knots of a curve
        knot = option["items"]
        yield option | {"items": {"anyOf": [knot, *_axis([knot])]}}
        words = "the number of knots, each of them an axis"
        yield {"type": "integer", "minimum": 1, "maximum": MAX_KNOTS, "description": words}
    elif path == SIGMA and "properties" in option:
        share = option["properties"]["quantile"]
        yield option | {"properties": {"quantile": _with_axis(SIGMA_QUANTILE, share)}}
        axis = {"quantile": _ends("number", share, "from low to high"), "step": _step("number")}
        yield option | {"properties": axis}
    elif isinstance(curve := option.get("additionalProperties"), dict):  # of a part of the loss
        curves = {"anyOf": [curve, *_axis([curve])]}
        yield option | {"additionalProperties": curves, "minProperties": 1}
    else:
        yield option


def _axis(scalars: Sequence[Schema], *, logarithmic: bool = True) -> Iterator[Schema]:
    """The axis over the values of some types, if there are any."""
    if not scalars:
        return
    kinds: Schema = {}
    for option in scalars:
        if option["type"] == "number":
            words = "numbers from low to high, both included; `step` makes a grid"
            kinds["uniform"] = _ends("number", option, words)
            if logarithmic:
                words = "numbers above 0 from low to high, uniform in their logarithm"
                kinds["loguniform"] = _ends("number", _above_0(option), words)
        if option["type"] in {"number", "integer"}:
            words = "whole numbers from low to high, both included; `step` is 1 unless given"
            kinds["int"] = _ends("integer", option, words)
    steps = [{"required": [kind]} for kind in ("uniform", "int") if kind in kinds]
    kinds["choice"] = {
        "description": "one of the listed values",
        "type": "array",
        "items": scalars[0] if len(scalars) == 1 else {"anyOf": list(scalars)},
        "minItems": 1,
        "maxItems": MAX_OPTIONS,
        "uniqueItems": True,
    }
    step = {"step": _step("number" if "uniform" in kinds else "integer")} if steps else {}
    yield {
        "type": "object",
        "properties": kinds | step,
        "oneOf": [{"required": [kind]} for kind in kinds],
        **({"dependencies": {"step": {"anyOf": steps}}} if steps else {}),
        "additionalProperties": False,
    }


def _ends(number: str, option: Schema, words: str) -> Schema:
    """The list [low, high] of a range, both within the bounds of the setting."""
    end = {"type": number} | {word: option[word] for word in _BOUNDS if word in option}
    return {"description": words, "type": "array", "items": end, "minItems": 2, "maxItems": 2}


def _above_0(option: Schema) -> Schema:
    return option if option.get("minimum", 0) > 0 else option | {"exclusiveMinimum": 0}


def _step(number: str) -> Schema:
    return {"type": number, "exclusiveMinimum": 0}
