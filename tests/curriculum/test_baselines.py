from class_sweep.config.curriculum import Curriculum
from class_sweep.config.identity import identity
from class_sweep.curriculum.baselines import BASELINES, baseline_config, sigmas_needed
from class_sweep.curriculum.pacing import shares


def test_baselines_set_known_settings_alone():
    settings = {f"curriculum.{name}" for name in Curriculum.model_fields}
    assert all(set(values) <= settings for values in BASELINES.values())


def test_the_paper_fixes_all_that_full_data_fixes():
    """Its configuration may start from that of full data's best trial."""
    assert set(BASELINES["full_data"]) <= set(BASELINES["paper"])


def test_a_baseline_is_the_same_trial_in_every_space(make_space):
    plain = make_space("alpha: {uniform: [0.1, 1.0]}, order: {choice: [random, easy_first]}")
    odd = make_space(
        "alpha: {uniform: [0.1, 1.0]}, pacing: step, full_data_after: 0.5,"
        " intensity: power, intensity_target: learning_rate, order: hard_first,"
        " hard_negatives: {choice: [2, 0]}"
    )
    for name in BASELINES:
        in_plain, in_odd = (space.resolve(baseline_config(space, name)) for space in (plain, odd))
        assert identity(in_plain) == identity(in_odd), name


def test_full_data_is_full_whatever_the_pacing(make_space):
    for pacing in ("linear", "root", "step", "exponential", "full", "knots"):
        curve = "intensity: {choice: [constant, inverse]}"
        space = make_space(f"pacing: {pacing}, alpha: {{uniform: [0.1, 1.0]}}, {curve}")
        settings = space.resolve(baseline_config(space, "full_data"))
        assert shares(settings.curriculum, 10) == (1.0,) * 10


def test_settings_that_the_space_already_has_are_left_out(make_space):
    space = make_space("alpha: {uniform: [0.1, 1.0]}, beta: 0.03")
    assert baseline_config(space, "paper") == {
        "curriculum.alpha": 0.40,
        "curriculum.intensity": "inverse",
    }


def test_the_sigmas_of_baselines_are_counted_too(make_space):
    assert sigmas_needed(make_space("alpha: 0.5, sigma: {choice: [0.5, 0.7]}")) == [0.5, 0.7]
    space = make_space("alpha: 0.5, sigma: {choice: [0.5, 0.7]}")
    first = space.settings.search.model_copy(update={"baselines": ["paper", "full_data"]})
    settings = space.settings.model_copy(update={"search": first})
    assert sigmas_needed(space.changed(settings=settings)) == [0.5, 0.7, 0.99]
