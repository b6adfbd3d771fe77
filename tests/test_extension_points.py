"""Each extension point takes a component from a file of its own, with one line to register it.

The components are in `toy_components`; nothing else in the package or in this test knows of them.
"""

import ast
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from schema_reader import schema_errors

import class_sweep
from class_sweep.cli.main import main
from class_sweep.config.components import (
    BACKBONES,
    DATA_SOURCES,
    DIFFICULTIES,
    INTENSITIES,
    METRICS,
    MOLECULE_ENCODERS,
    ORDERS,
    PACINGS,
    PRUNERS,
    REGISTRIES,
    SAMPLERS,
    TEXT_ENCODERS,
    Component,
    Metric,
    SamplerComponent,
)
from class_sweep.config.document import Space, parse_space
from class_sweep.config.objective import metric_names
from class_sweep.errors import ConfigError

TOYS = "toy_components"
PACKAGE = Path(class_sweep.__file__).parent

LINES = {
    "backbone": lambda: BACKBONES.register(
        "toy", Component(f"{TOYS}:ToyBackbone", f"{TOYS}:ToyBackboneSettings")
    ),
    "difficulty": lambda: DIFFICULTIES.register(
        "toy", Component(f"{TOYS}:ToyDifficulty", f"{TOYS}:ToyDifficultySettings")
    ),
    "order": lambda: ORDERS.register("toy", Component(f"{TOYS}:ToyOrder")),
    "pacing": lambda: PACINGS.register(
        "toy", Component(f"{TOYS}:ToyPacing", f"{TOYS}:ToyPacingSettings")
    ),
    "intensity": lambda: INTENSITIES.register("toy", Component(f"{TOYS}:ToyIntensity")),
    "data source": lambda: DATA_SOURCES.register(
        "toy", Component(f"{TOYS}:read_toy", f"{TOYS}:ToyDataSettings")
    ),
    "text encoder": lambda: TEXT_ENCODERS.register(
        "toy", Component(f"{TOYS}:ToyTextEncoder", f"{TOYS}:ToyTextSettings")
    ),
    "molecule encoder": lambda: MOLECULE_ENCODERS.register(
        "toy", Component(f"{TOYS}:ToyMoleculeEncoder", f"{TOYS}:ToyMoleculeSettings")
    ),
    "sampler": lambda: SAMPLERS.register("toy", SamplerComponent(f"{TOYS}:ToySampler")),
    "pruner": lambda: PRUNERS.register(
        "toy", Component(f"{TOYS}:ToyPruner", f"{TOYS}:ToyPruningSettings")
    ),
    "metric": lambda: METRICS.register("hits@3", Metric(f"{TOYS}:hits_at_3", label="Hits@3")),
}
"""The one line of each extension point."""

SPACE = """\
data: {source: toy, count: 60}
text_encoder: {kind: toy, powers: 4}
molecule_encoder: {kind: toy}
backbone: {name: toy, dimension: {int: [4, 8]}}
curriculum:
  order: {choice: [toy, easy_first]}
  difficulty: {choice: [toy, look_alikes]}
  toy_weight: 0.25
  pacing: toy
  toy_share: {uniform: [0.3, 0.9]}
  intensity: {toy_loss: toy}
  sigma: {quantile: 0.5}
optimizer: {lr: 3e-3, batch_size: 8}
budget: {epochs: 3}
search: {trials: 3, sampler: toy}
pruning: {kind: toy, least: 0.0}
objective: validation/hits@3
confirm: {finalists: 0}
"""


@pytest.fixture
def toys():
    """Every toy registered, until the test ends."""
    before = {kind: dict(registry._components) for kind, registry in REGISTRIES.items()}
    for register in LINES.values():
        register()
    yield
    for kind, registry in REGISTRIES.items():
        registry._components = before[kind]


@pytest.fixture
def space(toys: None) -> Space:
    return parse_space(SPACE)


def test_the_json_schema_has_every_registered_component(toys: None) -> None:
    assert schema_errors(SPACE) == []
    for wrong in (("{int: [4, 8]}", "0"), ("toy_share: {uniform: [0.3, 0.9]}", "toy_share: 40")):
        assert schema_errors(SPACE.replace(*wrong))


def test_every_registry_has_a_toy() -> None:
    assert set(LINES) == set(REGISTRIES)


def test_a_component_is_one_file_and_one_line(toys: None) -> None:
    """The line is one call in `LINES`; every import string leads to the toys' own file."""
    (lines,) = (
        node.value
        for node in ast.parse(Path(__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LINES"
    )
    assert isinstance(lines, ast.Dict)
    for line in lines.values:
        assert isinstance(line, ast.Lambda)
        assert ast.unparse(line.body.func).endswith(".register")
    for registry in REGISTRIES.values():
        for component in registry.added().values():
            assert component.implementation.startswith(f"{TOYS}:")
            assert (component.settings or TOYS).split(":")[0] == TOYS
    assert not [name for name, strings in _strings_of_modules() if "toy" in strings]


def test_no_module_lists_the_components_of_a_kind() -> None:
    """A second list of names would have to change with every new component."""
    modules = list(_strings_of_modules())
    for registry in REGISTRIES.values():
        own = {"class_sweep.config.components"}
        for component in registry.values():
            targets = (component.implementation, component.settings or "")
            own |= {target.partition(":")[0] for target in targets}
        listing = {name for name, strings in modules if set(registry) <= strings}
        assert listing <= own, registry.kind


def _strings_of_modules() -> Iterator[tuple[str, set[str]]]:
    """The name of each module of the package, and its string constants."""
    for path in PACKAGE.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        constants = (node.value for node in nodes if isinstance(node, ast.Constant))
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        yield name, {value for value in constants if isinstance(value, str)}


def test_without_its_line_a_component_is_an_unknown_name() -> None:
    with pytest.raises(ConfigError) as error:
        parse_space(SPACE)
    message = str(error.value)
    for path in ("data.source", "backbone.name", "curriculum.pacing"):
        assert f"{path}: must be one of " in message
    assert "got 'toy'" in message


def test_settings_of_registered_components_are_validated(toys: None) -> None:
    with pytest.raises(ConfigError, match=r"backbone\.dimension: must be at least 1, got 0"):
        parse_space(SPACE.replace("{int: [4, 8]}", "0"))
    with pytest.raises(ConfigError, match=r"toy_share: must be a fraction in \(0, 1\], got 40"):
        parse_space(SPACE.replace("{uniform: [0.3, 0.9]}", "40"))
    names = r"curriculum\.pacing: must be one of .*, full, knots, toy, got"
    with pytest.raises(ConfigError, match=names):
        parse_space(SPACE.replace("pacing: toy", "pacing: toi"))


def test_their_axes_settings_and_names_are_those_of_any_component(space: Space) -> None:
    assert {"backbone.dimension", "curriculum.toy_share"} <= set(space.axes)
    settings = space.resolve({"curriculum.toy_share": 0.4})
    assert settings.curriculum.model_dump()["toy_share"] == 0.4
    assert "split/text_to_molecule/hits@3" in metric_names()
    assert space.objective.direction == "maximize"


def test_a_space_takes_its_components_to_another_process(space: Space, tmp_path: Path) -> None:
    (tmp_path / "space").write_bytes(pickle.dumps(space))
    code = (
        "import pickle, sys; from pathlib import Path;"
        f" sys.path.insert(0, {str(Path(__file__).parent / 'support')!r});"
        f" space = pickle.loads(Path({str(tmp_path / 'space')!r}).read_bytes());"
        " print(space.resolve({'curriculum.order': 'toy'}).backbone.name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "toy"


@pytest.mark.ray
def test_check_and_a_small_run_use_every_toy(
    toys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Workers import the toys too; an installed module needs no such path.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "support"))
    file = tmp_path / "toy.yaml"
    file.write_text(SPACE, encoding="utf-8")
    folder = tmp_path / "results"
    for arguments in (["check", file], ["run", file, "--out", folder]):
        monkeypatch.setattr(sys, "argv", ["class-sweep", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        printed = capsys.readouterr()
        assert not exit_.value.code, printed.out + printed.err
    records = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    assert {r["trial"] for r in records if r["decision"] == "finish"} == {0, 1, 2}
    assert all("split/hits@3" in record["metrics"] for record in records)
