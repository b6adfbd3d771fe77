"""Each export is read by the tool that it is for."""

import runpy

import optuna
import pytest
import yaml

from class_sweep.config.axes import Choice, Uniform
from class_sweep.config.document import parse_space
from class_sweep.results.exporters import _hydra, _ray, as_hydra, as_optuna, as_ray, on_axes
from class_sweep.results.space_files import trial_yaml

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive, hidden: {int: [32, 256], step: 32}}
curriculum:
  order: {choice: [easy_first, hard_first]}
  alpha: {uniform: [0.2, 0.9]}
  sigma: {uniform: [0.62, 0.77], step: 0.05}
optimizer: {lr: {loguniform: [1e-5, 1e-3]}, batch_size: 64}
budget: {epochs: 3}
search: {trials: 16}
"""
BEST = {
    "backbone.hidden": 64, "curriculum.order": "hard_first", "curriculum.alpha": 0.3,
    "curriculum.sigma": 0.67, "optimizer.lr": 1e-4,
}  # fmt: skip


@pytest.fixture
def space():
    return parse_space(SPACE)


@pytest.fixture
def executed(tmp_path):
    def run(text):
        (tmp_path / "exported.py").write_text(text)
        return runpy.run_path(str(tmp_path / "exported.py"))

    return run


def test_optuna_enqueues_the_trials_and_asks_within_the_axes(space, record, executed):
    second = BEST | {"curriculum.alpha": 0.9}
    module = executed(as_optuna(space, [record(config=BEST), record(config=second)], "a note"))
    study = optuna.create_study()
    for point in module["points_to_evaluate"]:
        study.enqueue_trial(point)
    assert [study.ask(module["distributions"]).params for _ in range(2)] == [BEST, second]
    for _ in range(20):
        params = study.ask(module["distributions"]).params
        assert all(params[path] in axis for path, axis in space.axes.items())
    assert module["fixed"]["optimizer.batch_size"] == 64
    assert not set(module["fixed"]) & set(space.axes)


def test_ray_tune_samples_within_the_axes(space, record, executed):
    module = executed(as_ray(space, [record(config=BEST)], "a note"))
    assert module["points_to_evaluate"] == [BEST]
    assert list(module["param_space"]) == list(space.axes)
    for _ in range(50):
        drawn = {path: domain.sample() for path, domain in module["param_space"].items()}
        assert all(drawn[path] in axis for path, axis in space.axes.items()), drawn


def test_hydra_composes_the_trial_and_parses_the_axes(space, record, tmp_path):
    pytest.importorskip("hydra")
    from hydra import compose, initialize_config_dir
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (tmp_path / "best.yaml").write_text(as_hydra(space, record(config=BEST), "a\nnote"))
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        composed = compose("best", return_hydra_config=True)
    for path, value in BEST.items():
        section, name = path.split(".")
        assert composed[section][name] == value
    params = dict(composed.hydra.sweeper.params)
    assert list(params) == list(space.axes)
    parser = OverridesParser.create()
    for path, text in params.items():
        [override] = parser.parse_overrides([f"{path}={text}"])
        assert override.is_sweep_override()
        ends = space.axes[path].ends()
        if override.is_choice_sweep() or override.is_range_sweep():
            choices = [*override.sweep_iterator()]
            first, *_, last = choices
            assert [yaml.safe_load(str(v)) for v in (first, last)] == [ends[0], ends[-1]]
        else:
            assert [override.value().start, override.value().end] == ends


def test_knots_are_exported_each_as_an_axis(record, executed, tmp_path):
    pytest.importorskip("hydra")
    from omegaconf import OmegaConf

    curriculum = "curriculum:\n  pacing: knots\n  pacing_knots: [{uniform: [0.3, 1]}, 0.8, 1]\n"
    space = parse_space(SPACE.replace("curriculum:\n", curriculum))
    best = record(config=BEST | {"curriculum.pacing_knots.0": 0.5})
    module = executed(as_optuna(space, [best], "a note"))
    assert module["points_to_evaluate"][0]["curriculum.pacing_knots.0"] == 0.5
    assert module["fixed"]["curriculum.pacing_knots.1"] == 0.8
    assert not any(path in module["fixed"] for path in ("curriculum.pacing_knots", *space.axes))
    composed = OmegaConf.create(as_hydra(space, best, "a note"))
    assert composed.curriculum.pacing_knots == [0.5, 0.8, 1]
    OmegaConf.update(composed, "curriculum.pacing_knots.0", 0.4)  # as Hydra's overrides do
    assert composed.curriculum.pacing_knots == [0.4, 0.8, 1]
    (tmp_path / "best.yaml").write_text(trial_yaml(space, best, "a note", 1000))
    found = parse_space((tmp_path / "best.yaml").read_text()).settings
    assert found.curriculum.pacing_knots == (0.5, 0.8, 1)


def test_a_baseline_off_the_axes_is_not_exported_as_a_point(space, record):
    off = record(1, config=BEST | {"curriculum.sigma": 0.99})
    assert on_axes(space, [off, record(2, config=BEST)]) == [record(2, config=BEST)]


def test_a_trial_that_ended_at_its_share_is_not_exported_as_a_point(space, record):
    ended, whole = record(config=BEST | {"budget.samples": 640}), record(config=BEST)
    assert on_axes(space, [ended, whole]) == [whole]
    assert "samples: 640" in as_hydra(space, ended, "a note")


def test_a_folder_name_cannot_inject_code_through_the_note(space, record, executed):
    module = executed(as_ray(space, [record(config=BEST)], 'x"""\nraise SystemExit'))
    assert module["__doc__"] == 'x"""\nraise SystemExit'


@pytest.mark.parametrize("sign", ["\n", "\r", "\x85", "\u2028", "\x1b", "\x00", "\udcff"])
def test_a_folder_name_cannot_add_settings_through_the_note(space, record, sign):
    note = f"Rank 1 in n{sign}search: {{trials: 999}}"
    best = record(config=BEST)
    hydra = as_hydra(space, best, note)
    assert yaml.safe_load(hydra) == yaml.safe_load(as_hydra(space, best, "a note"))
    written = trial_yaml(space, best, note, 1000)
    assert parse_space(written).settings.search.trials == 1
    assert yaml.safe_load(written) == yaml.safe_load(trial_yaml(space, best, "a note", 1000))
    for text in (hydra, written):
        assert text.encode()  # every file can hold it


@pytest.mark.parametrize(
    "value", ["a b", "it's", "x,y", "${env:HOME}", "back\\", "choice(1)", "", "1"]
)
def test_text_is_quoted_for_hydra(value):
    pytest.importorskip("hydra")
    from hydra.core.override_parser.overrides_parser import OverridesParser

    text = _hydra(Choice((value, "plain_name")))
    [override] = OverridesParser.create().parse_overrides([f"a={text}"])
    read = [getattr(option, "text", option) for option in override.value().list]
    assert read == [value, "plain_name"]


def test_a_grid_is_written_as_a_range_and_not_as_its_values():
    from hydra.core.override_parser.overrides_parser import OverridesParser

    axis = Uniform(0.4, 0.8, step=0.05)
    low, *_, high = axis.values()
    assert _ray(axis) == f"tune.quniform({low!r}, {high!r}, 0.05)"
    assert _ray(Uniform(0.42, 0.8, step=0.05)).startswith("tune.choice([0.42, 0.47")
    assert _hydra(axis) == "range(0.4, 0.825, 0.05)"
    override = OverridesParser.create().parse_override(f"x={_hydra(axis)}")
    assert [*override.sweep_iterator()] == pytest.approx(axis.values())
