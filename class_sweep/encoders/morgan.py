"""Morgan count fingerprints (Rogers and Hahn 2010), log-scaled."""

from collections.abc import Sequence

import numpy as np
from rdkit.Chem import rdFingerprintGenerator

from class_sweep.config.inputs import MorganEncoder
from class_sweep.encoders.structures import parse_molecules


def morgan_features(settings: MorganEncoder, smiles: Sequence[str]) -> np.ndarray:
    """log(1 + c) of the count c of each hashed substructure.

    Returns:
        (L, bits), float32; all zero for a molecule without atoms.

    Raises:
        EncoderError: If a SMILES cannot be read.
    """
    generator = rdFingerprintGenerator.GetMorganGenerator(
        radius=settings.radius, fpSize=settings.bits
    )
    features = np.zeros((len(smiles), settings.bits), dtype=np.float32)
    for row, molecule in enumerate(parse_molecules(smiles)):
        features[row] = generator.GetCountFingerprintAsNumPy(molecule)
    return np.log1p(features)
