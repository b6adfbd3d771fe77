"""Files among `search.baselines`: each is a named schedule."""

import re

import pytest
from schema_reader import schema_accepts

from class_sweep.config.document import Space, load_space, parse_space
from class_sweep.config.settings_changes import flat_settings
from class_sweep.config.sigma import Quantile
from class_sweep.curriculum.baselines import baseline_config, sigmas_needed
from class_sweep.errors import ConfigError
from class_sweep.results.space_files import config_yaml

FOUND = "{order: hard_first, alpha: 0.6, sigma: {quantile: 0.9}, pacing: root, pacing_power: 3}"
RATES = "{lr: {loguniform: [1.0e-4, 1.0e-2]}, weight_decay: {uniform: [0.0, 0.1]}}"


@pytest.fixture
def export(tmp_path, text):
    """Write a configuration, as `best.yaml` has it, beside the space; some sections are others."""

    def write(name="best.yaml", **changes):
        space = parse_space(text(**{"curriculum": FOUND, "search": "{trials: 1}"} | changes))
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(config_yaml(space, {}, ["trial 3 of an earlier sweep"]))
        return path

    return write


@pytest.fixture
def read(tmp_path, text):
    """The space of a file in `tmp_path` with some baselines."""

    def load(baselines="[paper, best.yaml]", **changes):
        search = f"{{trials: 4, baselines: {baselines}}}"
        written = text(**{"search": search} | changes)
        assert schema_accepts(written)
        (tmp_path / "space.yaml").write_text(written)
        return load_space(tmp_path / "space.yaml")

    return load


def mistake(read, *arguments, **changes):
    with pytest.raises(ConfigError) as caught:
        read(*arguments, **changes)
    [line] = str(caught.value).splitlines()
    return line


def test_a_file_is_a_named_schedule_and_a_control(export, read):
    export()
    space = read(confirm="{controls: [full_data, best]}")
    assert space.settings.search.baseline_names == ["paper", "best"]
    schedule = space.settings.search.named_schedules["best"].curriculum
    assert (schedule.order, schedule.alpha) == ("hard_first", 0.6)
    assert schedule.sigma == Quantile(quantile=0.9)
    assert schedule.pacing_power == 3
    resolved = space.resolve(baseline_config(space, "best")).curriculum
    assert resolved == schedule
    assert Quantile(quantile=0.9) in sigmas_needed(space)


def test_a_file_that_changes_or_goes_changes_no_sweep_that_has_begun(export, read):
    file = export()
    space = read()
    file.unlink()
    again = parse_space(space.text, recorded=True)
    assert flat_settings(again) == flat_settings(space)
    assert again.text == space.text
    assert "best.yaml" not in space.text
    assert space.line("search.baselines.1") == f"{space.name}:7"


def test_comments_of_the_space_stay(export, tmp_path, text):
    export()
    search = "{trials: 4, baselines: [best.yaml]}  # beside the winner of last year"
    space = parse_space(text(search=search), folder=tmp_path)
    assert "# beside the winner of last year" in space.text


def test_axes_outside_the_curriculum_have_the_values_of_the_file_that_they_hold(export, read):
    export(optimizer="{lr: 0.002, weight_decay: 0.5, batch_size: 32}")
    space = read(optimizer=RATES)
    config = baseline_config(space, "best")
    assert config["optimizer.lr"] == 0.002
    assert config["optimizer.weight_decay"] == space.centre()["optimizer.weight_decay"]
    assert space.resolve(config).optimizer.batch_size == 128
    tuned = {"optimizer.lr": 0.005, "optimizer.weight_decay": 0.02}
    assert baseline_config(space, "best", tuned).items() >= tuned.items()  # as a control


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{optimizer.lr: 0.5}", "settings.optimizer.lr: must be a value of the axis, 0.0001 … 0.0"),
        ("{optimizer.batch_size: 8}", "batch_size: must be an axis of this space outside the curr"),
        ("{curriculum.alpha: 0.5}", "alpha: must be an axis of this space outside the curriculum"),
    ],
)
def test_a_named_schedule_sets_axes_outside_the_curriculum_alone(read, settings, message):
    line = mistake(read, f"[{{name: ours, settings: {settings}}}]", optimizer=RATES)
    assert "space.yaml:" in line
    assert f"search.baselines.0.settings.{settings[1:].partition(':')[0]}: " in line
    assert message in line


def test_an_idle_axis_of_the_space_is_no_mistake_of_the_file(export, read):
    export(optimizer="{text_encoder_lr: 0.001}")
    idle = "{text_encoder_lr: {uniform: [0.0001, 0.01]}}"
    assert "optimizer.text_encoder_lr" not in baseline_config(read(optimizer=idle), "best")


def test_a_space_in_code_takes_a_path(export):
    file = export()
    space = Space(
        data={"source": "names"},
        text_encoder={"kind": "lsa"},
        molecule_encoder={"kind": "morgan"},
        backbone={"name": "contrastive"},
        curriculum={"alpha": {"uniform": [0.2, 0.9]}},
        budget={"epochs": 10},
        search={"trials": 4, "baselines": [file]},
    )
    assert space.settings.search.named_schedules["best"].alpha == 0.6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "best.yaml: must be a readable space file: No such file"),
        ("- a\n", "best.yaml:1: must be a mapping of sections"),
        ("data: [", "best.yaml:1: must be valid YAML"),
        ("curriculum: {alpha: 0.4}\n", "best.yaml:1: backbone: is required"),
        ("\xff", "best.yaml:1: must be UTF-8, got the byte 0xff"),
        ("a: &a {b: *a}\n", "an anchor must not contain itself"),
    ],
)
def test_an_unusable_file_is_one_mistake_of_the_space(tmp_path, read, content, message):
    if content is not None:
        (tmp_path / "best.yaml").write_text(content, encoding="latin-1")
    line = mistake(read)
    assert re.match(r".*space.yaml:7: search.baselines.1: must be a file with a valid", line)
    assert message in line


def test_the_other_mistakes_of_the_space_are_found_beside_an_unusable_file(read):
    with pytest.raises(ConfigError) as caught:
        read(
            "[best.yaml, 'Not a name.yaml']",
            confirm="{controls: [best, full_dat]}",
            budget="{epochs: 1}",
            pruning="{grace_epochs: 2}",
        )
    found = [
        line.partition("space.yaml:")[2].split(": ")[1] for line in str(caught.value).splitlines()
    ]
    assert found[:2] == ["search.baselines.0", "search.baselines.1"]
    assert sorted(found[2:]) == ["confirm.controls.1", "pruning.grace_epochs"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("quantile: 0.9", "quantile: 1.9", "curriculum.sigma.quantile: must be "),
        (
            "alpha: 0.6",
            "alpha: 60",
            "curriculum.alpha: must be a fraction in (0, 1], got 60; write",
        ),
        ("alpha: 0.6", "alpha: {uniform: [0.2, 0.9]}", "must have no axes, got curriculum.alpha;"),
        ("alpha: 0.6", "one_of: [{alpha: 0.2}, {alpha: 0.9}]", "must have no axes, got one_of"),
        ("alpha: 0.6", "alpha: 0.6\n  batching: similar", "settings of this version, got curric"),
    ],
)
def test_a_mistake_in_a_file_names_the_file_and_the_setting(export, read, old, new, message):
    file = export()
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    line = mistake(read)
    assert "space.yaml:7: search.baselines.1: " in line
    assert f"{file}" in line
    assert message in line


@pytest.mark.parametrize(
    "changes",
    [
        {"text_encoder": "{kind: huggingface, model: allenai/scibert_scivocab_uncased}"},
        {"backbone": "{name: text2mol}"},
    ],
)
def test_a_schedule_of_another_backbone_or_encoder_is_refused(export, read, changes):
    export(**changes)
    line = mistake(read)
    [section] = changes
    assert f"space.yaml:7: search.baselines.1: must have the {section}." in line
    assert "best.yaml" in line


def test_a_schedule_of_another_model_of_an_encoder_is_refused(export, read):
    export(text_encoder="{kind: huggingface, model: some/other}")
    line = mistake(read, text_encoder="{kind: huggingface, model: some/model}")
    assert "must have the text_encoder.model of this space, some/model, got some/other" in line


def test_a_schedule_that_ended_at_fewer_samples_than_the_budget_is_refused(export, read):
    file = export(budget="{epochs: 10, samples: 7000}")
    assert mistake(read).endswith(
        f"space.yaml:7: search.baselines.1: must have the budget.samples of this space, none, got"
        f" 7000 in {file}: baselines train by the budget of the space; write samples: 7000 into its"
        " budget, or name a copy of the file without it"
    )
    assert "of this space, 9000, got 7000" in mistake(read, budget="{epochs: 9, samples: 9000}")
    assert read(budget="{epochs: 9, samples: 7000}").settings.search.baseline_names[1] == "best"


def test_files_of_one_name_are_refused(export, read):
    export()
    export("earlier/best.yaml")
    assert "must name each schedule once, got ['best', 'best']" in mistake(
        read, "[best.yaml, earlier/best.yaml]"
    )


@pytest.mark.parametrize("name", ["Best of 2025.yaml", "full_data.yaml"])
def test_a_file_has_the_name_of_a_schedule(export, read, name):
    export(name)
    line = mistake(read, f"['{name}']")
    assert "search.baselines.0: must be a file whose name without .yaml is a" in line
    assert f"got {name}; copy it to such a name" in line


def test_a_file_that_names_itself_is_read_once(export, read):
    file = export()
    file.write_text(re.sub(r"baselines: \[\]", "baselines: [best.yaml]", file.read_text()))
    assert "baselines: [best.yaml]" in file.read_text()
    assert read().settings.search.baseline_names == ["paper", "best"]
