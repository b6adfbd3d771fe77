import numpy as np
import pytest

from class_sweep.data.describe import LEVELS, describe
from class_sweep.data.pair import Dropped, PairSet


@pytest.fixture
def pairs():
    return PairSet(
        ids=tuple("abcde"),
        smiles=("OCC", "CCO", "C", "[2H]C", "c1ccccc1"),
        texts=("an alcohol", "a fuel", "a gas", "a gas", "a ring of six"),
        split=np.array([0, 0, 0, 0, 1], dtype=np.int8),
        molecules=("CCO", "CCO", "C", "[2H]C", "c1ccccc1"),
        dropped=(Dropped("f", "here:7", "the text is empty"),),
    )


def test_pairs_molecules_texts_and_duplicates_are_counted(pairs):
    summary = describe(pairs)
    train = summary.splits["train"]
    assert (train.pairs, train.molecules, train.texts) == (4, 3, 3)
    assert train.duplicates == 0.5
    assert (summary.total.pairs, summary.total.molecules, summary.total.texts) == (5, 4, 4)
    assert summary.total.duplicates == 0.4
    assert summary.dropped == pairs.dropped
    assert summary.checksum == pairs.checksum()


def test_quantiles_of_words_and_heavy_atoms(pairs):
    summary = describe(pairs)
    assert summary.splits["validation"].heavy_atoms == (6.0,) * len(LEVELS)
    assert summary.splits["validation"].words == (4.0,) * len(LEVELS)
    assert (summary.total.heavy_atoms[0], summary.total.heavy_atoms[-1]) == (1.0, 6.0)
    assert summary.total.words[LEVELS.index(0.5)] == 2.0


def test_an_empty_split_has_no_quantiles(pairs):
    test = describe(pairs).splits["test"]
    assert (test.pairs, test.duplicates, test.words, test.heavy_atoms) == (0, 0.0, (), ())
