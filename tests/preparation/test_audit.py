"""The ranking of suspect pairs, and the warning of a sweep over them."""

import numpy as np
import pytest

from class_sweep.base.array_cache import NoCache
from class_sweep.config.document import parse_space
from class_sweep.config.inputs import Chebi20Data, LsaEncoder, Mol2vecEncoder
from class_sweep.data.corpus import load_pairs
from class_sweep.data.pair import PairSet
from class_sweep.difficulty.pair_fits import pair_fits
from class_sweep.errors import DataError
from class_sweep.preparation.audit import audit, encode_pairs, share_warning, training_share
from class_sweep.statistics.wrong_share import WrongShare, wrong_share


def vectors(pairs=1200, wrong=0, seed=0):
    """Texts that are a noisy linear image of their molecules; the first `wrong` are mixed up."""
    rng = np.random.default_rng(seed)
    molecules = rng.normal(size=(pairs, 12)).astype(np.float32)
    texts = (molecules @ rng.normal(size=(12, 16))).astype(np.float32)
    texts += 0.2 * rng.normal(size=texts.shape).astype(np.float32)
    texts[:wrong] = np.roll(texts[:wrong], 1, axis=0)
    return texts, molecules


def pair_set(pairs, split=None):
    smiles = tuple("C" * (1 + i) for i in range(pairs))
    return PairSet(
        ids=tuple(f"id{i}" for i in range(pairs)),
        smiles=smiles,
        texts=tuple(f"The molecule is chain {i}, a bromide." for i in range(pairs)),
        split=np.zeros(pairs, dtype=np.int8) if split is None else split,
        molecules=smiles,
    )


def test_mixed_up_pairs_come_first_with_what_would_fit_them():
    texts, molecules = vectors(200, wrong=20)
    found = audit("mine", pair_set(200), texts, molecules)
    worst = found.pairs[:20]
    assert sum(int(pair.id[2:]) < 20 for pair in worst) >= 18
    first = worst[0]
    number = int(first.id[2:])
    assert first.mismatched_below > 0.1
    # The text of pair i is that of pair i − 1, so that molecule fits it best.
    fitting = sum(pair.best_molecule.id == f"id{(int(pair.id[2:]) - 1) % 20}" for pair in worst)
    assert fitting >= 10
    assert first.contradictions == ["bromine"]
    assert found.contradicted == 200
    assert first.smiles == "C" * (1 + number)
    assert found.candidates == (200, 200)
    assert 0.03 < found.shares["train"].share < 0.25


def test_margins_and_misfits_order_the_training_pairs_together():
    texts, molecules = vectors(150)
    fits = pair_fits(texts, molecules)
    split = np.repeat(np.array([0, 1], dtype=np.int8), [120, 30])
    by_misfit = [f"id{i}" for i in np.argsort(-fits.misfit[:120], kind="stable")]

    def order(margins):
        found = audit("mine", pair_set(150, split), texts, molecules, margins)
        assert found.with_margins
        return [pair.id for pair in found.pairs]

    assert order(np.zeros(120)) == by_misfit
    assert order(-fits.misfit[:120]) == by_misfit
    # The worst misfit has the best margin: all pairs tie.
    assert order(fits.misfit[:120]) == [f"id{i}" for i in range(120)]


def test_each_split_has_its_own_share():
    texts, molecules = vectors(600, wrong=200)
    split = np.repeat(np.array([0, 1], dtype=np.int8), [300, 300])
    shares = audit("mine", pair_set(600, split), texts, molecules).shares
    assert list(shares) == ["train", "validation"]
    assert shares["train"].share > 0.4
    assert shares["validation"].share < 0.1


def test_too_few_pairs_are_one_error():
    texts, molecules = vectors(99)
    with pytest.raises(DataError, match="an audit needs at least 100 pairs, got 99"):
        audit("mine", pair_set(99), texts, molecules)


@pytest.mark.parametrize("wrong", [0, 60, 200, 600])
def test_the_estimate_follows_the_share_of_pairs_that_were_mixed_up(wrong):
    texts, molecules = vectors(1500, wrong)
    fits = pair_fits(texts, molecules)
    found = wrong_share(fits.misfit, fits.mismatched)
    assert found.share == pytest.approx(wrong / 1500, abs=0.03)


def test_a_sweep_over_many_wrong_pairs_is_warned_of_unless_it_trims(small_space_text):
    space = parse_space(small_space_text)
    share = training_share(*vectors(1200, wrong=200), cache=NoCache())
    assert share.is_notable
    warning = share_warning(space, share)
    assert "`class-sweep audit FILE`" in warning
    assert "curriculum.trim" in warning
    trimming = parse_space(small_space_text.replace("curriculum:\n", "curriculum:\n  trim: 0.1\n"))
    assert share_warning(trimming, share) is None
    assert share_warning(space, WrongShare(0.06, 0.04, 0.08)) is None


def test_a_sample_estimates_the_share_and_few_pairs_give_none():
    few = training_share(*vectors(999, wrong=200), cache=NoCache())
    assert few is None
    many = training_share(*vectors(4000, wrong=800), cache=NoCache())
    assert many.share == pytest.approx(0.2, abs=0.04)


@pytest.mark.real_data
@pytest.mark.long
@pytest.mark.parametrize(("data", "low", "high"), [("chebi20", 0, 0.02), ("mismatched", 0.1, 0.16)])
def test_real_wrong_pairs_are_found_and_clean_pairs_are_not_suspected(real_data, data, low, high):
    pairs = load_pairs(Chebi20Data(source="chebi20", path=real_data / data))
    vectors = real_data / "mol2vec" / "text2mol_300d.npz"
    encoders = LsaEncoder(dimensions=512), Mol2vecEncoder(kind="mol2vec", vectors=vectors)
    texts, molecules = encode_pairs(pairs, *encoders, cache=NoCache(), progress=lambda *_: None)
    found = audit(data, pairs, texts, molecules)
    share = found.shares["train"]
    assert low <= share.low <= share.high <= high
    suspect = [50_000 <= int(pair.id) < 100_000 for pair in found.pairs if pair.split == "train"]
    contradicted = [bool(pair.contradictions) for pair in found.pairs if pair.split == "train"]
    if data == "mismatched":
        assert np.mean(suspect[: len(suspect) // 10]) >= 0.9
        assert np.mean(contradicted) >= 0.03
    else:
        assert np.mean(contradicted) <= 0.005
