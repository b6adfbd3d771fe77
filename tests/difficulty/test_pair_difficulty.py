"""The contract of every difficulty, and the numbers of the built-in ones against brute force."""

from dataclasses import replace

import numpy as np
import pytest

from class_sweep.base.array_cache import NoCache
from class_sweep.config.components import DIFFICULTIES
from class_sweep.config.curriculum import Curriculum
from class_sweep.difficulty.column import Column
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.margin import Margin
from class_sweep.difficulty.pair_difficulty import (
    ComputedDifficulty,
    IndexedDifficulty,
    TrainingPairs,
    difficulty_of,
)
from class_sweep.difficulty.ridge import ridge_ranks
from class_sweep.errors import DataError

PAIRS = 40


@pytest.fixture(scope="module")
def pairs():
    """Pairs with random features, whose mean margins are known, in read-only arrays."""
    generator = np.random.default_rng(0)
    text = generator.standard_normal((PAIRS, 8)).astype(np.float32)
    molecule = (text @ generator.standard_normal((8, 6))).astype(np.float32)
    numbers = generator.integers(0, 5, PAIRS).astype(np.float64)
    for array in (text, molecule, numbers):
        array.flags.writeable = False
    return TrainingPairs(
        texts=tuple(f"text {i}" for i in range(PAIRS)),
        smiles=tuple("C" * (i + 1) for i in range(PAIRS)),
        text=text,
        molecule=molecule,
        numbers=numbers,
        seed=3,
        margins=lambda epochs: np.linspace(-1, 1, PAIRS) / epochs,
        cache=NoCache(),
    )


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_every_difficulty_keeps_the_contract(name, pairs):
    curriculum = Curriculum(difficulty=name, sigma=0.2)
    difficulty = difficulty_of(curriculum)
    assert isinstance(difficulty, IndexedDifficulty | ComputedDifficulty)
    assert difficulty == difficulty_of(curriculum)
    assert difficulty.parameters() <= curriculum.model_dump().keys()
    assert curriculum.difficulty_label.split(" (")[0] == name
    if isinstance(difficulty, IndexedDifficulty):
        index = build_index(pairs.text, pairs.molecule, [0.2])
        for array in index.arrays().values():
            array.flags.writeable = False
        numbers = [difficulty.read(index) for _ in range(2)]
    else:
        numbers = [difficulty.compute(pairs) for _ in range(2)]
        assert difficulty.epochs >= 0
    assert numbers[0].shape == (PAIRS,)
    assert np.isfinite(numbers[0]).all()
    assert np.array_equal(*numbers)
    assert len(set(numbers[0].tolist())) > 1
    assert difficulty.ties or len(set(numbers[0].tolist())) == PAIRS


def test_a_pair_of_low_margin_is_hard_and_the_epochs_reach_the_run(pairs):
    assert np.array_equal(Margin(margin_epochs=2).compute(pairs), -np.linspace(-1, 1, PAIRS) / 2)


def test_ridge_ranks_are_those_of_the_map_under_the_seed_of_the_search(pairs):
    difficulty = difficulty_of(Curriculum(difficulty="ridge"))
    expected = ridge_ranks(pairs.text, pairs.molecule, seed=3)
    assert np.array_equal(difficulty.compute(pairs), expected)


def test_a_column_gives_its_numbers_and_needs_them(pairs):
    assert np.array_equal(Column().compute(pairs), pairs.numbers)
    with pytest.raises(DataError, match="column needs a number for each training pair, got none"):
        Column().compute(replace(pairs, numbers=None))


def test_a_label_names_the_difficulty_and_the_settings_that_it_reads():
    assert Curriculum(difficulty="ridge", margin_epochs=5).difficulty_label == "ridge"
    label = Curriculum(difficulty="margin", margin_epochs=5).difficulty_label
    assert label == "margin (margin_epochs 5)"
