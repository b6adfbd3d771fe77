"""Paths in a space file: relative to the file, absolute in every file that a sweep writes."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from class_sweep.config.component_settings import ComponentSettings
from class_sweep.config.document import dump_settings, load_space, parse_space
from class_sweep.config.paths import Input
from class_sweep.config.recording import as_recording
from class_sweep.config.section import Section
from class_sweep.config.sections import Settings
from class_sweep.errors import ConfigError
from class_sweep.results.space_files import config_yaml

TABLE = "{{source: table, path: {}}}"
HERE = Path("/work/space")


@pytest.fixture
def located(text):
    """The path of a table that a file in a folder names."""

    def path(written: str, folder: Path = HERE) -> Path:
        space = parse_space(text(data=TABLE.format(written)), "a.yaml", folder)
        return space.settings.data.path

    return path


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("mine.csv", "/work/space/mine.csv"),
        ("./a/mine.csv", "/work/space/a/mine.csv"),
        ("../mine.csv", "/work/space/../mine.csv"),
        ("/data/mine.csv", "/data/mine.csv"),
        ("./~mine.csv", "/work/space/~mine.csv"),
        ("~/mine.csv", "/home/me/mine.csv"),
        ("$DATA/mine.csv", "/data/of me/mine.csv"),
        ("'${DATA}s/mine.csv'", "/data/of mes/mine.csv"),
        ("$NAME.csv", "/work/space/mine.csv"),
        ("$HOUSE/mine.csv", "/home/me/x/mine.csv"),
        ("a$$b/$$NIX.csv", "/work/space/a$b/$NIX.csv"),
    ],
)
def test_a_path_is_relative_to_its_file_and_expanded(monkeypatch, located, written, path):
    for name, value in {"HOME": "/home/me", "DATA": "/data/of me", "NAME": "mine"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOUSE", "~/x")
    assert located(written) == Path(path)


def test_the_working_directory_does_not_matter(monkeypatch, tmp_path, text):
    file = tmp_path / "spaces" / "a.yaml"
    file.parent.mkdir()
    file.write_text(text(data=TABLE.format("mine.csv")))
    for folder, name in ((tmp_path, "spaces/a.yaml"), (file.parent, "a.yaml")):
        monkeypatch.chdir(folder)
        assert load_space(Path(name)).settings.data.path == file.parent / "mine.csv"


@pytest.mark.parametrize(
    ("written", "mistake"),
    [
        ("$NIX/mine.csv", "a path whose variables are set, got $NIX/mine.csv; $NIX is not"),
        ("${NIX}", "a path whose variables are set, got ${NIX}; $NIX is not"),
        ("5$/a", "a path whose $ names a variable, got 5$/a; write $$ for the character $"),
        ("", "a path that is not empty, got "),
        ("~nobody-here/a", "a path whose ~ is the home of a known user, got ~nobody-here/a"),
    ],
)
def test_a_path_that_names_nothing_is_refused_with_its_line(mistakes, written, mistake):
    assert mistakes(data=TABLE.format(f"'{written}'")) == [f"1: data.path: must be {mistake}"]


def test_an_empty_variable_is_no_path(monkeypatch, mistakes):
    monkeypatch.setenv("NOTHING", "")
    assert mistakes(data=TABLE.format("$NOTHING")) == [
        "1: data.path: must be a path that is not empty, got $NOTHING"
    ]


names = st.text(
    st.characters(codec="utf-8", exclude_characters="/", exclude_categories=["Cc", "Cs", "Cn"]),
    min_size=1,
    max_size=8,
).filter(lambda name: name not in (".", ".."))


@profile(max_examples=30)
@given(name=names, folder=names)
def test_a_path_is_written_absolute_whatever_it_is_called(name, folder, text):
    written = json.dumps(f"./{name}".replace("$", "$$"), ensure_ascii=False)
    space = parse_space(text(data=TABLE.format(written)), "a.yaml", Path("/") / folder)
    assert space.settings.data.path == Path("/") / folder / name
    assert parse_space(space.text, "b.yaml", Path("/elsewhere")).settings == space.settings
    alone = space.resolve({"curriculum.alpha": 0.5})
    alone = alone.model_copy(update={"search": alone.search.model_copy(update={"trials": 1})})
    assert parse_space(dump_settings(alone), "c.yaml", Path("/elsewhere")).settings == alone


def test_the_absolute_text_keeps_layout_and_comments(text):
    source = "# mine\n" + text(data="{path: mine.csv, source: table}  # the table")
    space = parse_space(source, "a.yaml", HERE)
    assert space.text == source.replace("mine.csv", '"/work/space/mine.csv"')
    assert parse_space(text()).text == text()


@pytest.mark.parametrize(
    "data",
    [
        "{source: table, path: &file mine.csv, extra_molecules: *file}",
        "{<<: {path: mine.csv, extra_molecules: mine.csv}, source: table}",
    ],
)
def test_anchors_and_merged_keys_are_written_absolute_too(text, data):
    space = parse_space(text(data=data), "a.yaml", HERE)
    again = parse_space(space.text, "b.yaml", Path("/elsewhere"))
    assert again.settings == space.settings
    assert again.settings.data.extra_molecules == HERE / "mine.csv"


def test_every_file_of_a_sweep_has_absolute_paths(text):
    data = "{source: table, path: mine.csv, extra_molecules: $$more.smi}"
    vectors = "{kind: mol2vec, vectors: v.npz}"
    tracking = '{mlflow: "sqlite:///runs.db"}'
    space = parse_space(
        text(data=data, molecule_encoder=vectors, tracking=tracking), "a.yaml", HERE
    )
    best = config_yaml(space, {"curriculum.alpha": 0.5}, ["the best"])
    for written in (space.text, as_recording(space, 2).text, best):
        settings = parse_space(written, "b.yaml", Path("/elsewhere")).settings
        assert settings.data.path == HERE / "mine.csv"
        assert settings.data.extra_molecules == HERE / "$more.smi"
        assert settings.molecule_encoder.vectors == HERE / "v.npz"
        assert settings.tracking.mlflow == "sqlite:////work/space/runs.db"


@pytest.mark.parametrize(
    ("written", "located"),
    [
        ("mlruns", "/work/space/mlruns"),
        ("file:mlruns", "file:/work/space/mlruns"),
        ("sqlite:////a/$$b.db", "sqlite:////a/$b.db"),
        ("https://me:$x@host/", "https://me:$x@host/"),
        ("databricks", "databricks"),
        ("databricks://profile", "databricks://profile"),
    ],
)
def test_a_tracking_uri_that_is_a_path_is_relative_to_the_file(text, written, located):
    space = parse_space(text(tracking=f"{{mlflow: '{written}'}}"), "a.yaml", HERE)
    assert space.settings.tracking.mlflow == located
    assert parse_space(space.text).settings == space.settings


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("bert", "{}/bert"),
        ("some/bert", "{}/some/bert"),
        ("./none", "{}/none"),
        ("$MODELS/bert", "/models/bert"),
        ("a/b/c", "{}/a/b/c"),
        ("allenai/scibert", "allenai/scibert"),
        ("gpt2", "gpt2"),
    ],
)
def test_a_model_is_a_folder_beside_the_file_or_a_name_on_the_hub(
    monkeypatch, tmp_path, text, written, model
):
    monkeypatch.setenv("MODELS", "/models")
    (tmp_path / "bert").mkdir()
    (tmp_path / "some" / "bert").mkdir(parents=True)
    space = parse_space(text(text_encoder=f"{{model: {written}}}"), "a.yaml", tmp_path)
    assert space.settings.text_encoder.model == model.format(tmp_path)
    assert parse_space(space.text, "b.yaml", HERE).settings == space.settings


def test_missing_inputs_are_named_with_their_lines_and_the_path_that_was_looked_up(tmp_path, text):
    (tmp_path / "folder").mkdir()
    space = parse_space(
        text(
            data="{source: table, path: mine.csv, extra_molecules: folder}",
            text_encoder="{model: ./bert}",
            molecule_encoder="{kind: mol2vec, vectors: $$v.npz}",
        ),
        "a.yaml",
        tmp_path,
    )
    with pytest.raises(ConfigError) as refused:
        space.require_inputs()
    assert sorted(str(refused.value).splitlines()) == [
        f"a.yaml:1: data.extra_molecules: must be a file that exists, got {tmp_path}/folder",
        f"a.yaml:1: data.path: must be a file that exists, got {tmp_path}/mine.csv",
        "a.yaml:2: text_encoder.model: must be a folder that exists, or the name of a model on the"
        f" Hugging Face hub, got {tmp_path}/./bert".replace("/./", "/"),
        f"a.yaml:3: molecule_encoder.vectors: must be a file that exists, got {tmp_path}/$$v.npz",
    ]


def test_a_folder_that_is_not_utf_8_is_refused(text):
    folder = Path(os.fsdecode(b"/data/\xff"))
    with pytest.raises(ConfigError, match=r"data\.path: must be a path of UTF-8 text"):
        parse_space(text(data=TABLE.format("mine.csv")), "a.yaml", folder)


def sections(section: type[Section] = Settings):
    """Every section of the settings."""
    if issubclass(section, ComponentSettings) and "registry" in vars(section):
        for component in section.sections().values():
            yield from sections(component)
        return
    yield section
    for field in section.model_fields.values():
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, Section):
                yield from sections(part)


def parts(annotation):
    """An annotation and all annotations within it."""
    yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from parts(inner)


def test_every_path_in_the_settings_is_an_input():
    paths = 0
    for section in sections():
        for name, field in section.model_fields.items():
            annotations = list(parts(field.annotation))
            marks = [
                *field.metadata,
                *(m for a in annotations for m in getattr(a, "__metadata__", ())),
            ]
            if Path in annotations or any(
                getattr(a, "__origin__", None) is Path for a in annotations
            ):
                paths += 1
                assert any(isinstance(mark, Input) for mark in marks), (section, name)
    assert paths >= 5
