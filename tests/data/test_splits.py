from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit.Chem.Scaffolds import MurckoScaffold

from class_sweep.config.inputs import SplitRule
from class_sweep.data.splits import split_by_rule, split_groups, stable_hash
from class_sweep.errors import DataError

groups = st.lists(st.text("abcdefgh", min_size=1, max_size=2), min_size=1, max_size=300)
seeds = st.integers(0, 2**32 - 1)
shares = st.tuples(st.integers(1, 90), st.integers(1, 90), st.integers(0, 90)).map(
    lambda parts: tuple(part / sum(parts) for part in parts)
)


@given(groups, shares, seeds)
def test_a_group_is_in_exactly_one_split(groups, fractions, seed):
    split = split_groups(groups, fractions, seed)
    assert split.dtype == np.int8
    where = defaultdict(set)
    for group, code in zip(groups, split.tolist(), strict=True):
        where[group].add(code)
    assert all(len(codes) == 1 for codes in where.values())


@given(groups, shares, seeds)
def test_each_split_gets_its_fraction_up_to_the_largest_group(groups, fractions, seed):
    counts = np.bincount(split_groups(groups, fractions, seed), minlength=3)
    target = np.array(fractions) * len(groups)
    largest = max(Counter(groups).values())
    assert (np.abs(counts - target) <= 2 * largest + 1e-9).all()


@given(groups, shares, seeds, st.randoms())
def test_the_order_of_the_rows_does_not_matter(groups, fractions, seed, random):
    before = dict(zip(groups, split_groups(groups, fractions, seed).tolist(), strict=True))
    shuffled = random.sample(groups, len(groups))
    after = dict(zip(shuffled, split_groups(shuffled, fractions, seed).tolist(), strict=True))
    assert before == after


@given(seeds)
def test_without_groups_the_fractions_are_exact(seed):
    counts = np.bincount(split_groups([str(i) for i in range(1000)], (0.8, 0.1, 0.1), seed))
    assert counts.tolist() == [800, 100, 100]


def test_another_seed_gives_another_split():
    rows = [str(i) for i in range(200)]
    splits = {split_groups(rows, (0.8, 0.1, 0.1), seed).tobytes() for seed in range(5)}
    assert len(splits) == 5


def test_the_hash_is_the_same_in_every_process():
    assert stable_hash(0, "CCO") == 0xC824A6B109F21FB3
    assert stable_hash(1, "CCO") != stable_hash(0, "CCO")


@given(seeds)
def test_a_group_as_large_as_a_split_goes_to_training(seed):
    groups = ["large"] * 30 + [str(i) for i in range(70)]
    split = split_groups(groups, (0.8, 0.1, 0.1), seed)
    assert np.bincount(split).tolist() == [80, 10, 10]
    assert split[0] == 0


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.2), (0.5, 0.1, 0.1)])
def test_fractions_must_add_up_to_one(fractions):
    with pytest.raises(DataError, match=r"must add up to 1, got 0\.\d \+ 0\.1 \+ 0\.\d = [01]\."):
        split_groups(["a"], fractions, 0)


RINGS = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCOC1", "c1ccc2ccccc2c1", "C1CCNC1", "c1ccsc1"]
CHAINS = ["C" * n for n in range(1, 8)]
MOLECULES = [f"{'C' * n}{ring}" for ring in RINGS for n in range(6)] + CHAINS


@given(seeds)
def test_no_scaffold_is_in_two_splits(seed):
    rule = SplitRule(by="scaffold", train=0.6, validation=0.2, test=0.2, seed=seed)
    split = split_by_rule(MOLECULES, rule)
    where = defaultdict(set)
    for molecule, code in zip(MOLECULES, split.tolist(), strict=True):
        where[MurckoScaffold.MurckoScaffoldSmiles(smiles=molecule)].add(code)
    del where[""]  # chains
    assert len(where) == len(RINGS)
    assert all(len(codes) == 1 for codes in where.values())
    assert set(split.tolist()) == {0, 1, 2}


def test_a_molecule_without_rings_is_a_group_of_its_own():
    rule = SplitRule(by="scaffold", train=0.6, validation=0.2, test=0.2)
    split = split_by_rule(["C" * n for n in range(1, 101)], rule)
    assert np.bincount(split).tolist() == [60, 20, 20]


def test_by_molecule_a_repeated_molecule_stays_together():
    split = split_by_rule(["C", "N", "C", "O", "N", "CC", "CCC"], SplitRule(test=0.1))
    assert split[0] == split[2]
    assert split[1] == split[4]
