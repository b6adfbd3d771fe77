"""A space in code: calls of sections and axes give the mapping that a YAML file would give.

`Curriculum(alpha=uniform(0.2, 0.9))` is `curriculum: {alpha: {uniform: [0.2, 0.9]}}`. Sections are
not checked one by one: `Space(…)` checks all of them together and reports every mistake at once.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Required, TypedDict, TypeVar, get_args

from pydantic import ValidationError

from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.component_settings import ComponentSettings
from class_sweep.config.confirm import Confirm
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.inputs import DataSettings, MoleculeEncoderSettings, TextEncoderSettings
from class_sweep.config.problems import problems_of
from class_sweep.config.pruning import PruningSettings
from class_sweep.config.section import Section
from class_sweep.config.sections import Budget, Optimizer, Resources, Search, Settings, Tracking
from class_sweep.config.yaml_text import YamlDocument
from class_sweep.errors import ConfigError

Plain = Mapping[str, Any]
AnySection = TypeVar("AnySection", bound=Section)


class Sections(TypedDict, total=False):
    """The arguments of a space: the sections of a file, each as an object or as a mapping."""

    data: Required[DataSettings | Plain]
    text_encoder: Required[TextEncoderSettings | Plain]
    molecule_encoder: Required[MoleculeEncoderSettings | Plain]
    backbone: Required[BackboneSettings | Plain]
    curriculum: Curriculum | Plain
    optimizer: Optimizer | Plain
    budget: Required[Budget | Plain]
    search: Required[Search | Plain]
    pruning: PruningSettings | Plain
    objective: str
    confirm: Confirm | Plain
    resources: Resources | Plain
    tracking: Tracking | Plain


@dataclass(frozen=True, repr=False)
class SectionDraft:
    """A section in code before it is checked: the settings that were given, in their order.

    Attributes:
        model: The section that will check them.
        settings: Setting to value, an axis included.
    """

    model: type[Section]
    settings: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        """A setting as it was given, or its default."""
        if name in self.settings:
            return self.settings[name]
        field = self.model.model_fields.get(name)
        if field is None or field.is_required():
            raise AttributeError(f"{self.model.__name__} has no {name}")
        return field.get_default(call_default_factory=True, validated_data={})

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{self.model.__name__}({given})"


class SectionMaker:
    """Makes the sections of one kind from their settings, like the class of the section itself.

    A required setting may be given by its position.
    """

    def __init__(self, model: type[Section], named: Mapping[str, str] | None = None) -> None:
        """Take the section, and for a component the setting that names it."""
        self._model, self._named = model, dict(named or {})
        fields = {n: f for n, f in model.model_fields.items() if n not in self._named}
        self._positional = [name for name, field in fields.items() if field.is_required()]
        self.__name__, self.__doc__ = model.__name__, inspect.getdoc(model)
        kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter(
                    name,
                    kinds[name not in self._positional],
                    default=inspect.Parameter.empty if field.is_required() else field.get_default(),
                )
                for name, field in sorted(
                    fields.items(), key=lambda item: not item[1].is_required()
                )
            ]
        )

    def __call__(self, *required: Any, **settings: Any) -> SectionDraft:
        """A section of these settings, unchecked.

        Raises:
            ConfigError: If more values are given by position than there are required settings, or
                one is given twice.
        """
        names, given = self._positional, self._named | settings
        if len(required) > len(names):
            takes = f"at most {', '.join(names)}" if names else "nothing"
            raise ConfigError(
                f"{self.__name__} must be given its settings by name, and {takes} by position,"
                f" got {len(required)} values by position"
            )
        by_position = dict(zip(names, required, strict=False))
        if twice := by_position.keys() & given.keys():
            raise ConfigError(f"{self.__name__} must be given {min(twice)} once, got it twice")
        return SectionDraft(self._model, self._named | by_position | settings)

    def __repr__(self) -> str:
        return f"<section {self.__name__}{self.__signature__}>"


class ComponentSections:
    """The sections of one kind of component, for example `Table` for `source: table`.

    The names are those of the registry in capitals: `SuccessiveHalving`, and `None_` because Python
    reserves `None`. A component from outside is found as well.

    Attributes:
        section_type: The section that all components of the kind share.
    """

    def __init__(self, kind: type[ComponentSettings]) -> None:
        """Take the kind."""
        self.section_type = kind

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The section of a component; see `section`."""
        return self.section(name)

    def section(self, name: str) -> Callable[..., Any]:
        """The section of a component.

        Raises:
            AttributeError: If there is none; the message lists the known ones.
        """
        registry = self.section_type.registry
        for component in registry:
            if class_name(component) == name:
                section = self.section_type.section_of({registry.key: component})
                return SectionMaker(section, {registry.key: component})
        raise AttributeError(f"a {registry.kind} must be one of {', '.join(dir(self))}, got {name}")

    def __dir__(self) -> list[str]:
        """The names of the components."""
        return [class_name(component) for component in self.section_type.registry]


def class_name(component: str) -> str:
    """The name of a component's section in code: `successive_halving` to `SuccessiveHalving`."""
    name = "".join(word[:1].upper() + word[1:] for word in component.split("_"))
    return f"{name}_" if name in {"None", "True", "False"} else name


def _plain_sections() -> Iterator[type[Section]]:
    """The sections of a space that are no components."""
    for field in Settings.model_fields.values():
        for model in (field.annotation, *get_args(field.annotation)):
            plain = isinstance(model, type) and issubclass(model, Section)
            if plain and "registry" not in vars(model):
                yield model


SECTIONS = {model.__name__: SectionMaker(model) for model in _plain_sections()}
"""What makes the sections of a space in code: `Curriculum`, `Optimizer` and others, by name."""

data_sources = ComponentSections(DataSettings)
backbones = ComponentSections(BackboneSettings)
text_encoders = ComponentSections(TextEncoderSettings)
molecule_encoders = ComponentSections(MoleculeEncoderSettings)
pruners = ComponentSections(PruningSettings)


def tree_of(sections: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping that a YAML file with these sections gives.

    Raises:
        ConfigError: With one line for each value that a file cannot hold.
    """
    problems: list[str] = []
    tree = {name: _plain(value, name, problems) for name, value in sections.items()}
    if problems:
        raise ConfigError("\n".join(problems))
    return tree


def checked(section: AnySection) -> AnySection:
    """A section whose settings are checked: itself, unless it was made in code.

    Raises:
        ConfigError: With one line for each mistake: setting, rule, value.
    """
    if not isinstance(section, SectionDraft):
        return section
    tree = tree_of(section.settings)
    try:
        return section.model.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        problems = problems_of(error, YamlDocument("", "", tree, {}), section.model)
        raise ConfigError("\n".join(p.render("") for p in sorted(problems))) from None


def _plain(value: Any, path: str, problems: list[str]) -> Any:
    if isinstance(value, Section):  # of a space that was checked before
        value = value.model_dump(mode="json", exclude_unset=True)
    elif isinstance(value, SectionDraft):
        value = value.settings
    elif isinstance(value, Path):
        return str(value).replace("$", "$$")  # a path in a file may name variables
    elif hasattr(value, "tolist"):  # of NumPy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(v, f"{path}.{key}", problems) for key, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(v, f"{path}.{i}", problems) for i, v in enumerate(value)]
    if isinstance(value, str):
        return str.__str__(value)  # no subclass of it, which YAML would not write
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    if value is not None:
        problems.append(
            f"{path}: must be a section, an axis, a list or a plain value, got a"
            f" {type(value).__name__}"
        )
    return None
