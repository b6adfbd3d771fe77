"""The molecule encoder `morgan`: Morgan count fingerprints (Rogers and Hahn 2010), log-scaled."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.inputs import MorganEncoder
from class_sweep.encoders.encoder import MoleculeEncoder, Progress


class MorganMoleculeEncoder(MoleculeEncoder[MorganEncoder]):
    """log(1 + c) of the count c of each hashed substructure; nothing is fitted."""

    libraries = ("rdkit",)

    def compute(
        self,
        inputs: Sequence[str],
        progress: Progress | None,  # noqa: ARG002 - it takes seconds
    ) -> NDArray[np.floating]:
        """Encode SMILES: (U,) to (U, bits), all zero for a molecule without atoms.

        Raises:
            EncoderError: If RDKit cannot read a SMILES.
        """
        # RDKit takes a second to import.
        from rdkit.Chem import rdFingerprintGenerator  # noqa: PLC0415

        from class_sweep.encoders.structures import parse_molecules  # noqa: PLC0415

        generator = rdFingerprintGenerator.GetMorganGenerator(
            radius=self.settings.radius, fpSize=self.settings.bits
        )
        features = np.zeros((len(inputs), self.settings.bits), dtype=np.float32)
        for row, molecule in enumerate(parse_molecules(inputs)):
            features[row] = generator.GetCountFingerprintAsNumPy(molecule)
        return np.log1p(features)
