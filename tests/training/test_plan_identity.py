import itertools

import numpy as np
import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.identity import identity
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY, Similarity
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer
from class_sweep.training.plan_identity import plan_identity

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive, hidden: 4, dimension: 4}
curriculum: {order: {choice: [easy_first, hard_first, random]}, alpha: 0.5, beta: 0.1}
optimizer: {batch_size: 4}
budget: {epochs: 4}
search: {trials: 8, sampler: random, seed: 5}
pruning: {grace_epochs: 1, reduction_factor: 2}
"""
SIGMAS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]


@pytest.fixture(scope="module")
def space():
    return parse_space(SPACE)


@pytest.fixture(scope="module")
def features():
    generator = np.random.default_rng(0)
    text, molecule = (generator.normal(size=(60, 6)).astype(np.float32) for _ in range(2))
    split = np.zeros(60, dtype=np.int8)
    indexes = {
        similarity: build_index(text, molecule, SIGMAS, m=8, similarity=similarity)
        for similarity in (CLASS_SIMILARITY, Similarity(0.9))
    }
    return TrialFeatures(text, molecule, split, indexes)


def steps(settings, features):
    """The batches and factors of every step of a trial."""
    trainer = Trainer(settings, features)
    batches = [trainer._sampler.epoch(epoch) for epoch in range(settings.budget.epochs)]
    return (
        [batch.tolist() for batch in batches],
        sorted(trainer.loss_weights.loss.items()),
        trainer.loss_weights.rate,
    )


def test_plans_are_equal_exactly_where_all_steps_are(space, features):
    plans = {}
    for order, sigma, alpha, intensity in itertools.product(
        ("easy_first", "hard_first", "random"), SIGMAS, (0.5, 0.501, 0.7, 1.0),
        ("constant", "inverse"),
    ):  # fmt: skip
        values = {
            "curriculum.order": order, "curriculum.sigma": sigma, "curriculum.alpha": alpha,
            "curriculum.intensity": intensity,
        }  # fmt: skip
        settings = space.resolve(values)
        plans.setdefault(plan_identity(settings, features), []).append(
            str(steps(settings, features))
        )
    assert all(len(set(same)) == 1 for same in plans.values())
    assert len({same[0] for same in plans.values()}) == len(plans)
    assert 1 < len(plans) < 144  # some are duplicates, but not all


def test_plans_of_intensities_and_targets_differ_where_their_steps_do(space, features):
    plans = {}
    for text_weight, intensity, target in itertools.product(
        (0.5, 0.9), ("constant", "inverse"), ("loss", "learning_rate")
    ):
        settings = space.resolve({
            "curriculum.order": "random", "curriculum.sigma": 0.6,
            "curriculum.text_weight": text_weight,
            "curriculum.intensity": intensity, "curriculum.intensity_target": target,
        })  # fmt: skip
        plans.setdefault(plan_identity(settings, features), set()).add(
            str(steps(settings, features))
        )
    assert all(len(same) == 1 for same in plans.values())
    assert len({min(same) for same in plans.values()}) == len(plans)
    assert len(plans) == 3  # the similarity does not act in a random order


def test_the_first_pair_outside_of_a_pool_is_not_in_it(space, features, monkeypatch):
    settings = space.resolve({"curriculum.alpha": 0.5, "curriculum.sigma": 0.6})

    def plan_with_swapped(first, second):
        order = np.arange(60)
        order[[first, second]] = order[[second, first]]
        monkeypatch.setattr("class_sweep.training.plan_identity.curriculum_order", lambda *_: order)
        return plan_identity(settings, features)

    unchanged = plan_with_swapped(0, 0)
    assert plan_with_swapped(28, 29) == unchanged  # both are in the first pool, of 30 pairs
    assert plan_with_swapped(29, 30) != unchanged


def test_the_difficulty_that_trims_is_in_the_plan(space, features):
    full = {"curriculum.alpha": 1.0, "curriculum.trim": 0.3, "curriculum.trim_from": 0.0}
    static = full | {"curriculum.trim_by": "difficulty"}
    plans = {
        plan_identity(space.resolve(values | {"curriculum.sigma": sigma}), features)
        for values in (full, static)
        for sigma in (0.5, 0.6)
    }
    assert len(plans) == 3


def test_what_the_settings_say_beside_the_schedule_counts_too(space, features):
    def plan(**changes):
        values = {"curriculum.sigma": 0.6, **changes}  # without counts at σ there is no plan
        return plan_identity(space.resolve(values), features)

    one = plan()
    assert one != identity(space.resolve({"curriculum.sigma": 0.6}))
    assert plan(**{"optimizer.lr": 2e-3}) != one
    assert plan(**{"search.seed": 6}) != one
    plans = [plan(**{"curriculum.hard_negatives": rho}) for rho in (0, 1, 2)]
    assert plans[0] == one
    assert len(set(plans)) == 3


def test_a_plan_that_cannot_be_worked_out_is_left_to_the_trial(space, features):
    wrong = space.resolve({"curriculum.sigma": 0.123})
    assert plan_identity(wrong, features) == identity(wrong)


def test_plan_identities_are_those_of_version_0_2_so_that_its_sweeps_continue():
    vectors = np.eye(20, dtype=np.float32)
    index = build_index(vectors, vectors, [0.99])
    made = TrialFeatures(vectors, vectors, np.zeros(20, np.int8), {CLASS_SIMILARITY: index})
    plain = parse_space(
        "data: {source: names}\ntext_encoder: {kind: lsa}\nmolecule_encoder: {kind: morgan}\n"
        "backbone: {name: contrastive, temperature: 0.07, learn_temperature: true}\n"
        "curriculum: {alpha: {uniform: [0.2, 1.0]}}\n"
        "optimizer: {batch_size: 4}\nbudget: {epochs: 9}\nsearch: {trials: 4}\n"
    )
    assert plan_identity(plain.resolve({"curriculum.alpha": 0.5}), made) == "67981e78687c"
    assert plan_identity(plain.resolve({"curriculum.alpha": 1.0}), made) == "82e390ba12eb"


def test_trimming_is_part_of_a_plan_exactly_where_it_leaves_pairs_out(space, features):
    fixed = {"curriculum.sigma": 0.6}
    untrimmed = plan_identity(space.resolve(fixed), features)
    plans = {}
    for trim, trim_from, order in itertools.product(
        (0.0, 0.01, 0.2, 0.201, 0.3), (0.0, 0.1, 0.5, 1.0), ("easy_first", "random")
    ):
        settings = space.resolve({
            "curriculum.trim": trim, "curriculum.trim_from": trim_from, "curriculum.order": order,
            "curriculum.alpha": 1.0, **fixed,
        })  # fmt: skip
        left_out = Trainer(settings, features).schedule.left_out
        plans.setdefault(plan_identity(settings, features), set()).add(left_out)
    assert all(len(same) == 1 for same in plans.values())
    assert len({min(same) for same in plans.values()}) == len(plans) == 5
    full = space.resolve(fixed | {"curriculum.alpha": 1.0})
    assert plans[plan_identity(full, features)] == {(0, 0, 0, 0)}
    assert (
        plan_identity(space.resolve(fixed | {"curriculum.trim_from": 0.5}), features) == untrimmed
    )
