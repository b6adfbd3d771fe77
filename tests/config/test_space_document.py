import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from class_sweep.config.axes import Choice, IntRange, LogUniform, Uniform
from class_sweep.config.document import dump_settings, load_space, parse_space
from class_sweep.config.sections import Settings
from class_sweep.config.yaml_text import write_yaml
from class_sweep.errors import ConfigError

SPACES = Path(__file__).parents[2] / "search_spaces"


@pytest.mark.parametrize("path", sorted(SPACES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_search_space_loads(path):
    space = load_space(path)
    assert space.resolve(space.centre()) == space.settings


def test_plain_values_are_fixed_and_axes_are_at_their_centre(space):
    loaded = space(
        curriculum="{alpha: {uniform: [0.2, 0.8]}, beta: 0.03, order: {choice: [random]}}",
        optimizer="{lr: {loguniform: [1e-4, 1e-2]}, batch_size: {int: [32, 96], step: 32}}",
        backbone="{name: contrastive, hidden: {choice: [64, 128]}}",
    )
    assert loaded.axes == {
        "backbone.hidden": Choice((64, 128)),
        "curriculum.alpha": Uniform(0.2, 0.8),
        "curriculum.order": Choice(("random",)),
        "optimizer.lr": LogUniform(1e-4, 1e-2),
        "optimizer.batch_size": IntRange(32, 96, 32),
    }
    assert next(iter(loaded.axes)) == "backbone.hidden"  # the file's order
    assert loaded.settings.curriculum.alpha == 0.5
    assert loaded.settings.curriculum.beta == 0.03
    assert loaded.settings.curriculum.order == "random"
    assert loaded.settings.optimizer.lr == pytest.approx(1e-3)
    assert loaded.settings.optimizer.batch_size == 64
    assert loaded.settings.backbone.hidden == 64
    assert loaded.centre() == {
        path: pytest.approx(axis.centre()) if isinstance(axis.centre(), float) else axis.centre()
        for path, axis in loaded.axes.items()
    }


def test_the_text_is_kept_as_it_was_read(space, text):
    assert space().text == text()


def test_a_home_folder_is_expanded(space):
    loaded = space(data="{source: chebi20, path: ~/chebi20}")
    assert loaded.settings.data.path == Path.home() / "chebi20"


def test_an_encoder_with_a_model_is_huggingface(space):
    assert space(text_encoder="{model: some/model}").settings.text_encoder.kind == "huggingface"
    assert space(text_encoder="{dimensions: 8}").settings.text_encoder.kind == "lsa"


@pytest.mark.parametrize(
    ("sigma", "values"),
    [
        ("{uniform: [0.90, 0.99]}", [round(0.9 + i / 1000, 3) for i in range(91)]),
        ("{uniform: [0.90, 0.99], step: 0.03}", [0.9, 0.93, 0.96, 0.99]),
        ("{uniform: [0.9990, 0.9995]}", [0.999, 0.9995]),
        ("{choice: [0.99, 0.8]}", [0.8, 0.99]),
        ("0.7", [0.7]),
    ],
)
def test_sigma_always_has_a_grid(space, sigma, values):
    loaded = space(curriculum=f"{{alpha: {{uniform: [0.2, 0.9]}}, sigma: {sigma}}}")
    assert loaded.sigmas() == values


@pytest.mark.parametrize(
    ("knots", "axes", "centre"),
    [
        ("3", dict.fromkeys("012", Uniform(0.1, 1.0)), (0.55, 0.55, 0.55)),
        ("[{uniform: [0.2, 0.6]}, 0.5]", {"0": Uniform(0.2, 0.6)}, (0.4, 0.5)),
        ("[1, {choice: [0.7, 0.9]}]", {"1": Choice((0.7, 0.9))}, (1.0, 0.7)),
        ("[0.2, 1]", {}, (0.2, 1.0)),
    ],
)
def test_each_knot_may_be_an_axis(space, knots, axes, centre):
    loaded = space(
        curriculum=f"{{alpha: {{uniform: [0.2, 0.9]}}, pacing: knots, pacing_knots: {knots}}}"
    )
    of_knots = {path: axis for path, axis in loaded.axes.items() if "knots" in path}
    assert of_knots == {f"curriculum.pacing_knots.{i}": axis for i, axis in axes.items()}
    assert loaded.settings.curriculum.pacing_knots == pytest.approx(centre)
    trial = loaded.resolve({f"curriculum.pacing_knots.{i}": 0.7 for i in axes})
    expected = [0.7 if str(i) in axes else value for i, value in enumerate(centre)]
    assert trial.curriculum.pacing_knots == pytest.approx(expected)


# --- resolve ----------------------------------------------------------------------------------


def test_resolve_sets_values_and_keeps_the_others(space):
    loaded = space(curriculum="{alpha: {uniform: [0.2, 0.9]}, beta: 0.05}")
    resolved = loaded.resolve({"curriculum.alpha": 0.3, "optimizer.lr": 0.01})
    assert resolved.curriculum.alpha == 0.3
    assert resolved.curriculum.beta == 0.05
    assert resolved.optimizer.lr == 0.01
    assert loaded.settings.curriculum.alpha == pytest.approx(0.55)


def test_resolve_sets_a_value_in_a_section_that_the_file_lacks(space):
    loaded = space(curriculum=None, search="{trials: 1}")
    assert loaded.resolve({"curriculum.alpha": 0.3}).curriculum.alpha == 0.3


def test_resolve_refuses_values_that_a_file_may_not_have(space):
    with pytest.raises(ConfigError) as caught:
        space().resolve({"curriculum.alpha": 40, "optimizer.lrr": 1})
    assert "curriculum.alpha: must be a fraction in (0, 1], got 40; write 0.40" in str(caught.value)
    assert "optimizer.lrr: must be a known setting, got 'lrr'; did you mean lr?" in str(
        caught.value
    )


# --- round trips ------------------------------------------------------------------------------

_NO_TEXT = "".join(map(chr, [*range(9), *range(14, 32), 127])) + "\x85\u2028\u2029"
words = st.text(st.characters(codec="utf-8", exclude_characters=_NO_TEXT), max_size=9)
words |= st.sampled_from(["1e5", "no", "1e-3", "true", "~", "12", "null", "a: b", "# x"])
paths = words.map(lambda word: word.replace("$", "$$")).filter(
    lambda word: word and not word.startswith("~")
)
seeds = st.integers(0, 2**32 - 1)
fractions = st.floats(0, 1, exclude_min=True)


def section(**fields):
    return st.fixed_dictionaries({}, optional=fields)


def of_kind(name, kind, **fields):
    return section(**fields).map(lambda tree: {name: kind, **tree})


rule = section(by=st.sampled_from(["molecule", "scaffold"]), train=fractions, seed=seeds)
columns = section(smiles=words, text=words, id=words | st.none(), split=words)
data = st.one_of(
    of_kind("source", "names", limit=st.integers(100, 10**9), seed=seeds),
    st.builds(lambda path: {"source": "chebi20", "path": path}, paths),
    st.builds(
        lambda path, below: {"source": "table", "path": path, **below},
        paths,
        section(columns=columns, split=rule),
    ),
)
text_encoder = st.one_of(
    of_kind("kind", "lsa", dimensions=st.integers(2, 2048), seed=seeds),
    st.builds(lambda model: {"model": model, "pooling": "cls"}, words),
)
molecule_encoder = st.one_of(
    of_kind("kind", "morgan", bits=st.integers(16, 16384), radius=st.integers(0, 6)),
    of_kind("kind", "mol2vec", vectors=paths | st.none()),
)
curriculum = section(
    order=st.sampled_from(["easy_first", "hard_first", "random"]),
    tie_break=st.sampled_from(["mean_similarity", "random"]),
    alpha=fractions,
    beta=st.floats(0, 1) | st.integers(0, 1),
    sigma=fractions,
    intensity=st.sampled_from(["constant", "sigmoid", "inverse"]),
    pacing_start=st.integers(0, 9),
)
optimizer = section(
    lr=st.floats(0, 10, exclude_min=True), batch_size=st.integers(2, 512), warmup=st.just(0.5)
)
trees = st.fixed_dictionaries(
    {
        "data": data,
        "text_encoder": text_encoder,
        "molecule_encoder": molecule_encoder,
        "backbone": of_kind("name", "contrastive", hidden=st.integers(1, 9), dropout=st.just(0.25)),
        "budget": st.builds(lambda epochs: {"epochs": epochs}, st.integers(1, 99)),
        "search": of_kind("trials", 1, sampler=st.sampled_from(["tpe", "random"]), seed=seeds),
    },
    optional={
        "curriculum": curriculum,
        "optimizer": optimizer,
        "pruning": st.one_of(
            st.just({"kind": "none"}),
            of_kind("kind", "median", grace_epochs=st.floats(0.5, 0.75)),
            of_kind("kind", "hyperband", grace_epochs=st.just("pacing_end")),
            section(grace_epochs=st.floats(0.5, 1), reduction_factor=st.floats(2, 9)),
            of_kind("kind", "asha", reduction_factor=st.floats(2, 9)),
            of_kind("kind", "one_rung", grace_epochs=st.just(1), min_kept=st.integers(1, 9)),
        ),
        "resources": section(cpus=st.floats(0.5, 9), gpus=st.integers(0, 2)),
        "objective": st.sampled_from(["validation/mrr", "validation/all/hits@10"]),
    },
)


@given(trees)
def test_dumped_settings_load_as_the_same_settings(tree):
    settings = Settings.model_validate_json(json.dumps(tree))
    again = parse_space(dump_settings(settings))
    assert again.settings == settings
    assert again.axes == {}


@given(trees)
def test_a_written_tree_loads_as_its_settings(tree):
    assert parse_space(write_yaml(tree)).settings == Settings.model_validate_json(json.dumps(tree))


numbers = st.integers(1, 98).flatmap(
    lambda low: st.integers(low + 1, 99).map(lambda high: (low / 100, high / 100))
)
AXES = {
    "curriculum.alpha": numbers.map(lambda b: ({"uniform": list(b)}, Uniform(*b))),
    "curriculum.beta": numbers.map(lambda b: ({"loguniform": list(b)}, LogUniform(*b))),
    "curriculum.sigma": numbers.map(
        lambda b: ({"uniform": list(b), "step": 0.01}, Uniform(*b, 0.01))
    ),
    "curriculum.order": st.permutations(["easy_first", "random", "hard_first"]).map(
        lambda names: ({"choice": names}, Choice(tuple(names)))
    ),
    "optimizer.batch_size": st.integers(2, 64).map(
        lambda low: ({"int": [low, low * 9], "step": low}, IntRange(low, low * 9, low))
    ),
    "backbone.dropout": numbers.map(lambda b: ({"uniform": list(b)}, Uniform(*b))),
}


@settings(max_examples=50)
@given(trees, st.fixed_dictionaries({}, optional=AXES), st.data())
def test_axes_are_found_and_every_value_on_them_resolves(tree, axes, draw):
    for path, (written, _) in axes.items():
        name, setting = path.split(".")
        tree.setdefault(name, {})[setting] = written
    loaded = parse_space(write_yaml(tree))
    written = {path: axis for path, (_, axis) in axes.items()}
    assert loaded.axes == {p: axis for p, axis in written.items() if p not in loaded.idle_axes}
    assert loaded.idle_axes.keys() <= written.keys()
    assert loaded.resolve(loaded.centre()) == loaded.settings
    values = {}
    for path, axis in loaded.axes.items():
        grid = axis.values()
        choices = st.sampled_from(grid) if grid else st.floats(axis.low, axis.high)
        values[path] = draw.draw(choices, label=path)
    tree_of = loaded.resolve(values).model_dump()
    for path, value in values.items():
        name, setting = path.split(".")
        assert tree_of[name][setting] == value


junk = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        1.5,
        10**400,
        "x",
        "",
        [],
        {},
        ["x"],
        {"x": 1},
        {"uniform": [0, 1]},
        {"choice": ["x", 1]},
        {"int": [1, 2]},
        {"uniform": 3, "int": 4},
        [[]],
        {"kind": "x"},
    ]
)
keys = st.sampled_from(
    [(name,) for name in Settings.model_fields]
    + [
        ("curriculum", "alpha"),
        ("curriculum", "order"),
        ("curriculum", "intensity"),
        ("data", "source"),
        ("data", "path"),
        ("text_encoder", "kind"),
        ("backbone", "name"),
        ("search", "baselines"),
        ("budget", "epochs"),
        ("extra", "below"),
    ]
)


@settings(max_examples=200)
@given(trees, st.lists(st.tuples(keys, junk), min_size=1, max_size=3))
def test_junk_anywhere_is_a_mistake_with_its_line_and_never_a_crash(tree, changes):
    for key, value in changes:
        below = tree
        for part in key[:-1]:
            if not isinstance(below.get(part), dict):
                below[part] = {}
            below = below[part]
        below[key[-1]] = value
    text = write_yaml(tree)
    try:
        parse_space(text, "a.yaml")
    except ConfigError as error:
        last = text.count("\n")
        for line in str(error).splitlines():
            file, number, _ = line.split(":", 2)
            assert file == "a.yaml"
            assert 1 <= int(number) <= last
