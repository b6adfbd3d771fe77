import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import dump_settings, parse_space
from class_sweep.config.pruning import PruningSettings
from class_sweep.config.recording import as_recording
from class_sweep.config.sections import Budget
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import ConfigError
from class_sweep.tuning.milestones import Milestone, Rungs
from class_sweep.tuning.milestones import milestones as milestones_of
from class_sweep.tuning.pruners.pruner import rung_epochs


def test_auto_grace_is_a_ninth_of_the_samples_if_samples_limit_the_budget(small_space_text):
    text = small_space_text.replace("pruning: {grace_epochs: 1, reduction_factor: 2}", "")
    text = text.replace("budget: {epochs: 6}", "budget: {epochs: 90, samples: 18000}")
    assert Rungs.of(parse_space(text), 1000).samples == (2000, 8000, 32000)
    assert Rungs.of(parse_space(text.replace(", samples: 18000", "")), 1000).samples == (
        10000,
        40000,
    )


def schedule(*, epochs=10, pairs=100, batch_size=10, alpha=1.0, beta=0.0):
    curriculum = Curriculum(alpha=alpha, beta=beta)
    return Schedule.plan(curriculum, Budget(epochs=epochs), batch_size=batch_size, pairs=pairs)


def milestones(trial, rungs):
    """The reports of a trial whose rungs are at equal samples."""
    return milestones_of(trial, Rungs(tuple(rungs)).steps(trial))


def rungs_of(pruning, epochs):
    return rung_epochs(TypeAdapter(PruningSettings).validate_python(pruning), epochs)


@pytest.mark.parametrize(
    ("pruning", "epochs", "rungs"),
    [
        ({"grace_epochs": 1, "reduction_factor": 3}, 10, [1, 3, 9]),
        ({"kind": "hyperband", "grace_epochs": 2, "reduction_factor": 3}, 18, [2, 6]),
        ({"grace_epochs": 0.5, "reduction_factor": 2}, 4, [0.5, 1, 2]),
        ({"grace_epochs": 0.001, "reduction_factor": 100}, 1, [0.001, 0.1]),
        ({"grace_epochs": 10}, 10, []),
        ({"kind": "median", "grace_epochs": 3}, 10, [3, 6, 9]),
        ({"kind": "one_rung", "grace_epochs": 3}, 10, [3]),
        ({"kind": "one_rung", "grace_epochs": 10}, 10, []),
        ({"kind": "none"}, 10, []),
    ],
)
def test_rungs_are_below_the_budget(pruning, epochs, rungs):
    assert rungs_of(pruning, epochs) == pytest.approx(rungs)


def test_rungs_are_samples_of_full_data(small_space_text):
    text = small_space_text.replace("grace_epochs: 1", "grace_epochs: 1.1")
    assert Rungs.of(parse_space(text), 100).samples == (110, 220, 440)  # 1.1 * 100 > 110


def test_a_recording_reports_at_every_epoch_of_full_data(small_space_text):
    space = as_recording(parse_space(small_space_text), 3)
    assert Rungs.of(space, 100).samples == (100, 200, 300, 400, 500)


def test_a_trial_reports_at_each_rung_and_at_its_end():
    assert milestones(schedule(), [100, 300, 900]) == [
        Milestone(10, 0, last=False),
        Milestone(30, 1, last=False),
        Milestone(90, 2, last=False),
        Milestone(100, None, last=True),
    ]


def test_a_rung_between_two_steps_is_reached_by_the_later():
    assert milestones(schedule(batch_size=16), [100])[0] == Milestone(7, 0, last=False)


def test_without_pruning_a_trial_reports_at_its_end_alone():
    assert milestones(schedule(), []) == [Milestone(100, None, last=True)]


@pytest.mark.parametrize("rung", [1000, 1001, 10**9])
def test_a_rung_at_the_end_or_beyond_it_is_left_out(rung):
    assert milestones(schedule(), [100, rung]) == [
        Milestone(10, 0, last=False),
        Milestone(100, None, last=True),
    ]


def test_a_shorter_schedule_meets_the_same_rungs_at_the_same_samples():
    full, short = schedule(), schedule(alpha=0.4, beta=0.03)
    assert short.samples < full.samples
    rungs = [100, 300, 900]
    reports = milestones(short, rungs)
    assert reports[:2] == milestones(full, rungs)[:2]
    assert reports[-1] == Milestone(short.steps, None, last=True)


def test_the_later_of_two_rungs_in_one_step_counts():
    coarse = schedule(batch_size=50)
    assert milestones(coarse, [10, 30, 90]) == [
        Milestone(1, 1, last=False),
        Milestone(2, 2, last=False),
        Milestone(20, None, last=True),
    ]


@given(
    st.integers(1, 12),
    st.integers(40, 300),
    st.integers(2, 20),
    st.floats(0.5, 1),
    st.floats(0.1, 12),
    st.floats(1.5, 5),
)
def test_every_rung_is_met_at_its_first_step(epochs, pairs, batch_size, alpha, grace, factor):
    rung_epochs = rungs_of({"grace_epochs": grace, "reduction_factor": factor}, epochs)
    rungs = [math.ceil(rung * pairs) for rung in rung_epochs]
    assert all(0 < rung <= epochs * pairs for rung in rungs)
    trial = schedule(epochs=epochs, pairs=pairs, batch_size=batch_size, alpha=alpha)
    *before, end = milestones(trial, rungs)
    assert end == Milestone(trial.steps, None, last=True)
    steps = [milestone.step for milestone in (*before, end)]
    assert steps == sorted(set(steps))
    for milestone in before:
        seen = milestone.step * batch_size
        assert seen - batch_size < rungs[milestone.rung] <= seen
        assert not milestone.last
    met = {milestone.rung for milestone in before}
    for rung, samples in enumerate(rungs):
        if rung not in met:  # beyond the end, or overtaken within the same step
            late = samples > (trial.steps - 1) * batch_size
            later = rungs[rung + 1 :]
            assert late or -(-samples // batch_size) == -(-later[0] // batch_size)


def own_rungs(space_text, pairs, **pruning):
    settings = {"grace_epochs": 1, "reduction_factor": 2, "rungs": "own_schedule"} | pruning
    written = ", ".join(f"{name}: {value}" for name, value in settings.items())
    text = space_text.replace("pruning: {grace_epochs: 1, reduction_factor: 2}", "")
    return Rungs.of(parse_space(f"{text}pruning: {{{written}}}\n"), pairs)


def test_rungs_of_own_schedules_are_fractions_of_the_budget(small_space_text):
    rungs = own_rungs(small_space_text, 100)
    assert rungs.samples == (100, 200, 400)
    assert rungs.fractions == pytest.approx((1 / 6, 2 / 6, 4 / 6))
    limited = small_space_text.replace("budget: {epochs: 6}", "budget: {epochs: 6, samples: 450}")
    assert own_rungs(limited, 100, grace_epochs="auto").fractions == pytest.approx(
        (1 / 4.5, 2 / 4.5, 4 / 4.5)
    )


@given(
    st.integers(1, 12), st.integers(2, 20), st.floats(0.3, 1), st.floats(0, 0.2),
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5),
)  # fmt: skip
def test_a_rung_of_the_own_schedule_is_at_its_first_step_of_that_fraction(
    epochs, batch_size, alpha, beta, fractions
):
    trial = schedule(epochs=epochs, batch_size=batch_size, alpha=alpha, beta=beta)
    fractions = tuple(sorted(fractions))
    rungs = Rungs(tuple(range(len(fractions))), fractions)
    steps = rungs.steps(trial)
    for step, fraction in zip(steps, fractions, strict=True):
        brute = next(s for s in range(trial.steps + 1) if s >= fraction * trial.steps - 1e-6)
        assert step == brute
    *before, end = milestones_of(trial, steps)
    assert end == Milestone(trial.steps, None, last=True)
    assert [m.step for m in before] == sorted({step for step in steps if step < trial.steps})
    assert all(fractions[m.rung] * trial.steps <= m.step + 1e-6 for m in before)


def test_both_kinds_of_rungs_are_equal_for_full_data():
    full = schedule()
    samples, own = Rungs((100, 300, 900)), Rungs((100, 300, 900), (0.1, 0.3, 0.9))
    assert samples.steps(full) == own.steps(full) == [10, 30, 90]


def test_schedules_of_any_length_meet_every_rung_of_their_own(small_space_text):
    rungs = own_rungs(small_space_text, 100)
    for alpha in (0.2, 0.5, 1.0):
        trial = schedule(alpha=alpha)
        met = milestones_of(trial, rungs.steps(trial))
        assert [m.rung for m in met] == [0, 1, 2, None]


def test_a_grace_until_the_pacing_ends_is_refused_with_rungs_of_own_schedules(small_space_text):
    with pytest.raises(
        ConfigError, match="rungs: must be samples where grace_epochs is pacing_end"
    ):
        own_rungs(small_space_text, 100, grace_epochs="pacing_end")


def test_rungs_are_of_own_schedules_by_default_but_at_the_pacing_end(small_space_text):
    text = small_space_text.replace("grace_epochs: 1,", "")
    assert parse_space(text).settings.pruning.rungs == "own_schedule"
    text = small_space_text.replace("grace_epochs: 1,", "grace_epochs: pacing_end,")
    space = parse_space(text)
    assert space.settings.pruning.rungs == "samples"
    written = dump_settings(parse_space(space.text).settings)
    assert "rungs: samples" in written
