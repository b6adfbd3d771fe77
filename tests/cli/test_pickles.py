"""No file gives the consent to read a pickle: every command that fits encoders has an option."""

import pickle

import numpy as np
import pytest
from gensim.models import KeyedVectors

TEXT = """\
data: {source: names, limit: 100}
text_encoder: {kind: lsa, dimensions: 8}
molecule_encoder: {kind: mol2vec, vectors: VECTORS, radius: 0}
backbone: {name: contrastive, hidden: 8, dimension: 4}
curriculum: {order: random, alpha: 0.5, beta: 0.25, sigma: 0.6}
optimizer: {lr: 1e-3, batch_size: 8}
budget: {epochs: 3}
search: {trials: 1, baselines: []}
pruning: {kind: none}
confirm: {finalists: 0}
"""
COMMANDS = [
    ["check"],
    ["index"],
    ["train", "--out", "model"],
    pytest.param(["run", "--out", "sweep"], marks=pytest.mark.ray),
]


class RunsCode:
    """A pickle that creates a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return exec, (f"open({str(self.path)!r}, 'w').close()",)


@pytest.mark.parametrize("arguments", COMMANDS)
@pytest.mark.parametrize("permission", ["", "allow_pickle: true, "])
def test_a_pickle_that_a_file_names_is_not_read(command, tmp_path, arguments, permission):
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(RunsCode(tmp_path / "was here")))
    (tmp_path / "space.yaml").write_text(
        TEXT.replace("VECTORS", f"{tmp_path / 'x.pkl'}").replace("radius", f"{permission}radius")
    )
    name, *options = arguments
    code, _, err = command(name, "space.yaml", *options)
    assert code == 2
    assert "--allow-pickle" in err
    assert not (tmp_path / "was here").exists()
    assert not (tmp_path / "sweep").exists()


def test_the_option_allows_it_and_nothing_records_that(command, tmp_path):
    keyed = KeyedVectors(4)
    keyed.add_vectors(["UNK", "2246728737"], np.ones((2, 4), np.float32))
    keyed.save(str(tmp_path / "x.pkl"))
    (tmp_path / "space.yaml").write_text(TEXT.replace("VECTORS", str(tmp_path / "x.pkl")))
    code, _, err = command("check", "space.yaml", "--allow-pickle")
    assert code == 0, err
    code, _, err = command("train", "space.yaml", "--out", "model", "--allow-pickle")
    assert code == 0, err
    for file in (tmp_path / "model").rglob("*"):
        assert b"allow_pickle" not in file.read_bytes()
    code, _, err = command("retrieve", "model", "an alcohol")  # the folder has the vectors
    assert code == 0, err
