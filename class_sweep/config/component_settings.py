"""Settings whose validation depends on a registry of components."""

import json
from typing import Any, ClassVar, Self

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from class_sweep.config.registry import Registry
from class_sweep.config.section import Section
from class_sweep.errors import ConfigError

UNKNOWN_NAME = "unknown_component"
MISSING_NAME = "missing_component"


class ComponentSettings(Section):
    """The settings of one component.

    A direct subclass is a kind of component and has its `registry`. Its validation validates the
    section of the component that the settings name. The section of each component is a subclass of
    its kind.
    """

    registry: ClassVar[Registry[Any]]

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        if "registry" not in cls.__dict__:
            return handler(source)
        return core_schema.with_info_plain_validator_function(cls._of_named_component)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "object"} if "registry" in cls.__dict__ else handler(schema)

    @classmethod
    def sections(cls) -> dict[str, type[Self]]:
        """The settings class of every component of this kind, by name.

        Raises:
            ConfigError: If a class cannot be imported or is of another kind.
        """
        return {name: cls._section(name) for name in cls.registry}

    @classmethod
    def section_of(cls, tree: Any) -> type[Self]:
        """The section that validates the settings; the kind itself for an unknown component."""
        name = cls.registry.name_in(tree) if isinstance(tree, dict) else None
        return cls if name is None or name not in cls.registry else cls._section(name)

    @classmethod
    def _section(cls, name: str) -> type[Self]:
        section = cls.registry.settings_class(name)
        if isinstance(section, type) and issubclass(section, cls):
            return section
        raise ConfigError(
            f"the settings of {cls.registry.kind} {name} must be a subclass of {cls.__name__},"
            f" got {section}"
        )

    @classmethod
    def _of_named_component(cls, value: Any, info: core_schema.ValidationInfo) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise PydanticKnownError("model_type", {"class_name": cls.__name__})
        name, key = cls.registry.name_in(value), cls.registry.key
        if name is None:
            raise _name_error(MISSING_NAME, cls.registry, None, key=key)
        if name not in cls.registry:
            raise _name_error(UNKNOWN_NAME, cls.registry, name, key=key)
        section = cls._section(name)
        if info.mode == "json":  # strict validation converts text to a path in this mode only
            return section.model_validate_json(json.dumps(value), context=info.context)
        return section.model_validate(value, context=info.context)


class ComponentName:
    """Annotation of a text setting whose value is a name in a registry."""

    def __init__(self, registry: Registry[Any]) -> None:
        self.registry = registry

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._known)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "enum": list(self.registry)}

    def _known(self, value: Any) -> str:
        if isinstance(value, str) and value in self.registry:
            return value
        raise _name_error(UNKNOWN_NAME, self.registry, value)


def _name_error(
    kind: Any, registry: Registry[Any], name: object, **key: str
) -> PydanticCustomError:
    context = {"known": list(registry), "name": name, **key}
    if reason := registry.broken(name):
        context["broken"] = reason
    return PydanticCustomError(kind, "unknown name", context)
