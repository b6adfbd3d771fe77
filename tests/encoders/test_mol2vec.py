import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from gensim.models import KeyedVectors

from class_sweep.base.array_cache import NoCache
from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.encoders.mol2vec import Mol2vecMoleculeEncoder
from class_sweep.encoders.pickles import pickles_allowed
from class_sweep.encoders.substructures import (
    coverage,
    molecule_sentences,
    sum_vectors,
    train_vectors,
)
from class_sweep.encoders.token_vectors import TokenVectors, read_vectors
from class_sweep.errors import EncoderError

# Morgan identifiers at radius 0: CH3, CH2, OH.
CH3, CH2, OH = "2246728737", "2245384272", "864662311"


def mol2vec_features(settings, smiles, fit_rows=None):
    """Fit on the molecules of `fit_rows`, by default on all, and encode all."""
    training = smiles if fit_rows is None else [smiles[row] for row in fit_rows]
    encoder = Mol2vecMoleculeEncoder.fit(settings, training, cache=NoCache())
    return encoder.encode(smiles, cache=NoCache())


def trained(**changes):
    return Mol2vecEncoder(kind="mol2vec", **{"dimensions": 8, **changes})


def from_file(path, tokens, radius=0):
    vectors = np.array([[10.0**place, 1.0] for place in range(len(tokens))], np.float32)
    np.savez(path, tokens=np.array(tokens), vectors=vectors)
    return Mol2vecEncoder(kind="mol2vec", vectors=path, radius=radius)


def test_a_sentence_lists_the_substructures_atom_by_atom():
    (sentence,) = molecule_sentences(["CCO"], radius=1)
    assert sentence[::2] == [CH3, CH2, OH]
    assert len(set(sentence)) == 6


def test_a_molecule_is_the_sum_of_its_tokens(tmp_path):
    settings = from_file(tmp_path / "v.npz", ["UNK", CH3, CH2, OH])
    features = mol2vec_features(settings, ["CCO", "CCCO", "CF", ""])
    # CH3 counts 10, CH2 100, OH 1000; the unknown identifiers of CH2F and F count 1 each.
    assert features.tolist() == [[1110, 3], [1210, 4], [11, 2], [0, 0]]


def test_without_unk_unknown_substructures_count_as_zero(tmp_path):
    settings = from_file(tmp_path / "v.npz", [CH3, CH2])
    assert mol2vec_features(settings, ["CCO", "CO"]).tolist() == [[11, 2], [1, 1]]


def test_two_smiles_of_a_molecule_give_identical_features():
    table = train_vectors(trained(), molecule_sentences(["CCO", "CC(C)Cc1ccccc1"] * 5, 1))
    first, second = sum_vectors(
        table, molecule_sentences(["CC(C)Cc1ccccc1", "c1ccc(CC(C)C)cc1"], 1)
    )
    assert np.array_equal(first, second)


def test_vectors_that_know_no_substructure_are_an_error(tmp_path):
    settings = from_file(tmp_path / "v.npz", ["UNK", "1", "2"])
    with pytest.raises(EncoderError, match=r"substructures \(radius 0\), got none: .*v\.npz"):
        mol2vec_features(settings, ["CCO"])


def test_low_coverage_is_a_warning(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    settings = from_file(tmp_path / "v.npz", ["UNK", CH3, CH2])
    mol2vec_features(settings, ["CCO"])
    assert [record.levelname for record in caplog.records][-1] == "WARNING"
    assert "covers 66.7 %" in caplog.text
    assert coverage(TokenVectors({CH3: 0}, np.zeros((1, 1))), []) == 0


def test_only_training_molecules_affect_the_vectors(smiles):
    settings = trained()
    features = mol2vec_features(settings, smiles, np.arange(6))
    assert features.shape == (8, 8)
    smiles[6:] = ["FC(F)F", "S"]
    assert np.array_equal(features[:6], mol2vec_features(settings, smiles, np.arange(6))[:6])
    assert not np.array_equal(features[:6], mol2vec_features(settings, smiles, np.arange(8))[:6])


def test_rare_tokens_are_trained_as_unk():
    sentences = [["a", "b"]] * 4 + [["c"]] * 3
    table = train_vectors(trained(), sentences)
    assert set(table.rows) == {"a", "b", "UNK"}
    assert np.array_equal(sum_vectors(table, [["c"]]), sum_vectors(table, [["never seen"]]))


def test_the_seed_decides_the_vectors(smiles):
    def features(seed):
        return mol2vec_features(trained(seed=seed), smiles, np.arange(8))

    assert np.array_equal(features(1), features(1))
    assert not np.array_equal(features(1), features(2))


def test_training_is_the_same_in_another_process(smiles):
    script = """
import sys
from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.base.array_cache import NoCache
from class_sweep.encoders.mol2vec import Mol2vecMoleculeEncoder
settings, smiles, cache = Mol2vecEncoder(kind="mol2vec", dimensions=8), sys.argv[1:], NoCache()
encoder = Mol2vecMoleculeEncoder.fit(settings, smiles, cache=cache)
print(encoder.encode(smiles, cache=cache).tobytes().hex())
"""
    process = subprocess.run(
        [sys.executable, "-c", script, *smiles],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "123"},
    )
    assert process.stderr == ""
    assert (
        process.stdout.strip() == mol2vec_features(trained(), smiles, np.arange(8)).tobytes().hex()
    )


@pytest.mark.parametrize("molecules", [[""], []])
def test_training_molecules_without_atoms_are_an_error(molecules):
    with pytest.raises(EncoderError, match=f"got none in {len(molecules)} molecules"):
        mol2vec_features(trained(), molecules, np.arange(len(molecules)))


def test_rdkit_and_mol2vec_print_nothing(capfd):
    mol2vec_features(trained(), ["CCO"] * 3, np.arange(3))
    with pytest.raises(EncoderError, match="SMILES that RDKit can read, got 'nonsense'"):
        molecule_sentences(["CCO", "nonsense"], 1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.real_data
def test_published_vectors_cover_real_molecules(real_data):
    lines = (real_data / "chebi20" / "validation.txt").read_text(encoding="utf-8").splitlines()
    # The published file doubles some backslashes.
    smiles = [line.split("\t")[1].replace("\\\\", "\\") for line in lines[1:]]
    path = real_data / "mol2vec" / "text2mol_300d.npz"
    table = read_vectors(path, allow_pickle=False)
    assert coverage(table, molecule_sentences(smiles, radius=1)) >= 0.99
    settings = Mol2vecEncoder(kind="mol2vec", vectors=path)
    features = mol2vec_features(settings, smiles)
    assert features.shape == (3301, 300)
    assert np.isfinite(features).all()


# --- pickles --------------------------------------------------------------------------------------


def pickled(path):
    keyed = KeyedVectors(2)
    keyed.add_vectors([CH3, CH2, OH], np.eye(3, 2, dtype=np.float32))
    keyed.save(str(path))
    return Mol2vecEncoder(kind="mol2vec", vectors=path, radius=0)


def test_a_pickle_is_read_only_in_a_block_that_allows_it(tmp_path):
    settings = pickled(tmp_path / "v.pkl")
    with pytest.raises(EncoderError, match="without --allow-pickle"):
        mol2vec_features(settings, ["CCO"])
    with pickles_allowed(True):
        assert mol2vec_features(settings, ["CCO"]).tolist() == [[1, 1]]
    with pytest.raises(EncoderError, match="without --allow-pickle"):
        mol2vec_features(settings, ["CCO"])


def test_an_encoder_keeps_the_consent_under_which_it_was_fitted(tmp_path):
    """The vectors of a model may be needed first when it is saved."""
    settings = pickled(tmp_path / "v.pkl")
    with pickles_allowed(True):
        allowed = Mol2vecMoleculeEncoder.fit(settings, ["CCO"], cache=NoCache())
    refused = Mol2vecMoleculeEncoder.fit(settings, ["CCO"], cache=NoCache())
    assert allowed.save()["vectors"].shape == (3, 2)
    with pickles_allowed(True), pytest.raises(EncoderError, match="without --allow-pickle"):
        refused.save()
