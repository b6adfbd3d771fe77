import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.document import parse_space
from class_sweep.config.identity import identity


@pytest.fixture(scope="session")
def trial(space):
    """The identity of a trial by its values (dotted path to value)."""
    fixed = space(search="{trials: 1}", curriculum=None)

    def of(values):
        return identity(fixed.resolve(values))

    return of


def test_an_identity_is_twelve_hexadecimal_digits_and_reproducible(trial):
    assert re.fullmatch("[0-9a-f]{12}", trial({}))
    assert trial({}) == trial({})


@pytest.mark.parametrize(
    "change",
    [
        {"search.trials": 64},
        {"search.sampler": "random"},
        {"search.baselines": ["paper"]},
        {"search.max_concurrent": 2},
        {"pruning.kind": "none"},
        {"confirm.finalists": 0},
        {"pruning.grace_epochs": 3},
        {"pruning.reduction_factor": 4},
        {"resources.cpus": 4},
        {"resources.gpus": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_search_pruning_and_resources_do_not_change_the_identity(trial, change):
    assert trial(change) == trial({})


@pytest.mark.parametrize(
    "change",
    [
        {"search.seed": 1},
        {"data.limit": 700},
        {"data.seed": 1},
        {"text_encoder.dimensions": 8},
        {"molecule_encoder.bits": 64},
        {"backbone.hidden": 8},
        {"backbone.temperature": 0.07},
        {"optimizer.lr": 0.1},
        {"optimizer.batch_size": 4},
        {"budget.epochs": 3},
        {"budget.samples": 300},
        {"curriculum.alpha": 0.5},
        {"curriculum.intensity": "sigmoid"},
        {"curriculum.hard_negatives": 0.5},
        {"backbone.learn_temperature": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_setting_that_changes_the_result_changes_the_identity(trial, change):
    assert trial(change) != trial({})


CURRICULUM = {"curriculum.alpha": 0.5, "curriculum.beta": 0.1, "curriculum.intensity": "sigmoid"}
IDLE_ON_THE_FULL_DATA = [
    {"curriculum.order": "hard_first"},
    {"curriculum.order": "random"},
    {"curriculum.tie_break": "random"},
    {"curriculum.sigma": 0.5},
    {"curriculum.difficulty": "ridge"},
    {"curriculum.beta": 0.2},
    {"curriculum.pacing_start": 1},
]


@pytest.mark.parametrize("change", IDLE_ON_THE_FULL_DATA, ids=str)
def test_on_the_full_data_order_and_pacing_do_not_change_the_identity(trial, change):
    full = CURRICULUM | {"curriculum.alpha": 1.0}
    assert trial(full | change) == trial(full)
    assert trial(CURRICULUM | change) != trial(CURRICULUM)


@pytest.mark.parametrize(
    "change",
    [{"curriculum.intensity_target": "learning_rate"}, {"curriculum.intensity_start": 0}],
    ids=lambda change: next(iter(change)),
)
def test_without_intensity_its_target_and_start_do_not_change_the_identity(trial, change):
    constant = CURRICULUM | {"curriculum.intensity": "constant"}
    assert trial(constant | change) == trial(constant)
    assert trial(CURRICULUM | change) != trial(CURRICULUM)


def test_each_difficulty_has_an_identity_of_its_own_and_look_alikes_that_of_before(trial):
    kinds = ("look_alikes", "margin", "ridge", "column")
    assert len({trial(CURRICULUM | {"curriculum.difficulty": kind}) for kind in kinds}) == 4
    assert trial(CURRICULUM | {"curriculum.difficulty": "look_alikes"}) == trial(CURRICULUM)
    epochs = {"curriculum.margin_epochs": 5}
    assert trial(CURRICULUM | epochs) == trial(CURRICULUM)
    margin = CURRICULUM | {"curriculum.difficulty": "margin"}
    assert trial(margin | epochs) != trial(margin)
    assert trial(margin | {"curriculum.sigma": 0.5}) == trial(margin)


def test_the_difficulty_that_trims_counts_on_the_full_data(trial):
    static = {"curriculum.trim": 0.2, "curriculum.trim_by": "difficulty"}
    for change in ({"curriculum.sigma": 0.5}, {"curriculum.difficulty": "ridge"}):
        assert trial(static | change) != trial(static)
        for random in ({"curriculum.order": "random", "curriculum.alpha": 0.5},):
            assert trial(static | random | change) != trial(static | random)
        assert trial({"curriculum.trim": 0.2} | change) == trial({"curriculum.trim": 0.2})
    assert trial(static | {"curriculum.tie_break": "random"}) == trial(static)
    assert trial({"curriculum.trim_by": "difficulty"}) == trial({})


def test_the_column_of_a_difficulty_is_in_the_identity_and_none_is_as_before(space):
    def of(columns):
        data = f"{{source: table, path: own.csv, columns: {{{columns}}}}}"
        settings = space(data=data, search="{trials: 1}", curriculum=None).settings
        return identity(settings)

    assert of("difficulty: a") != of("difficulty: b") != of("smiles: smiles")


@pytest.mark.parametrize(
    "change",
    [
        {"curriculum.sigma": 0.5},
        {"curriculum.tie_break": "random"},
        {"curriculum.difficulty": "ridge"},
    ],
    ids=str,
)
def test_in_random_order_difficulty_does_not_change_the_identity(trial, change):
    drawn = CURRICULUM | {"curriculum.order": "random"}
    assert trial(drawn | change) == trial(drawn)


def test_identities_are_those_of_version_0_2_so_that_its_sweeps_continue():
    space = parse_space(
        "data: {source: names}\ntext_encoder: {kind: lsa}\nmolecule_encoder: {kind: morgan}\n"
        "backbone: {name: contrastive, temperature: 0.07, learn_temperature: true}\n"
        "curriculum: {alpha: {uniform: [0.2, 1.0]}}\nbudget: {epochs: 9}\nsearch: {trials: 4}\n"
    )
    assert identity(space.resolve({"curriculum.alpha": 1.0})) == "3863e9fd9f53"
    paced = {"curriculum.alpha": 0.4, "curriculum.beta": 0.03, "curriculum.intensity": "inverse"}
    assert identity(space.resolve(paced)) == "07e3158b49fe"


def test_the_batch_size_of_an_encoder_does_not_change_the_identity(space, tmp_path):
    def of(batch_size):
        encoder = f"{{model: {tmp_path}, batch_size: {batch_size}}}"
        fixed = space(text_encoder=encoder, search="{trials: 1}", curriculum=None)
        return identity(fixed.resolve({}))

    assert of(8) == of(16)


def test_nearly_all_pairs_are_not_all_pairs(trial):
    nearly = CURRICULUM | {"curriculum.alpha": 0.9995}
    assert trial(nearly) != trial(CURRICULUM | {"curriculum.alpha": 1.0})
    assert trial(nearly | {"curriculum.order": "random"}) != trial(nearly)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_two_values_have_two_identities(trial, first, second):
    same = trial({"curriculum.alpha": first}) == trial({"curriculum.alpha": second})
    assert same == (first == second)
