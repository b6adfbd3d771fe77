from collections.abc import Callable

import numpy as np
import pytest

from class_sweep.config.inputs import SPLITS
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.training.features import TrialFeatures


@pytest.fixture(scope="session")
def tiny_features() -> Callable[..., TrialFeatures]:
    """Random features of a few pairs, their splits interleaved."""

    def build(pairs: int = 40, seed: int = 0) -> TrialFeatures:
        generator = np.random.default_rng(seed)
        text = generator.normal(size=(pairs, 6)).astype(np.float32)
        molecule = generator.normal(size=(pairs, 5)).astype(np.float32)
        split = np.resize(np.array([0, 0, 1, 0, 2], np.int8), pairs)
        train = np.flatnonzero(split == SPLITS.index("train"))
        return TrialFeatures(
            text,
            molecule,
            split,
            {CLASS_SIMILARITY: build_index(text[train], molecule[train], [0.5, 0.9])},
        )

    return build
