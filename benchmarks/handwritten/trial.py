"""Parts that the scripts in this folder share: the data on disk, and one trial over it.

The model and the batches are those of class_sweep, so all programs do the same arithmetic. The
scripts differ in the work that they repeat for each trial, and they count look-alikes without an
index: from the complete similarity matrix, with scikit-learn.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics.pairwise import cosine_similarity

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import parse_space
from class_sweep.data.corpus import load_pairs
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.encoders.encoder import fit_molecule_encoder, fit_text_encoder
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer


def prepare(space_text: str, folder: Path) -> Path:
    """Encode the data set once and keep the features in a file."""
    settings = parse_space(space_text).settings
    pairs = load_pairs(settings.data)
    train, cache = pairs.rows("train"), ArrayCache(folder)
    text_encoder = fit_text_encoder(settings.text_encoder, pairs.texts, train, cache=cache)
    molecule_encoder = fit_molecule_encoder(
        settings.molecule_encoder, pairs.smiles, train, cache=cache
    )
    text = text_encoder.encode(pairs.texts, cache=cache)
    molecule = molecule_encoder.encode(pairs.smiles, cache=cache)
    path = folder / "features.npz"
    np.savez(path, text=text, molecule=molecule, split=pairs.split)
    return path


def count(text: np.ndarray, molecule: np.ndarray, sigma: float) -> DifficultyIndex:
    """The number of look-alikes of each pair at one σ."""
    similarity = cosine_similarity(text)
    similarity += cosine_similarity(molecule)
    similarity /= 2
    counts = (similarity >= sigma).sum(axis=1) - 1
    others = len(text) - 1
    return DifficultyIndex(
        np.array([sigma]),
        np.maximum(counts, 0)[:, None].astype(np.uint32),
        (similarity.sum(axis=1, dtype=np.float64) - 1) / others,
        np.empty((len(text), 0), np.int32),
        np.empty((len(text), 0), np.float32),
    )


def train(
    space_text: str, path: Path, config: dict[str, object], report: Callable[[float], None]
) -> float:
    """Load the data, count the index at the trial's σ, train, and report after each epoch."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    settings = parse_space(space_text).resolve(config)
    data = np.load(path)
    text, molecule, split = data["text"], data["molecule"], data["split"]
    rows = np.flatnonzero(split == 0)
    index = count(text[rows], molecule[rows], settings.curriculum.sigma)
    trainer = Trainer(settings, TrialFeatures(text, molecule, split, {CLASS_SIMILARITY: index}))
    value = 0.0
    for end in trainer.schedule.ends:
        trainer.train_to(end)
        value = trainer.evaluate("validation", ("split",))["split/mrr"]
        report(value)
    return value
