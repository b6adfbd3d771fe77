"""The curriculum section of a space file, and its settings in a trial's identity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.components import PACINGS
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import dump_settings, parse_space
from class_sweep.config.identity import identity
from class_sweep.curriculum.intensity import loss_weights
from class_sweep.curriculum.pacing import shares
from class_sweep.errors import ConfigError

_KNOTS = (
    "curriculum.pacing_knots: must be a number of knots or a list of 1 to 16 fractions,"
    " each in (0, 1]"
)


@pytest.mark.parametrize(
    ("curriculum", "message"),
    [
        (
            "pacing: roots",
            "curriculum.pacing: must be one of linear, root, step, exponential, full, knots",
        ),
        (
            "full_data_after: 80",
            "curriculum.full_data_after: must be a fraction in (0, 1], got 80; write 0.80",
        ),
        ("full_data_after: 0", "curriculum.full_data_after: must be a fraction in (0, 1], got 0"),
        ("pacing_power: 0", "curriculum.pacing_power: must be at least 0.1, got 0"),
        ("pacing_power: 11", "curriculum.pacing_power: must be at most 10.0, got 11"),
        ("intensity_power: 0", "curriculum.intensity_power: must be at least 0.1, got 0"),
        ("hard_negatives: -1", "curriculum.hard_negatives: must be at least 0.0, got -1"),
        ("hard_negatives: 5", "curriculum.hard_negatives: must be at most 4.0, got 5"),
        (
            "intensity: invers",
            "curriculum.intensity: must be one of constant, sigmoid, inverse, power, decreasing,"
            " knots, or a mapping of parts of the loss to these, got invers; did you mean inverse?",
        ),
        *(
            (f"pacing_knots: {value}", f"{_KNOTS}, got {value}")
            for value in (0, 17, 0.5, "[]", "many", [0.5] * 17)
        ),
        (
            "pacing_knots: {uniform: [0.2, 1]}",
            "curriculum.pacing_knots: must be a list with an axis for each knot, or their number,"
            " got one axis",
        ),
        (
            "pacing_knots: [0.5, 40]",
            "curriculum.pacing_knots.1: must be a fraction in (0, 1], got 40; write 0.40",
        ),
        (
            "intensity_knots: [{uniform: [0, 1]}, 0.5]",
            "curriculum.intensity_knots.0: must be a fraction in (0, 1], got 0",
        ),
        (
            "intensity_knots: [1, {uniform: [0.5, 0.1]}]",
            "curriculum.intensity_knots.1: uniform must go from low to high, got [0.5, 0.1]",
        ),
        ("intensity_knots: [{unifrom: [0.1, 1]}]", "did you mean uniform?"),
        ("intensity: {contrastive: pwoer}", "did you mean power?"),
        ("intensity: {choise: [power]}", "did you mean choice?"),
        ("intensity: {}", "curriculum.intensity: must be one of"),
        ("intensity: true", "curriculum.intensity: must be one of"),
        ("intensity: [inverse]", "curriculum.intensity: must be one of"),
        (
            "intensity: {contrastive: inverse}, intensity_target: learning_rate",
            "curriculum.intensity_target: must be loss where intensity names parts of the loss,"
            " got learning_rate",
        ),
        (
            "intensity: {contrastive: inverse}, intensity_target: {choice: [loss, learning_rate]}",
            "curriculum.intensity_target: must be loss where intensity names parts of the loss,"
            " got learning_rate",
        ),
        ("intensity: {choice: [power, invers]}", "did you mean inverse?"),
    ],
)
def test_a_mistake_is_one_message_with_its_place_rule_and_value(make_space, curriculum, message):
    with pytest.raises(ConfigError) as caught:
        make_space(curriculum)
    (line,) = str(caught.value).splitlines()
    assert message in line
    assert line.startswith("space:5: curriculum.")


@pytest.mark.parametrize(
    "curriculum",
    [
        "",
        "pacing: root, pacing_power: 3, full_data_after: 0.5",
        "intensity: {contrastive: power}",
        "pacing: knots, alpha: {uniform: [0.2, 0.4]}, pacing_knots: [0.5, 1], intensity: knots",
    ],
)
def test_dumped_settings_are_a_space_of_the_same_trial(make_space, curriculum):
    settings = make_space(curriculum).settings
    single_trial = settings.model_copy(
        update={"search": settings.search.model_copy(update={"trials": 1})}
    )
    assert parse_space(dump_settings(single_trial)).settings == single_trial


def _identity(settings, **curriculum):
    tree = settings.curriculum.model_dump() | curriculum
    return identity(settings.model_copy(update={"curriculum": Curriculum(**tree)}))


pacing_values = {
    "beta": st.floats(0.05, 0.9),  # without the values of `base`
    "full_data_after": st.floats(0.3, 0.9),
    "pacing_power": st.floats(0.5, 3.0),
    "pacing_knots": st.lists(st.floats(0.3, 0.9), min_size=1, max_size=4).map(tuple),
}


@pytest.mark.parametrize("pacing", sorted(PACINGS))
@given(data=st.data())
def test_a_pacing_uses_the_settings_that_the_identity_holds_and_no_others(pacing, data):
    base = Curriculum(pacing=pacing, alpha=0.2, beta=0.02, full_data_after=0.95, pacing_power=4.0)
    for name, values in pacing_values.items():
        other = base.model_copy(update={name: data.draw(values)})
        used = name in PACINGS.load(pacing).parameters()
        assert (shares(other, 20) != shares(base, 20)) == used, name


def test_settings_without_effect_are_not_in_the_identity(make_space):
    settings = make_space("").settings

    def same(first, second):
        return _identity(settings, **first) == _identity(settings, **second)

    part = {"alpha": 0.4, "beta": 0.1}
    assert same({"pacing": "full", "alpha": 0.3, "sigma": 0.5}, {"order": "hard_first"})
    assert same(part, part | {"full_data_after": 0.3, "pacing_power": 3.0})
    assert same(part | {"order": "random"}, part | {"order": "random", "sigma": 0.5})
    assert same(part | {"intensity_power": 3.0}, part)
    assert same(part | {"pacing_knots": (0.5, 0.6), "intensity_knots": (0.5,)}, part)
    assert same({"intensity": {"contrastive": "constant"}}, {"intensity_target": "learning_rate"})
    root = {"alpha": 0.4, "pacing": "root"}
    assert same(root, root | {"beta": 0.5})


def test_settings_with_an_effect_are_in_the_identity(make_space):
    settings = make_space("").settings
    part = {"alpha": 0.4, "beta": 0.1}
    variants = [
        {},
        part,
        part | {"sigma": 0.5},
        part | {"order": "random"},
        part | {"pacing_start": 1},
        part | {"pacing": "root"},
        part | {"pacing": "root", "full_data_after": 0.5},
        part | {"pacing": "root", "pacing_power": 3.0},
        part | {"pacing": "step"},
        part | {"pacing": "knots"},
        part | {"pacing": "knots", "pacing_knots": (0.6, 1.0)},
        {"intensity": "knots"},
        {"intensity": "knots", "intensity_knots": (1.0, 0.2)},
        {"intensity": "power"},
        {"intensity": "power", "intensity_power": 3.0},
        {"intensity": {"contrastive": "power"}},
        {"intensity": "inverse", "intensity_target": "learning_rate"},
        {"intensity": "inverse"},
    ]
    assert len({_identity(settings, **variant) for variant in variants}) == len(variants)


def test_an_intensity_without_a_power_ignores_it():
    curriculum = Curriculum(intensity="inverse", intensity_power=3.0)
    other = curriculum.model_copy(update={"intensity_power": 1.0})
    assert loss_weights(curriculum, 5, ("a",)) == loss_weights(other, 5, ("a",))
