"""SMILES to RDKit molecules, without the log of RDKit."""

from collections.abc import Sequence

from rdkit import Chem, rdBase

from class_sweep.base.text import shortened
from class_sweep.data.smiles import parse_smiles
from class_sweep.errors import EncoderError


def parse_molecules(smiles: Sequence[str]) -> list[Chem.Mol]:
    """Parse each SMILES.

    Raises:
        EncoderError: If RDKit cannot read a SMILES.
    """
    molecules = []
    with rdBase.BlockLogs():
        for text in smiles:
            molecule = parse_smiles(text)
            if molecule is None:
                raise EncoderError(
                    f"a molecule must be a SMILES that RDKit can read, got {shortened(text)}"
                )
            molecules.append(molecule)
    return molecules
