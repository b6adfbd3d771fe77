"""From a space to what its trials read: pairs, features, the difficulty index. Computed once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from class_sweep.config.axes import Value
from class_sweep.config.document import Space
from class_sweep.curriculum.reference import sigmas_needed
from class_sweep.curriculum.schedule import plan
from class_sweep.data.corpus import load_pairs
from class_sweep.data.pair import PairSet
from class_sweep.difficulty.diagnosis import SigmaDiagnosis, diagnose, require_an_order
from class_sweep.difficulty.index import DifficultyIndex, build_index
from class_sweep.encoders.cache import FeatureCache
from class_sweep.encoders.fingerprint import fingerprint
from class_sweep.encoders.molecule import encode_molecules
from class_sweep.encoders.text import encode_texts
from class_sweep.errors import DataError
from class_sweep.sweep.judge import Listener
from class_sweep.training.features import TrialFeatures

INDEX_VERSION = 1  # raise it when the same features would be counted differently


@dataclass
class Clock:
    """Wall seconds of each stage of a run."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, listener: Listener) -> Iterator[None]:
        """Time a stage and tell the listener of it."""
        listener.stage(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 3)


@dataclass(frozen=True)
class Prepared:
    """What every trial of a sweep shares."""

    pairs: PairSet
    features: TrialFeatures
    diagnoses: list[SigmaDiagnosis]


def load_checked_pairs(space: Space) -> PairSet:
    """The pairs of a space, enough of them for a batch of every schedule that it admits.

    Raises:
        DataError: If the data set is unusable, or a first pool is smaller than a batch.
    """
    pairs = load_pairs(space.settings.data)
    train = len(pairs.rows("train"))
    worst: dict[str, Value] = {}
    for path, end in (("curriculum.alpha", min), ("optimizer.batch_size", max)):
        axis = space.axes.get(path)
        if axis:
            worst[path] = end(axis.ends())
    settings = space.resolve(worst)
    try:
        plan(
            settings.curriculum,
            epochs=settings.budget.epochs,
            pairs=train,
            batch_size=settings.optimizer.batch_size,
        )
    except ValueError as error:
        raise DataError(f"{space.name}: optimizer.batch_size: {error}") from None
    return pairs


def prepare(space: Space, cache: FeatureCache, clock: Clock, listener: Listener) -> Prepared:
    """Load, encode and index, each from the cache where it was done before.

    Raises:
        InputError: If the data, an encoder or the σ range is unusable.
    """
    settings = space.settings
    with clock.stage("data", listener):
        pairs = load_checked_pairs(space)
    train = pairs.rows("train")
    with clock.stage("encoders", listener):
        text = encode_texts(
            settings.text_encoder, pairs.texts, train, cache=cache, progress=listener.progress
        )
        molecule = encode_molecules(settings.molecule_encoder, pairs.smiles, train, cache=cache)
    with clock.stage("index", listener):
        index = _index(space, text[train], molecule[train], cache, listener)
        diagnoses = diagnose(index)
        if _order_matters(space):
            require_an_order(diagnoses)
    features = TrialFeatures(text, molecule, pairs.split, index)
    return Prepared(pairs, features, diagnoses)


def _index(
    space: Space, text: np.ndarray, molecule: np.ndarray, cache: FeatureCache, listener: Listener
) -> DifficultyIndex:
    sigmas = sigmas_needed(space)
    key = fingerprint("difficulty", INDEX_VERSION, text, molecule, sigmas)
    arrays = cache.arrays(
        key, lambda: build_index(text, molecule, sigmas, progress=listener.progress).arrays()
    )
    return DifficultyIndex.from_arrays(arrays)


def _order_matters(space: Space) -> bool:
    """Whether any schedule of the space leaves pairs out of its first pool by their difficulty."""
    order, alpha = space.axes.get("curriculum.order"), space.axes.get("curriculum.alpha")
    orders = order.values() if order else [space.settings.curriculum.order]
    lowest = min(alpha.ends()) if alpha else space.settings.curriculum.alpha
    return orders != ["random"] and float(lowest) < 1
