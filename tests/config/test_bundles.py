"""`one_of`: bundles of settings that belong together."""

import json

import pytest

from class_sweep.config.bundles import setting_path
from class_sweep.config.document import parse_space
from class_sweep.config.settings_changes import differences, flat_settings
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.curriculum.schedule_bounds import schedule_bounds
from class_sweep.errors import ConfigError
from class_sweep.results.exporters import as_hydra, as_optuna, as_ray, of_best_bundles
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import MemoryStorage

PACINGS = """\
  one_of:
    - {pacing: linear, alpha: {uniform: [0.2, 0.9]}}
    - {pacing: root, alpha: 0.3, pacing_power: {uniform: [1, 4]}}
"""
RATES = """\
one_of:
  - optimizer: {batch_size: 64, lr: {loguniform: [1e-4, 1e-3]}}
  - optimizer: {batch_size: 256, lr: {loguniform: [1e-3, 1e-2]}}
    curriculum: {trim: 0.1}
"""
HEAD = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum:
  order: {choice: [easy_first, random]}
"""


def text_of(pacings=PACINGS, rates=RATES, search="trials: 20, sampler: random"):
    return f"{HEAD}{pacings}{rates}budget: {{epochs: 9}}\nsearch: {{{search}}}\n"


def read(*args, **changes):
    return parse_space(text_of(*args, **changes))


def proposals(space, count):
    study, trials = OptunaStudy(space, MemoryStorage()), [None]
    for index in range(count):
        trials.append(study.propose(index, trials[-1]))
    return [trial.config for trial in trials[1:]]


def test_a_bundle_is_an_axis_and_its_own_axes_have_the_paths_of_their_places():
    space = read()
    assert {path: str(axis) for path, axis in space.axes.items()} == {
        "one_of": "batch_size 64, batch_size 256, trim 0.1",
        "curriculum.one_of": "pacing linear, pacing root, alpha 0.3",
        "curriculum.order": "easy_first, random",
        "curriculum.one_of.0.alpha": "0.2 … 0.9",
        "one_of.0.optimizer.lr": "0.0001 … 0.001, logarithmic",
        "curriculum.one_of.1.pacing_power": "1 … 4",
        "one_of.1.optimizer.lr": "0.001 … 0.01, logarithmic",
    }
    assert space.axes["one_of"].options == ("batch_size 64", "batch_size 256, trim 0.1")
    assert setting_path("one_of.1.optimizer.lr") == "optimizer.lr"
    assert setting_path("curriculum.one_of.1.pacing_power") == "curriculum.pacing_power"
    assert space.line("curriculum.one_of.1.pacing_power") == "space:9"
    assert len(space.alternatives) == 4


@pytest.mark.parametrize("sampler", ["random", "tpe", "cmaes"])
def test_a_trial_has_one_bundle_of_each_one_of_and_its_axes_alone(sampler):
    space = read(search=f"trials: 24, sampler: {sampler}, full_data_trials: 0")
    seen = set()
    for config in proposals(space, 24):
        settings = space.resolve(config)
        linear = config["curriculum.one_of"] == "pacing linear"
        large = config["one_of"] != "batch_size 64"
        assert config.keys() == {
            "one_of", "curriculum.one_of", "curriculum.order",
            "curriculum.one_of.0.alpha" if linear else "curriculum.one_of.1.pacing_power",
            f"one_of.{int(large)}.optimizer.lr",
        }  # fmt: skip
        assert settings.curriculum.pacing == ("linear" if linear else "root")
        assert settings.optimizer.batch_size == (256 if large else 64)
        assert (settings.optimizer.lr >= 1e-3) == large
        assert settings.curriculum.trim == (0.1 if large else 0.0)
        if linear:
            assert settings.curriculum.alpha == config["curriculum.one_of.0.alpha"]
            assert settings.curriculum.pacing_power == 2.0
        else:
            assert settings.curriculum.alpha == 0.3
        seen.add((linear, large))
    assert len(seen) == 4


def test_a_grid_has_every_configuration_of_every_bundle_once():
    pacings = """\
  one_of:
    - {pacing: linear, alpha: {choice: [0.2, 0.4, 0.6]}}
    - {pacing: root, alpha: 0.3, pacing_power: {int: [1, 4]}}
"""
    space = read(pacings, "", search="trials: 14, sampler: grid")
    assert space.grid_size() == 2 * (3 + 4)
    configs = proposals(space, 14)
    assert len({json.dumps(config, sort_keys=True) for config in configs}) == 14
    with pytest.raises(ConfigError, match="must be at most 14"):
        read(pacings, "", search="trials: 15, sampler: grid")


def test_an_axis_outside_the_bundles_acts_where_a_bundle_lets_it():
    pacings = """\
  pacing_power: {uniform: [1, 4]}
  one_of: [{pacing: linear, alpha: 0.4}, {pacing: root, alpha: 0.3}]
"""
    space = read(pacings, "")
    for config in proposals(space, 12):
        root = config["curriculum.one_of"] == "pacing root, alpha 0.3"
        assert ("curriculum.pacing_power" in config) == root


def test_full_data_tunes_the_bundles_outside_the_curriculum():
    space = read()
    assert space.full_data_trials == 5
    tuned = [c for c in proposals(space, 20) if c.get("curriculum.alpha") == 1.0]
    assert len(tuned) == 5
    for config in tuned:
        assert "curriculum.one_of" not in config
        settings = space.resolve(config)
        assert (settings.curriculum.alpha, settings.curriculum.trim) == (1.0, 0.0)
        assert (settings.optimizer.lr >= 1e-3) == (settings.optimizer.batch_size == 256)


def test_a_baseline_keeps_its_own_schedule_beside_any_bundle():
    space = read(search="trials: 20, baselines: [paper]")
    root = next(c for c in proposals(space, 20) if "root" in c.get("curriculum.one_of", ""))
    paper = baseline_config(space, "paper", root)
    curriculum = space.resolve(paper).curriculum
    assert (curriculum.pacing, curriculum.alpha, curriculum.beta) == ("linear", 0.4, 0.03)
    assert space.resolve(paper).optimizer.batch_size == space.resolve(root).optimizer.batch_size
    assert space.on_axes(root) is not None
    assert space.on_axes(paper) is None


def test_the_bounds_of_schedules_hold_for_every_bundle():
    space = read("  one_of: [{alpha: 0.2}, {alpha: 0.9}]\n", "")
    shortest, longest = schedule_bounds(space, 1000)
    both = [schedule_bounds(branch, 1000) for branch in space.alternatives]
    assert shortest.steps == min(short.steps for short, _ in both)
    assert longest.steps == max(long.steps for _, long in both)
    assert shortest.steps < longest.steps


def test_another_bundle_is_another_setting_of_the_sweep():
    before = flat_settings(read())
    assert differences(before, read()) == {}
    for old, new in [
        ("alpha: 0.3", "alpha: 0.4"),
        ("[1, 4]", "[1, 5]"),
        ("trim: 0.1", "trim: 0.2"),
    ]:
        changed = differences(before, parse_space(text_of().replace(old, new)))
        assert any("one_of" in path for path in changed), new


def test_an_export_to_a_tool_without_bundles_has_those_of_the_best_trial(record):
    space = read()
    configs = proposals(space, 20)
    best = next(c for c in configs if "root" in c.get("curriculum.one_of", ""))
    same = [
        c
        for c in configs
        if all(c.get(one) == best[one] for one in ("one_of", "curriculum.one_of"))
    ]
    ranked = [record(config=config) for config in (best, *configs)]
    within, kept, bundles = of_best_bundles(space, ranked)
    assert bundles.endswith("curriculum.one_of: pacing root, alpha 0.3")
    assert len(kept) == 1 + len(same)
    assert within.axes.keys() == {"curriculum.order", "curriculum.pacing_power", "optimizer.lr"}
    for config, found in zip((best, *same), kept, strict=True):
        assert within.resolve(found.config) == space.resolve(config)
    for export in (as_ray, as_optuna):
        module = {}
        exec(export(within, kept, "A note."), module)  # noqa: S102 - our own text
        axes = module.get("param_space") or module["distributions"]
        assert axes.keys() == within.axes.keys() == module["points_to_evaluate"][0].keys()
        assert module["fixed"]["curriculum.pacing"] == "root"
    assert "one_of" not in as_hydra(within, kept[0], "A note.")
    plain = read("  alpha: 0.4\n", "")
    assert of_best_bundles(plain, ranked[:1]) == (plain, ranked[:1], "")


MISTAKES = {
    "{pacing: linear}": "7: curriculum.one_of: must be a list of two or more bundles of settings",
    "[{pacing: linear}]": "7: curriculum.one_of: must be a list of two or more bundles of settings",
    "[{pacing: linear}, 3]": "7: curriculum.one_of.1: must be a mapping of settings, got 3",
    "[{pacing: linear}, {uniform: [1, 2]}]": "7: curriculum.one_of.1: must name settings, got an",
    "[{pacing: linear}, {one_of: []}]": "7: curriculum.one_of.1: must hold no one_of of its own",
    "[{alpha: 0.4}, {order: random}]": "6: curriculum.order: must be given in curriculum.one_of or",
    "[{alpha: 40}, {alpha: 0.3}]": "7: curriculum.alpha: must be a fraction in (0, 1], got 40",
    "[{alpha: 0.4}, {alpha: {uniform: [2, 1]}}]": "7: curriculum.alpha: uniform must go from low",
    "[{alpha: 0.4}, {alfa: 0.3}]": "7: curriculum.alfa: must be a known setting, got 'alfa'; did",
}


@pytest.mark.parametrize("bundles", MISTAKES)
def test_a_mistake_in_a_bundle_is_an_error_with_its_line(bundles):
    with pytest.raises(ConfigError) as caught:
        read(f"  one_of: {bundles}\n", "")
    assert f"space:{MISTAKES[bundles]}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ("one_of: [{budget: {epochs: 3}}, {optimizer: {lr: 0.1}}]\n", "must hold the sections"),
        ("one_of: [{optimizer: 3}, {optimizer: {lr: 0.1}}]\n", "optimizer must be a mapping of"),
        ("one_of: [{curriculum: {trim: 0.1}}, {curriculum: {trim: 0}}]\n", "write it in curric"),
        ("one_of: [{optimizer: {lr: 0.1}, curriculum: {pacing: full}}, {optimizer: {lr: 1}}]\n",
         "curriculum.pacing: must be given in one place, got it in one_of and curriculum.one_of"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_sections_of_a_bundle_is_an_error(rates, message):
    with pytest.raises(ConfigError, match=r"space:(7|10): ") as caught:
        read(rates=rates)
    assert message in str(caught.value)


def test_a_one_of_has_no_shares_and_stands_where_axes_may_stand():
    with pytest.raises(ConfigError, match=r"search\.shares: must be absent beside one_of"):
        read(search="trials: 20, shares: [0.6, 0.8]")
    text = text_of().replace(
        "{source: names}", "{source: names, one_of: [{limit: 100}, {seed: 1}]}"
    )
    with pytest.raises(ConfigError, match=r"data\.one_of: must be at the top level or in curr"):
        parse_space(text)
    many = "".join(f"{{alpha: 0.{n:02}}}, " for n in range(10, 75))
    with pytest.raises(ConfigError, match="must have at most 64 combinations of bundles, got 65"):
        read(f"  one_of: [{many}]\n", "")
