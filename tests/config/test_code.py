"""A space in code: the same rules, messages and results as a file."""

import pickle
import typing
from pathlib import Path

import numpy as np
import pytest

import class_sweep as cs
from class_sweep.config import code
from class_sweep.config.axes import KINDS
from class_sweep.config.code import Sections
from class_sweep.config.components import REGISTRIES
from class_sweep.config.document import parse_space
from class_sweep.config.sections import Settings
from class_sweep.config.yaml_text import read_yaml
from class_sweep.errors import ConfigError

NAMESPACES = [
    code.data_sources, code.text_encoders, code.molecule_encoders, code.backbones, code.pruners,
]  # fmt: skip
YAML = """\
data: {source: table, path: mine.csv, columns: {smiles: SMILES}}
text_encoder: {kind: lsa, dimensions: 32}
molecule_encoder: {kind: morgan, bits: 256}
backbone: {name: contrastive, temperature: {loguniform: [0.03, 0.2]}}
curriculum:
  order: {choice: [easy_first, random]}
  alpha: {uniform: [0.3, 0.9]}
  sigma: {quantile: [0.5, 0.9], step: 0.1}
optimizer: {batch_size: {int: [32, 64], step: 32}, lr: 1e-3}
budget: {epochs: 6}
search: {trials: 8, baselines: [full_data]}
pruning: {kind: none}
objective: validation/hits@1
confirm: {finalists: 0}
"""


def sections(**changes):
    given = {
        "data": cs.data.Table("mine.csv", columns={"smiles": "SMILES"}),
        "text_encoder": cs.text_encoders.Lsa(dimensions=32),
        "molecule_encoder": cs.molecule_encoders.Morgan(bits=np.int64(256)),
        "backbone": cs.backbones.Contrastive(temperature=cs.loguniform(0.03, 0.2)),
        "curriculum": cs.Curriculum(
            order=cs.choice(["easy_first", "random"]),
            alpha=cs.uniform(0.3, 0.9),
            sigma={"quantile": (0.5, 0.9), "step": 0.1},
        ),
        "optimizer": cs.Optimizer(batch_size=cs.int(32, 64, step=32), lr=1e-3),
        "budget": cs.Budget(6),
        "search": cs.Search(trials=8, baselines=["full_data"]),
        "pruning": cs.pruners.None_(),
        "objective": "validation/hits@1",
        "confirm": {"finalists": 0},
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


def test_code_gives_the_space_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(YAML)
    file, space = cs.load_space("space.yaml"), cs.Space(**sections())
    assert space.tree == file.tree
    assert list(space.axes.items()) == list(file.axes.items())
    assert (space.settings, space.objective) == (file.settings, file.objective)
    assert space.folder == tmp_path
    again = parse_space(space.text, folder=Path("/"))  # as a results folder keeps it
    assert (again.tree, again.axes) == (space.tree, space.axes)
    assert read_yaml(space.text, "").tree["data"]["path"] == str(tmp_path / "mine.csv")


def test_the_order_of_the_axes_is_that_of_the_arguments():
    curriculum = cs.Curriculum(trim=cs.uniform(0, 0.2), alpha=cs.uniform(0.3, 0.9))
    space = cs.Space(**sections(curriculum=curriculum))
    axes = [path for path in space.axes if path.startswith("curriculum.")]
    assert axes == ["curriculum.trim", "curriculum.alpha"]


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("alpha: {uniform: [0.3, 0.9]}", "alpha: 40", {"alpha": 40}),
        ("alpha: {uniform: [0.3, 0.9]}", "alpha: {uniform: [0.9, 0.3]}",
         {"alpha": cs.uniform(0.9, 0.3)}),
        ("alpha: {uniform: [0.3, 0.9]}", "alhpa: 0.4", {"alhpa": 0.4}),
        ("alpha: {uniform: [0.3, 0.9]}", "alpha: [0.3, 0.9]", {"alpha": [0.3, 0.9]}),
        ("alpha: {uniform: [0.3, 0.9]}", "alpha: 40%", {"alpha": "40%"}),
        ("alpha: {uniform: [0.3, 0.9]}", "order: {choice: easy}", {"order": cs.choice("easy")}),
        ("alpha: {uniform: [0.3, 0.9]}", "tie_break: {choice: [1]}", {"tie_break": cs.choice([1])}),
        ("alpha: {uniform: [0.3, 0.9]}", "ties: random", {"ties": "random"}),
    ],
)  # fmt: skip
def test_a_mistake_has_the_message_of_the_file_and_the_path_as_its_place(old, new, changes):
    curriculum = "curriculum:\n  " + new + "\n"
    text = YAML[: YAML.index("curriculum:")] + curriculum + YAML[YAML.index("optimizer:") :]
    with pytest.raises(ConfigError) as of_file:
        parse_space(text, "space.yaml")
    with pytest.raises(ConfigError) as of_code:
        cs.Space(**sections(curriculum=cs.Curriculum(**changes)))
    lines = [line.partition(": ")[2] for line in str(of_file.value).splitlines()]
    assert str(of_code.value).splitlines() == lines
    assert lines[0].startswith("curriculum.")
    assert old in YAML


def test_all_mistakes_are_reported_at_once():
    with pytest.raises(ConfigError) as error:
        cs.Space(
            **sections(
                data=cs.data.Table(),
                backbone={"name": "contrastiv"},
                budget=cs.Budget(epochs=0),
                search=None,
                curiculum={},
            )
        )
    assert str(error.value).splitlines() == [
        "backbone.name: must be one of contrastive, text2mol, aman, orma, got 'contrastiv'; did you"
        " mean contrastive?",
        "budget.epochs: must be at least 1, got 0",
        "curiculum: must be a known setting, got 'curiculum'; did you mean curriculum?",
        "data.path: is required, and it is missing",
        "search: is required, and it is missing",
    ]


def test_a_value_that_no_file_holds_is_refused_with_its_path():
    with pytest.raises(ConfigError) as error:
        cs.Space(**sections(curriculum=cs.Curriculum(alpha=object()), objective=b"mrr"))
    assert str(error.value).splitlines() == [
        "curriculum.alpha: must be a section, an axis, a list or a plain value, got a object",
        "objective: must be a section, an axis, a list or a plain value, got a bytes",
    ]


def test_a_rule_that_is_checked_later_names_the_path():
    space = cs.Space(**sections())
    with pytest.raises(ConfigError, match=r"^curriculum\.alpha: must be a fraction"):
        space.resolve({"curriculum.alpha": 3.0})
    with pytest.raises(ConfigError, match=r"^data\.path: must be a file that exists, got /"):
        cs.Space(**sections(data=cs.data.Table("mine.csv"))).require_inputs()
    assert (space.line("budget"), space.place("budget.epochs")) == ("budget", "budget.epochs")


def test_sections_of_another_space_can_be_used_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PART", "x")
    path = tmp_path / "a $PART b.csv"  # a path in code is itself, and names no variable
    first = cs.Space(**sections(data=cs.data.Table(path)))
    second = cs.Space(**sections(data=first.settings.data, budget=first.settings.budget))
    assert first.settings.data.path == path
    assert second.settings.data == first.settings.data


def test_a_space_in_code_can_be_pickled():
    space = cs.Space(**sections())
    assert pickle.loads(pickle.dumps(space)) == space  # noqa: S301 - our own


def test_a_section_shows_what_was_given_and_gives_its_defaults():
    section = cs.Curriculum(alpha=cs.uniform(0.2, 0.9))
    assert repr(section) == "Curriculum(alpha={'uniform': [0.2, 0.9]})"
    assert (section.alpha, section.beta) == ({"uniform": [0.2, 0.9]}, 0.0)
    with pytest.raises(AttributeError, match="Curriculum has no aplha"):
        section.aplha  # noqa: B018


def test_values_by_position_are_the_required_settings():
    assert cs.Budget(4).epochs == 4
    with pytest.raises(ConfigError, match="and at most epochs by position, got 2 values"):
        cs.Budget(4, 1000)
    with pytest.raises(ConfigError, match="Budget must be given epochs once, got it twice"):
        cs.Budget(4, epochs=4)


def test_every_section_and_component_of_a_space_has_a_name_in_code():
    assert typing.get_type_hints(Sections).keys() == Settings.model_fields.keys()
    kinds = {name for name, field in Settings.model_fields.items() if name != "objective"}
    assert len(code.SECTIONS) + len(NAMESPACES) == len(kinds)
    for name in code.SECTIONS:
        assert getattr(cs, name)().model.__name__ == name
    for namespace in NAMESPACES:
        registry = namespace.section_type.registry
        assert len(dir(namespace)) == len(registry)
        for component in registry:
            draft = getattr(namespace, code.class_name(component))()
            assert draft.settings == {registry.key: component}
            assert draft.model is namespace.section_type.section_of(draft.settings)
    assert cs.data.Table().model is cs.data.__getattr__("Table")().model
    assert dir(cs.backbones) == dir(code.backbones)
    assert REGISTRIES["backbone"] is code.backbones.section_type.registry


def test_every_kind_of_axis_has_a_name_in_code():
    assert [kind for kind in KINDS if not callable(getattr(cs, kind))] == []


def test_an_unknown_component_lists_the_known_ones():
    with pytest.raises(AttributeError, match="must be one of Chebi20, Names, Table, got Tabel"):
        cs.data.Tabel  # noqa: B018


def test_a_curriculum_run_checks_sections_from_code():
    run = cs.CurriculumRun(
        cs.Curriculum(alpha=0.5, beta=0.5), np.arange(40), budget=cs.Budget(2), batch_size=10
    )
    assert run.steps == 6
    with pytest.raises(ConfigError, match=r"^alpha: must be a fraction .* got 40; write 0\.40$"):
        cs.CurriculumRun(cs.Curriculum(alpha=40), np.arange(40), budget=cs.Budget(2), batch_size=10)
