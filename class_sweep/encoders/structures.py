"""SMILES to RDKit molecules, without the log of RDKit."""

from collections.abc import Sequence

from rdkit import Chem, rdBase

from class_sweep.errors import EncoderError


def parse_molecules(smiles: Sequence[str]) -> list[Chem.Mol]:
    """Parse each SMILES.

    Raises:
        EncoderError: If RDKit cannot read a SMILES.
    """
    with rdBase.BlockLogs():
        molecules = [Chem.MolFromSmiles(text) for text in smiles]
    for text, molecule in zip(smiles, molecules, strict=True):
        if molecule is None:
            raise EncoderError(f"a molecule must be a SMILES that RDKit can read, got {text!r}")
    return molecules
