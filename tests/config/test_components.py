from typing import get_args

import pytest

from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.component_settings import ComponentSettings
from class_sweep.config.components import (
    BACKBONES,
    INTENSITIES,
    METRICS,
    PACINGS,
    Component,
    Registry,
)
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.inputs import DataSettings, MoleculeEncoderSettings, TextEncoderSettings
from class_sweep.config.pruning import PruningSettings
from class_sweep.errors import ConfigError

KINDS: list[type[ComponentSettings]] = [
    BackboneSettings,
    DataSettings,
    MoleculeEncoderSettings,
    PruningSettings,
    TextEncoderSettings,
]


def _registry() -> Registry[Component]:
    return Registry("shape", {"square": Component("math:sqrt"), "circle": Component("math:pi")})


def test_a_registry_is_a_mapping_of_its_names() -> None:
    registry = _registry()
    assert list(registry) == ["square", "circle"]
    assert registry["square"].implementation == "math:sqrt"
    assert "triangle" not in registry


def test_an_unknown_name_lists_the_known_names_and_the_closest() -> None:
    with pytest.raises(ConfigError) as error:
        _registry().load("sqare")
    assert str(error.value) == (
        "shape must be one of square, circle, got 'sqare'; did you mean square?"
    )


def test_a_name_is_registered_once() -> None:
    registry = _registry()
    registry.register("triangle", Component("math:tau"))
    registry.register("triangle", Component("math:tau"))
    assert list(registry.added()) == ["triangle"]
    with pytest.raises(ConfigError, match="must be new, got 'triangle', which is taken"):
        registry.register("triangle", Component("math:e"))


def test_the_error_of_a_wrong_import_string_has_the_string() -> None:
    registry = _registry()
    registry.register("lost", Component("no_such_module:Shape"))
    with pytest.raises(ConfigError, match="shape lost must be importable from 'no_such_module:"):
        registry.load("lost")


def test_the_settings_class_of_a_component_is_imported_on_demand() -> None:
    settings = BACKBONES.settings_class("orma")
    assert settings is not None
    assert settings.__name__ == "OrmaBackbone"
    assert _registry().settings_class("square") is None


@pytest.mark.parametrize(
    ("section", "name"), [({"kind": "circle"}, "circle"), ({"side": 1}, "square"), ({}, None)]
)
def test_a_section_names_its_component_by_key_or_by_a_setting(
    section: dict[str, object], name: str | None
) -> None:
    registry = Registry("shape", dict(_registry()), implied={"side": "square"})
    assert registry.name_in(section) == name


def test_every_curriculum_function_reads_settings_that_exist() -> None:
    for registry in (PACINGS, INTENSITIES):
        for name in registry:
            assert registry.load(name).parameters() <= set(Curriculum.model_fields)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.registry.kind)
def test_the_settings_of_every_component_have_its_name(kind: type[ComponentSettings]) -> None:
    for name, section in kind.sections().items():
        assert get_args(section.model_fields[kind.registry.key].annotation) == (name,)


def test_a_component_of_another_type_than_its_registry_is_refused() -> None:
    with pytest.raises(ConfigError, match="a metric must be registered as a Metric, got Component"):
        METRICS.register("dcg", Component("math:sqrt"))  # type: ignore[arg-type]
