"""Small made-up inputs: six pairs with everything that a backbone may read."""

from functools import cache

import numpy as np

from class_sweep.backbones.batch import InputSpec
from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.training.features import TrialFeatures

PAIRS = 6
WIDTH, MOLECULE_WIDTH, ATOM_WIDTH = 12, 10, 6
SMILES = (
    "CC(=O)Nc1ccccc1",
    "CCO",
    "OC(=O)Cc1ccc2ccccc2c1",
    "C1CCCCC1N",
    "[Na+].[Cl-]",
    "CCOC(C)=O",
)
TEXTS = (
    "an amide of aniline and acetic acid",
    "a primary alcohol",
    "a monocarboxylic acid with two fused rings",
    "a cyclic primary amine",
    "an inorganic chloride",
    "the ethyl ester of acetic acid",
)


@cache
def sample_features(*, graphs: bool) -> TrialFeatures:
    """The features of the six pairs; with graphs only where asked for, because RDKit is slow."""
    generator = np.random.default_rng(7)
    lengths = np.array([5, 2, 9, 1, 3, 4])
    tokens = generator.normal(size=(lengths.sum(), WIDTH)).astype(np.float16)
    made = None
    if graphs:
        from class_sweep.encoders.graphs import graph_vocabulary, molecule_graphs  # noqa: PLC0415
        from class_sweep.encoders.substructures import molecule_sentences  # noqa: PLC0415
        from class_sweep.encoders.token_vectors import TokenVectors  # noqa: PLC0415

        words = sorted({word for row in molecule_sentences(SMILES, 1) for word in row})
        vectors = generator.normal(size=(len(words), ATOM_WIDTH)).astype(np.float32)
        table = TokenVectors({word: row for row, word in enumerate(words)}, vectors)
        made = molecule_graphs(graph_vocabulary(table, 1, SMILES), 1, SMILES)
    return TrialFeatures(
        generator.normal(size=(PAIRS, WIDTH)).astype(np.float32),
        generator.normal(size=(PAIRS, MOLECULE_WIDTH)).astype(np.float32),
        np.zeros(PAIRS, np.int8),
        {},
        token_states=Ragged(tokens, offsets_of(lengths)),
        token_means=generator.normal(size=(PAIRS, WIDTH)).astype(np.float32),
        graphs=made,
    )


def sample_inputs(features: TrialFeatures) -> InputSpec:
    """The widths of the features, for a backbone over them."""
    atoms = None if features.graphs is None else features.graphs.vectors
    return InputSpec(WIDTH, MOLECULE_WIDTH, atoms)
