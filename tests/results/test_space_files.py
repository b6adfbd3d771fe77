import pytest

from class_sweep.config.document import parse_space
from class_sweep.results.space_files import trial_yaml

SPACE = """\
data: {source: names, limit: 700}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive, hidden: {choice: [32, 64]}}
curriculum:
  order: {choice: [easy_first, hard_first]}
  alpha: {uniform: [0.2, 0.9]}
optimizer: {lr: {loguniform: [1e-5, 1e-3]}}
budget: {epochs: 3}
search: {trials: 16, sampler: random, seed: 5, baselines: [paper, full_data]}
resources: {cpus: 2}
objective: validation/all/hits@1
"""
CONFIG = {
    "backbone.hidden": 64,
    "curriculum.order": "hard_first",
    "curriculum.alpha": 0.3,
    "optimizer.lr": 1e-5,
}


@pytest.fixture
def space():
    return parse_space(SPACE)


def test_an_exported_trial_is_a_space_of_one_trial_with_its_settings(space, record):
    again = parse_space(trial_yaml(space, record(config=CONFIG), "from a test", 1000))
    resolved = space.resolve(CONFIG)
    assert again.axes == {}
    assert again.objective == space.objective
    assert again.settings.search.trials == 1
    assert again.settings.search.baselines == []
    assert (again.settings.search.seed, again.settings.search.sampler) == (5, "random")
    assert again.settings == resolved.model_copy(update={"search": again.settings.search})


def test_values_outside_the_axes_are_exported_too(space, record):
    config = CONFIG | {"curriculum.alpha": 1.0, "curriculum.sigma": 0.99}
    again = parse_space(trial_yaml(space, record(config=config), "a reference", 1000))
    assert again.settings.curriculum == space.resolve(config).curriculum


def test_the_head_names_the_trial(space, record):
    text = trial_yaml(
        space, record(7, config=CONFIG, objective=0.12345, samples=900), "From here.", 1000
    )
    assert text.splitlines()[:2] == [
        "# From here.",
        "# trial 7 (000000000007): 900 samples, 90.0 % of full data's, validation/all/hits@1"
        " 0.1235",
    ]


def test_a_trial_without_a_value_is_exported_without_one(space, record):
    text = trial_yaml(space, record(7, config=CONFIG, objective=None), "From here.", 1000)
    assert text.splitlines()[1] == "# trial 7 (000000000007): 100 samples, 10.0 % of full data's"
    assert parse_space(text).settings.backbone.hidden == 64
