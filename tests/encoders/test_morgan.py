import numpy as np
import pytest

from class_sweep.base.array_cache import NoCache
from class_sweep.config.inputs import MorganEncoder
from class_sweep.encoders.morgan import MorganMoleculeEncoder
from class_sweep.errors import EncoderError


def morgan_features(settings, smiles):
    return MorganMoleculeEncoder.fit(settings, [], cache=NoCache()).encode(smiles, cache=NoCache())


def test_counts_are_log_scaled():
    # At radius 0 hexane is two CH3 and four CH2.
    features = morgan_features(MorganEncoder(kind="morgan", radius=0), ["CCCCCC"])
    assert sorted(features[features > 0].tolist()) == pytest.approx([np.log(3), np.log(5)])


def test_one_molecule_written_twice_has_one_fingerprint():
    features = morgan_features(MorganEncoder(kind="morgan"), ["OC(=O)c1ccccc1", "c1ccccc1C(O)=O"])
    assert np.array_equal(features[0], features[1])


def test_more_radius_sees_more():
    smiles = ["CC(C)Cc1ccc(cc1)C(C)C(=O)O"]
    near, far = (
        morgan_features(MorganEncoder(kind="morgan", radius=r, bits=4096), smiles) for r in (1, 3)
    )
    assert np.count_nonzero(far) > np.count_nonzero(near)


def test_a_molecule_without_atoms_is_zero():
    assert not morgan_features(MorganEncoder(kind="morgan"), [""]).any()


def test_an_unreadable_smiles_is_one_quiet_error(capfd):
    with pytest.raises(EncoderError, match=r"SMILES that RDKit can read, got 'C1CC'"):
        morgan_features(MorganEncoder(kind="morgan"), ["CC", "C1CC"])
    assert capfd.readouterr() == ("", "")
