"""The typed JSON files of a results folder: how a model is written and read."""

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from class_sweep.base.input_files import read_input
from class_sweep.base.limits import MAX_RESULT_BYTES
from class_sweep.config.axes import Value
from class_sweep.errors import ResultsError

STRICT = ConfigDict(strict=True, extra="ignore")
"""Values keep their JSON types; keys that a later version adds are ignored."""


class ResultsModel(BaseModel):
    """Base class of everything that a results folder keeps as JSON."""

    model_config = ConfigDict(**STRICT, frozen=True, populate_by_name=True)


Model = TypeVar("Model", bound=ResultsModel)


def _require_plain(value: object) -> object:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("a number, a string or a truth value")  # noqa: TRY004 - pydantic's protocol
    return value


# Checked before the union, whose errors would name each of its members.
AxisValue = Annotated[Value, BeforeValidator(_require_plain)]
Config = dict[str, AxisValue]
"""The configuration of a trial: dotted path of each axis to its value."""

Interval = tuple[float, float]
"""Lower and upper end."""


def json_text(model: ResultsModel) -> str:
    """Serialise a model as the indented JSON text that a results folder keeps."""
    return f"{json.dumps(json_tree(model), indent=2, ensure_ascii=False)}\n"


def json_line(model: ResultsModel) -> str:
    """Serialise a model as one line of a log, without the newline.

    Raises:
        ValueError: If a number is infinite or NaN.
    """
    return json.dumps(json_tree(model), ensure_ascii=False, allow_nan=False)


def json_tree(model: ResultsModel) -> dict[str, Any]:
    """A model as the tree of its JSON text."""
    return model.model_dump(mode="json", by_alias=True)


def read_json(path: Path, model: type[Model]) -> Model:
    """Read a JSON file into its model.

    Raises:
        ResultsError: If the file is missing, is not JSON, or has another shape; the message names
            the file, the key and what was expected.
    """
    try:
        return model.model_validate_json(read_input(path, MAX_RESULT_BYTES))
    except OSError as error:
        raise ResultsError(f"{path.name} must be readable: {path}: {error.strerror}") from None
    except ValidationError as error:
        raise ResultsError(
            f"{path.name} must be readable: {path}: {explain(error)}; it was altered, or another"
            " version of class-sweep wrote it"
        ) from None


def explain(error: ValidationError) -> str:
    """The first mistake of a file or line: the key, the expected value, and the actual one."""
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if first["type"] == "json_invalid":
        return message
    if first["type"] == "missing":
        return f"the key {key} is required, and it is missing"
    subject = key or "it"
    return f"{subject} must be {message}, got {_shortened(first['input'])}"


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
