import pytest

TEXTS = [
    "ethanol is a primary alcohol",
    "benzene, an aromatic hydrocarbon",
    "acetic acid",
    "the molecule is a carboxylic acid that is acetic acid with a phenyl group at position 2",
    "acetic acid",
    "water",
    "2-methylpropan-1-ol is an alkyl alcohol; it has a role as a metabolite",
    "toluene is benzene with a methyl group",
]
SMILES = ["CCO", "c1ccccc1", "CC(=O)O", "OC(=O)Cc1ccccc1", "CC(=O)O", "O", "CC(C)CO", "Cc1ccccc1"]


@pytest.fixture
def texts():
    return list(TEXTS)


@pytest.fixture
def smiles():
    return list(SMILES)
