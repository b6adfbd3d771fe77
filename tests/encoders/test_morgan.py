import numpy as np
import pytest

from class_sweep.base.array_cache import NoCache
from class_sweep.config.inputs import MorganEncoder
from class_sweep.encoders.morgan import MorganMoleculeEncoder
from class_sweep.errors import EncoderError


def morgan_features(settings, smiles):
    return MorganMoleculeEncoder.fit(settings, [], cache=NoCache()).encode(smiles, cache=NoCache())


def test_counts_are_log_scaled():
    # At radius 0, hexane consists of two CH3 and four CH2.
    features = morgan_features(MorganEncoder(kind="morgan", radius=0), ["CCCCCC"])
    assert sorted(features[features > 0].tolist()) == pytest.approx([np.log(3), np.log(5)])


def test_two_smiles_of_a_molecule_give_one_fingerprint():
    features = morgan_features(MorganEncoder(kind="morgan"), ["OC(=O)c1ccccc1", "c1ccccc1C(O)=O"])
    assert np.array_equal(features[0], features[1])


def test_a_larger_radius_finds_more_substructures():
    smiles = ["CC(C)Cc1ccc(cc1)C(C)C(=O)O"]
    small, large = (
        morgan_features(MorganEncoder(kind="morgan", radius=r, bits=4096), smiles) for r in (1, 3)
    )
    assert np.count_nonzero(large) > np.count_nonzero(small)


def test_a_molecule_without_atoms_is_zero():
    assert not morgan_features(MorganEncoder(kind="morgan"), [""]).any()


def test_an_unreadable_smiles_is_an_error_without_output(capfd):
    with pytest.raises(EncoderError, match=r"SMILES that RDKit can read, got 'C1CC'"):
        morgan_features(MorganEncoder(kind="morgan"), ["CC", "C1CC"])
    assert capfd.readouterr() == ("", "")
