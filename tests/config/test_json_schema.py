"""The JSON schema of space files. The fixtures of this folder hold it against all other tests."""

from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from schema_reader import schema_errors

from class_sweep.config.bundles import ONE_OF
from class_sweep.config.json_schema import SCHEMA_FILE, SCHEMA_LINE, schema_text, space_schema
from class_sweep.config.sections import Settings

SPACES = sorted((Path(__file__).parents[2] / "search_spaces").glob("*.yaml"))
SHIPPED = SPACES[0].parent / SCHEMA_FILE


def settings_in(schema, path=()):
    """Each setting of a schema, with its path."""
    for name, entry in schema.get("properties", {}).items():
        yield (*path, name), entry
        yield from settings_in(entry, (*path, name))
    for chosen in schema.get("allOf", []):
        yield from settings_in(chosen["then"], path)


def test_the_schema_is_valid_by_its_own_version():
    assert space_schema()["$schema"] == Draft7Validator.META_SCHEMA["$id"]
    Draft7Validator.check_schema(space_schema())


def test_the_schema_beside_the_spaces_is_what_the_command_prints():
    remedy = f"run `class-sweep schema > search_spaces/{SCHEMA_FILE}`"
    assert SHIPPED.read_text(encoding="utf-8") == schema_text(), remedy


@pytest.mark.parametrize("path", SPACES, ids=lambda path: path.name)
def test_every_shipped_space_names_the_schema_and_is_valid_by_it(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith(SCHEMA_LINE)
    assert schema_errors(text) == []


def test_every_setting_has_a_description():
    named = [path for path, _ in settings_in(space_schema())]
    assert {path[0] for path in named} == {*Settings.model_fields, ONE_OF}
    silent = {path for path, entry in settings_in(space_schema()) if not entry.get("description")}
    assert {path for path in silent if path[-1] not in {"name", "kind", "source"}} == set()


def test_no_reference_hides_a_description():
    assert "$ref" not in schema_text()


@pytest.mark.parametrize(
    "written",
    [
        "alpha: {uniform: [0.2, 0.9], step: 0.1}",
        "alpha: {loguniform: [0.2, 0.9]}",
        "pacing_start: {int: [0, 4], step: 2}",
        "sigma: 0.4",
        "sigma: {quantile: 0.5}",
        "sigma: {quantile: [0.5, 0.9]}",
        "sigma: {quantile: [0.5, 0.9], step: 0.1}",
        "sigma: {quantile: {choice: [0.5, 0.9]}}",
        "intensity: {choice: [constant, inverse]}",
        "intensity: {a: constant, b: {choice: [constant, inverse]}}",
        "pacing_knots: [0.5, {uniform: [0.5, 1]}]",
        "pacing_knots: 3",
        "pacing_knots: [1]",
    ],
)
def test_every_form_of_a_setting_is_accepted(text, written):
    assert schema_errors(text(curriculum=f"{{{written}}}")) == []


@pytest.mark.parametrize(
    "written",
    [
        "alpha: {uniform: [0.2, 0.9], choice: [1]}",
        "alpha: {uniform: [0.2]}",
        "alpha: {choice: [0.2], step: 0.1}",
        "alpha: {choice: [0.2, 0.2]}",
        "alpha: {choice: []}",
        "alpha: {uniform: [0.2, 0.9], step: 0}",
        "pacing_start: {uniform: [0, 4]}",
        "sigma: {loguniform: [0.2, 0.9]}",
        "sigma: {quantile: [0.5, 1.9]}",
        "intensity: {}",
        "intensity: {a: linear}",
        "pacing_knots: 17",
        "pacing_knots: []",
        "pacing_knots: {uniform: [0.5, 1]}",
    ],
)
def test_a_wrong_form_of_a_setting_is_rejected(text, written):
    assert schema_errors(text(curriculum=f"{{{written}}}"))


@pytest.mark.parametrize(
    ("section", "accepted", "rejected"),
    [
        ("text_encoder", "{model: m, trainable: last_2}", "{kind: lsa, model: m}"),
        ("text_encoder", "{dimensions: 12}", "{model: m, dimensions: 12}"),
        ("pruning", "{min_kept: 2}", "{kind: asha, min_kept: 2}"),
        ("backbone", "{name: text2mol, layers: {int: [1, 3]}}", "{name: contrastive, heads: 3}"),
        ("backbone", "{name: aman}", "{name: {choice: [aman]}}"),
        ("objective", "validation/all/hits@1", "validation/all"),
    ],
)
def test_a_component_takes_its_own_settings(text, section, accepted, rejected):
    assert schema_errors(text(**{section: accepted})) == []
    assert schema_errors(text(**{section: rejected}))
