"""The baselines of a sweep: schedules with a name, built in or written by the user."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    WithJsonSchema,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from class_sweep.config.axes import Value
from class_sweep.config.controls import CONTROLS
from class_sweep.config.curriculum import Curriculum

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,29}")
SCHEDULE_NAME = {
    "type": "string",
    "pattern": f"^{_NAME.pattern}$",
    "not": {"enum": list(CONTROLS)},
}
"""The JSON schema of a schedule's name."""
SCHEDULE_FILE = {"type": "string", "pattern": r"/|\.ya?ml$"}
"""The JSON schema of a file with a schedule; see `class_sweep.config.baseline_files`."""


def is_file(entry: object) -> bool:
    """Whether an entry of `search.baselines` names a file, not a built-in schedule."""
    return isinstance(entry, str) and re.search(SCHEDULE_FILE["pattern"], entry) is not None


def require_new_name(value: str) -> str:
    """Check the name of a schedule.

    Raises:
        PydanticCustomError: If it is not short, or is the name of a control.
    """
    if not _NAME.fullmatch(value):
        rule = "a name of up to 30 lower-case letters, digits, - and _ that starts with a letter"
        raise PydanticCustomError("rule", rule)
    if value in CONTROLS:
        raise PydanticCustomError(
            "rule",
            "another name than those of the controls: {taken}",
            {"taken": ", ".join(CONTROLS)},
        )
    return value


class NamedSchedule(Curriculum):
    """A schedule of the user's: a name and a whole `curriculum`, whatever the space has there."""

    name: Annotated[
        str,
        AfterValidator(require_new_name),
        WithJsonSchema(SCHEDULE_NAME),
        Field(description="the name of the schedule in all tables"),
    ]
    settings: dict[str, Value] = Field(
        default={},
        description="values of axes outside the curriculum, by dotted path, in the trial of the"
        " schedule; their centres unless given",
    )

    @property
    def curriculum(self) -> Curriculum:
        """The schedule without its name and what is outside the curriculum."""
        given = {**self.__dict__, **(self.__pydantic_extra__ or {})}
        own = {k: v for k, v in given.items() if k not in {"name", "settings"}}
        return Curriculum.model_validate(own)

    def pins(self) -> dict[str, Value]:
        """Every setting of the schedule: dotted path to value."""
        return dict(_flat(self.curriculum.model_dump(mode="json")))

    @model_serializer(mode="wrap")
    def _as_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only what is not at its default: a later version may add settings."""
        tree: dict[str, Any] = handler(self)
        return {key: value for key, value in tree.items() if key in self.model_fields_set}


def _form(value: Any) -> str:
    return "by_schedule" if isinstance(value, dict | NamedSchedule) else "by_name"


Baseline = Annotated[
    Annotated[Literal["paper", "full_data"], Tag("by_name")]
    | Annotated[NamedSchedule, Tag("by_schedule")],
    Discriminator(_form),
]


def _flat(tree: Mapping[str, Any], prefix: str = "curriculum.") -> Iterator[tuple[str, Value]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
