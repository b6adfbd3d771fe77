"""The finalists, their controls, and the controls that share an arm."""

from dataclasses import replace

import numpy as np
import pytest

from class_sweep.config.confirm import Confirm
from class_sweep.config.controls import CONTROLS
from class_sweep.config.document import parse_space
from class_sweep.config.identity import identity
from class_sweep.confirmation.arms import SAMPLES, plan_confirmation
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.results.record import Record
from class_sweep.statistics.sequential import Comparison
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive, hidden: 4, dimension: 4}
curriculum:
  order: {choice: [easy_first, hard_first, random]}
  alpha: {uniform: [0.2, 1.0]}
  beta: 0.1
  sigma: {choice: [0.6, 0.99]}
  intensity: {choice: [constant, inverse]}
  hard_negatives: {choice: [0.0, 1.0]}
  trim: {choice: [0.0, 0.2]}
optimizer: {batch_size: 4, lr: {loguniform: [1e-4, 1e-2]}}
budget: {epochs: 4}
search: {trials: 8, seed: 5}
"""
ALL = [
    "full_data", "full_data_equal_samples", "random_order", "reversed_order", "no_intensity",
    "no_hard_negatives", "no_trim", "paper",
]  # fmt: skip
VALUES = {
    "curriculum.order": "hard_first", "curriculum.alpha": 0.5, "curriculum.sigma": 0.6,
    "curriculum.intensity": "inverse", "curriculum.hard_negatives": 1.0, "curriculum.trim": 0.2,
    "optimizer.lr": 0.001,
}  # fmt: skip
FULL = 4 * 15 * 4


@pytest.fixture(scope="module")
def space():
    return parse_space(SPACE)


@pytest.fixture(scope="module")
def features():
    generator = np.random.default_rng(0)
    text, molecule = (generator.normal(size=(60, 6)).astype(np.float32) for _ in range(2))
    index = build_index(text, molecule, [0.6, 0.99], m=8)
    return TrialFeatures(text, molecule, np.zeros(60, np.int8), {CLASS_SIMILARITY: index})


def trial(number, name=None, **changes):
    config = VALUES | {f"curriculum.{k}": v for k, v in changes.items() if k != "lr"}
    config |= {"optimizer.lr": changes["lr"]} if "lr" in changes else {}
    return Record(number, name, "", config, 0, 0, 0, None, "finish", False, 0.0)


@pytest.fixture
def arms(space, features):
    def build(*ranked, finalists=1, controls=ALL, **more):
        return plan_confirmation(
            space, ranked, features, Confirm(finalists=finalists, controls=controls, **more)
        )

    return build


def test_a_finalist_is_compared_with_every_control_the_first_control_first(arms):
    plan = arms(trial(7))
    assert plan.finalists == ["trial 7"]
    assert [pair.kind for pair in plan.comparisons] == ALL
    assert plan.comparisons[0] == Comparison("trial 7", "full_data", "full_data")
    assert list(plan.arms) == [
        "trial 7", "full_data", "full_data_equal_samples of trial 7", "random_order of trial 7",
        "reversed_order of trial 7", "no_intensity of trial 7", "no_hard_negatives of trial 7",
        "no_trim of trial 7", "paper",
    ]  # fmt: skip
    values = {name.split(" of ")[0]: arm.values for name, arm in plan.arms.items()}
    assert values["random_order"] == VALUES | {"curriculum.order": "random"}
    assert values["reversed_order"] == VALUES | {"curriculum.order": "easy_first"}
    assert values["no_intensity"] == VALUES | {"curriculum.intensity": "constant"}


def test_a_control_differs_from_its_finalist_in_one_thing(arms, space):
    plan = arms(trial(1, lr=0.004), trial(2, lr=0.002), finalists=2)
    for pair in plan.comparisons:
        rate = plan.arms[pair.finalist].values["optimizer.lr"]
        settings = space.resolve(plan.arms[pair.control].values)
        assert settings.optimizer.lr == rate
    names = [pair.control for pair in plan.comparisons if pair.kind == "full_data"]
    assert names == ["full_data of trial 1", "full_data of trial 2"]


def test_full_data_at_equal_samples_anneals_over_the_finalists_samples(arms, space, features):
    plan = arms(trial(7))
    finalist = plan.arms["trial 7"]
    control = plan.arms["full_data_equal_samples of trial 7"]
    assert control.samples == finalist.samples < plan.arms["full_data"].samples == FULL
    assert control.values[SAMPLES] == finalist.samples
    trainer = Trainer(space.resolve(control.values), features)
    trainer.train_to(trainer.schedule.steps)
    assert trainer.samples == finalist.samples
    last_rate = trainer._optimizer.param_groups[0]["lr"]
    assert last_rate < 0.01 * 0.001  # of the peak: annealed to its own end
    pools = trainer.schedule.pools
    assert pools == (60,) * 4


def test_controls_that_change_nothing_are_not_run(arms):
    plan = arms(trial(3, order="random", intensity="constant", hard_negatives=0.0, trim=0.0))
    assert plan.same == {
        ("trial 3", "random_order"): "trial 3",
        ("trial 3", "no_intensity"): "trial 3",
        ("trial 3", "no_hard_negatives"): "trial 3",
        ("trial 3", "no_trim"): "trial 3",
    }
    kinds = [pair.kind for pair in plan.comparisons]
    # A random order has no reverse.
    assert kinds == ["full_data", "full_data_equal_samples", "paper"]


def test_a_finalist_that_sees_all_samples_has_one_full_data_control(arms, space):
    values = baseline_config(space, "full_data") | {"curriculum.intensity": "inverse"}
    whole = replace(trial(4), config=values)
    plan = arms(whole)
    assert plan.same["trial 4", "full_data_equal_samples"] == "full_data"
    assert plan.same["trial 4", "random_order"] == "trial 4"  # on all pairs the order has no effect
    assert [pair.control for pair in plan.comparisons].count("full_data") == 1


def test_finalists_differ_from_each_other_and_from_full_data(arms, space):
    full = replace(trial(0, "full_data"), config=baseline_config(space, "full_data"))
    plain = trial(1, alpha=1.0, intensity="constant", hard_negatives=0.0, trim=0.0)  # full data
    twin = trial(3, alpha=0.4999)  # the same pools as trial 2
    other = trial(4, order="easy_first")
    plan = arms(full, plain, trial(2), twin, other, trial(5, alpha=0.7), finalists=2)
    assert plan.finalists == ["trial 2", "trial 4"]
    # The second finalist is the first with its order reversed, so both are one arm.
    assert Comparison("trial 2", "trial 4", "reversed_order") in plan.comparisons
    assert Comparison("trial 4", "trial 2", "reversed_order") in plan.comparisons


def test_the_paper_as_a_finalist_is_not_also_a_control(arms, space):
    paper = replace(trial(0, "paper"), config=baseline_config(space, "paper"))
    plan = arms(paper)
    assert plan.finalists == ["paper"]
    assert plan.same["paper", "paper"] == "paper"


def test_if_only_full_data_finished_there_is_nothing_to_confirm(arms, space):
    full = replace(trial(0, "full_data"), config=baseline_config(space, "full_data"))
    plan = arms(full)
    assert (plan.finalists, plan.comparisons, plan.arms) == ([], [], {})


@pytest.mark.parametrize("kind", CONTROLS)
def test_a_control_is_a_reference_or_differs_in_its_changes_alone(arms, space, kind):
    control = CONTROLS[kind]
    plan = arms(trial(7), controls=[kind])
    if ("trial 7", kind) in plan.same:  # the part is absent
        assert plan.arms == {}
        return
    [pair] = plan.comparisons
    finalist, values = plan.arms["trial 7"], plan.arms[pair.control].values
    assert (pair.kind, pair.control) == (
        kind,
        kind if control.is_reference else f"{kind} of trial 7",
    )
    if control.baseline is None:
        changes = control.changes(space.resolve(finalist.values).curriculum)
        assert values == finalist.values | changes != finalist.values
    else:
        reference = baseline_config(space, control.baseline, finalist.values)
        assert {path: v for path, v in values.items() if path != SAMPLES} == reference
        assert (SAMPLES in values) is control.equal_samples


OURS = "{name: ours, order: hard_first, alpha: 0.6, beta: 0.1, sigma: 0.6}"


@pytest.fixture(scope="module")
def space_with_ours():
    text = SPACE.replace("seed: 5", f"seed: 5, baselines: [paper, {OURS}]")
    return parse_space(
        text.replace("batch_size: 4", "batch_size: 4, lr: 0.001").replace(
            ", lr: {loguniform: [1e-4, 1e-2]}", ""
        )
    )


def test_a_schedule_of_the_users_is_a_control_that_all_finalists_share(space_with_ours, features):
    ranked = [
        replace(
            trial(n, alpha=alpha),
            config={
                path: value
                for path, value in trial(n, alpha=alpha).config.items()
                if path != "optimizer.lr"
            },
        )
        for n, alpha in ((1, 0.3), (2, 0.5))
    ]
    confirm = Confirm(finalists=2, controls=["full_data", "ours"])
    plan = plan_confirmation(space_with_ours, ranked, features, confirm)
    assert [(c.finalist, c.control, c.kind) for c in plan.comparisons] == [
        ("trial 1", "full_data", "full_data"), ("trial 2", "full_data", "full_data"),
        ("trial 1", "ours", "ours"), ("trial 2", "ours", "ours"),
    ]  # fmt: skip
    curriculum = space_with_ours.resolve(plan.arms["ours"].values).curriculum
    assert (curriculum.order, curriculum.alpha, curriculum.intensity) == (
        "hard_first", 0.6, "constant"
    )  # fmt: skip


def test_full_data_at_equal_samples_is_one_arm_for_finalists_of_equal_samples(arms):
    plan = arms(
        trial(1, lr=0.001), trial(2, lr=0.001, order="easy_first"), trial(3, lr=0.001, alpha=0.7),
        finalists=3, controls=["full_data", "full_data_equal_samples"],
    )  # fmt: skip
    names = [pair.control for pair in plan.comparisons]
    assert names == [
        *["full_data"] * 3, *["full_data_equal_samples of trial 1"] * 2,
        "full_data_equal_samples of trial 3",
    ]  # fmt: skip


def test_a_random_order_is_one_arm_for_finalists_that_differ_in_their_threshold(arms):
    plan = arms(trial(1), trial(2, sigma=0.99), finalists=2, controls=["full_data", "random_order"])
    assert plan.finalists == ["trial 1", "trial 2"]
    assert [pair.control for pair in plan.comparisons if pair.kind == "random_order"] == [
        "random_order of trial 1"
    ] * 2


def test_a_finalist_in_random_order_is_the_control_of_the_other(arms):
    plan = arms(
        trial(1, order="random"), trial(2), finalists=2, controls=["full_data", "random_order"]
    )
    assert Comparison("trial 2", "trial 1", "random_order") in plan.comparisons
    assert plan.same == {("trial 1", "random_order"): "trial 1"}
    assert list(plan.arms) == ["trial 1", "full_data", "trial 2"]


def test_the_frontier_is_full_data_ended_and_annealed_at_shares_of_its_samples(arms, space):
    plan = arms(trial(7), full_data_frontier=[0.75, 0.5])
    assert plan.frontier.full_data == "full_data"
    assert plan.frontier.stopped == ["full_data at 50 %", "full_data at 75 %"]
    assert [plan.arms[name].samples for name in plan.frontier.stopped] == [FULL // 2, 3 * FULL // 4]
    for name in plan.frontier.stopped:
        values = plan.arms[name].values
        assert values == plan.arms["full_data"].values | {SAMPLES: plan.arms[name].samples}
    assert not any("at " in c.control for c in plan.comparisons)  # no test
    assert arms(trial(7)).frontier is None


@pytest.mark.parametrize("part_of_a_batch", [0, 0.5])
def test_a_point_of_the_frontier_at_a_finalists_samples_shares_the_runs_of_its_control(
    arms, space, part_of_a_batch
):
    finalist = arms(trial(7)).arms["trial 7"]
    more = part_of_a_batch * space.settings.optimizer.batch_size
    plan = arms(trial(7), full_data_frontier=[(finalist.samples + more) / FULL])
    assert plan.frontier.stopped == ["full_data_equal_samples of trial 7"]


def own(number, space, lr, value=0.0):
    """A finished trial of full data's own at a learning rate."""
    config = baseline_config(space, "full_data", {"optimizer.lr": lr})
    return replace(trial(number, "full_data"), config=config, tuned=True, objective=value)


def test_references_have_the_rate_that_is_best_for_full_data(arms, space):
    ranked = [trial(1, lr=0.004), own(5, space, 0.0007), trial(2, lr=0.002), own(9, space, 0.009)]
    plan = arms(*ranked, finalists=2)
    assert plan.finalists == ["trial 1", "trial 2"]
    for pair in plan.comparisons:
        rate = plan.arms[pair.control].values["optimizer.lr"]
        reference = CONTROLS[pair.kind].baseline is not None
        assert rate == (0.0007 if reference else plan.arms[pair.finalist].values["optimizer.lr"])
    # Both finalists are compared with the same runs of full data and of the paper's schedule.
    assert {"full_data", "paper"} <= set(plan.arms)
    [full] = {pair.control for pair in plan.comparisons if pair.kind == "full_data"}
    assert plan.arms[full].values == own(5, space, 0.0007).config
    equal = {pair.control for pair in plan.comparisons if pair.kind == "full_data_equal_samples"}
    assert len(equal) == 1  # the finalists see equally many samples


def test_the_middle_of_the_axes_may_be_the_best_for_full_data(arms, space):
    middle = replace(trial(0, "full_data"), config=baseline_config(space, "full_data"))
    plan = arms(middle, trial(1, lr=0.004), own(5, space, 0.0007))
    assert plan.arms["full_data"].values["optimizer.lr"] == space.centre()["optimizer.lr"]


def test_full_data_without_own_trials_has_the_rate_of_its_finalist(arms, space):
    middle = replace(trial(0, "full_data"), config=baseline_config(space, "full_data"))
    plan = arms(middle, trial(1, lr=0.004))
    assert plan.arms["full_data"].values["optimizer.lr"] == 0.004


@pytest.mark.parametrize("axis", ["order", "alpha", "sigma", "intensity", "hard_negatives", "trim"])
def test_a_reference_does_not_depend_on_the_schedule_of_its_finalist(space, axis):
    ends = [
        trial(0).config | {f"curriculum.{axis}": end}
        for end in space.axes[f"curriculum.{axis}"].ends()
    ]
    tuned = own(5, space, 0.001).config
    for name in ("paper", "full_data"):
        configs = [baseline_config(space, name, values) for values in (*ends, tuned)]
        assert len({identity(space.resolve(config)) for config in configs}) == 1
