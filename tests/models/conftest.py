from pathlib import Path

import pytest

from class_sweep.models import Model, train_models

PLAIN = """\
data: {source: names, limit: 300}
text_encoder: {kind: lsa, dimensions: 32}
molecule_encoder: {kind: morgan, bits: 256}
backbone: {name: contrastive, hidden: 32, dimension: 16}
curriculum: {order: hard_first, alpha: 0.5, beta: 0.2, sigma: 0.5}
optimizer: {lr: 3e-3, batch_size: 16}
budget: {epochs: 4}
search: {trials: 1, seed: 3}
"""

GRAPHS = """\
data: {{source: table, path: {table}}}
text_encoder: {{model: {bert}, max_tokens: 16, trainable: {trainable}}}
molecule_encoder: {{kind: mol2vec, dimensions: 12, epochs: 1}}
backbone: {{name: {name}, hidden: 16, dimension: 8, layers: 1}}
optimizer: {{lr: 3e-3, batch_size: 6}}
budget: {{epochs: 3}}
search: {{trials: 1}}
"""


@pytest.fixture(scope="session")
def plain_text() -> str:
    return PLAIN


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> Path:
    """Sixty molecules of four families, each with a unique text."""
    families = {
        "alcohol": "C{}O",
        "acid": "C{}C(=O)O",
        "aromatic ester": "C{}OC(=O)c1ccccc1",
        "naphthalene": "C{}c1ccc2ccccc2c1",
    }
    rows = ["smiles,text"]
    for name, smiles in families.items():
        rows += [f"{smiles.format('C' * n)},the {name} of {n} carbons" for n in range(15)]
    path = tmp_path_factory.mktemp("table") / "pairs.csv"
    path.write_text("\n".join(rows))
    return path


@pytest.fixture(scope="session")
def graphs_text(table, tiny_bert):
    """A backbone over graphs and a transformer that is frozen or trained."""

    def text(name: str, trainable: str = "false") -> str:
        return GRAPHS.format(table=table, bert=tiny_bert, name=name, trainable=trainable)

    return text


@pytest.fixture(scope="session")
def trained(tmp_path_factory, cache_folder):
    """Train a configuration once; the folder of its model."""
    made: dict[str, Path] = {}

    def of(text: str) -> Path:
        if text not in made:
            folder = tmp_path_factory.mktemp("model")
            (folder / "config.yaml").write_text(text)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("CLASS_SWEEP_CACHE", str(cache_folder))
                (one,) = train_models(folder / "config.yaml", folder / "model")
            made[text] = one.path
        return made[text]

    return of


@pytest.fixture
def plain(trained) -> Path:
    return trained(PLAIN)


@pytest.fixture
def model(plain) -> Model:
    return Model.load(plain)
