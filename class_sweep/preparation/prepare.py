"""From a space to what its trials read: pairs, features, the difficulty index. Computed once."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from class_sweep.backbones.backbone import Needs, backbone_class
from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.hashing import fingerprint
from class_sweep.config.components import ORDERS
from class_sweep.config.document import TEXT_WEIGHT, Space
from class_sweep.config.inputs import MorganEncoder
from class_sweep.config.sigma import numbers_and_quantiles
from class_sweep.curriculum.baselines import sigmas_needed
from class_sweep.curriculum.intensity import loss_weights
from class_sweep.curriculum.pacing import pacing_of
from class_sweep.curriculum.schedule_bounds import resolve_grace, schedule_bounds
from class_sweep.data.corpus import load_pairs
from class_sweep.data.pair import PairSet
from class_sweep.difficulty.diagnosis import (
    SigmaDiagnosis,
    degeneracy,
    diagnose,
    require_an_order,
)
from class_sweep.difficulty.index import KEPT, DifficultyIndex, Executor, Progress, build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY, Similarity
from class_sweep.difficulty.stored import from_stored, to_stored, why_not
from class_sweep.encoders.molecule import build_graphs, encode_molecules
from class_sweep.encoders.rows import distinct
from class_sweep.encoders.text import encode_texts, encode_token_states, encode_tokens
from class_sweep.errors import ConfigError, DataError
from class_sweep.results.callback import Callback
from class_sweep.training.features import TrialFeatures, similarity_of

MOST_SIMILARITIES = 24
_SPREAD = 20_000  # pairs; with fewer, this machine has an index before others have begun on it
FINGERPRINT = MorganEncoder(kind="morgan", bits=2048)  # what Tanimoto compares


@dataclass
class Clock:
    """Wall seconds of each stage of a run."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, callback: Callback) -> Iterator[None]:
        """Time a stage and report it."""
        callback.on_stage(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 3)


@dataclass(frozen=True)
class Prepared:
    """What every trial of a sweep shares.

    Attributes:
        pairs: The data set.
        features: What the trials read of it.
        diagnoses: Under each similarity, how N is distributed at each σ.
        own: The same without what only a reference schedule asks for.
    """

    pairs: PairSet
    features: TrialFeatures
    diagnoses: dict[Similarity, list[SigmaDiagnosis]]
    own: dict[Similarity, list[SigmaDiagnosis]]

    @property
    def warnings(self) -> list[str]:
        """Where most of the σ of the search order little."""
        found = {similarity: degeneracy(own) for similarity, own in self.own.items()}
        return [f"by {similarity}: {warning}" for similarity, warning in found.items() if warning]


def load_checked_pairs(space: Space) -> PairSet:
    """The pairs of a space, enough of them for a batch of every schedule that it admits.

    Raises:
        DataError: If the data set is unusable, or a first pool is smaller than a batch.
        ConfigError: If the curriculum does not fit the backbone or the batches.
    """
    _require_fitting(space)
    pairs = load_pairs(space.settings.data)
    try:
        schedule_bounds(space, len(pairs.rows("train")))
    except ValueError as error:
        raise DataError(f"{space.name}: optimizer.batch_size: {error}") from None
    return pairs


def prepare(
    space: Space,
    cache: ArrayCache,
    clock: Clock,
    callback: Callback,
    *,
    loaded: Callable[[], None] = lambda: None,
) -> Prepared:
    """Load, encode and index, each from the cache where it was done before.

    Args:
        space: What to prepare.
        cache: Of features and indexes.
        clock: Times each stage.
        callback: Receives each stage and its progress.
        loaded: Called when the pairs are there and found good, before the long work.

    Raises:
        InputError: If the data, an encoder or the σ range is unusable.
    """
    settings = space.settings
    with clock.stage("data", callback):
        pairs = load_checked_pairs(space)
    loaded()
    train = pairs.rows("train")
    with clock.stage("encoders", callback):
        text = encode_texts(
            settings.text_encoder, pairs.texts, train, cache=cache, progress=callback.on_progress
        )
        smiles = (*pairs.smiles, *(molecule.smiles for molecule in pairs.more))
        molecule = encode_molecules(settings.molecule_encoder, smiles, train, cache=cache)
        finer = _finer(space, pairs, smiles, cache, callback)
    with clock.stage("index", callback):
        indexes = {}
        for similarity in similarities(space):
            compared = molecule
            if similarity.molecule == "tanimoto":
                compared = encode_molecules(FINGERPRINT, smiles, train, cache=cache)
            indexes[similarity] = _index(
                space, similarity, text[train], compared[train], cache, callback
            )
        diagnoses = {similarity: diagnose(index) for similarity, index in indexes.items()}
    prepared = Prepared(
        pairs,
        TrialFeatures(text, molecule, pairs.split, indexes, **finer, **ids_of(pairs)),
        diagnoses,
        _own(space, diagnoses),
    )
    if _order_matters(space):
        require_an_order([one for found in prepared.own.values() for one in found])
    return prepared


def _finer(
    space: Space,
    pairs: PairSet,
    smiles: tuple[str, ...],
    cache: ArrayCache,
    callback: Callback,
) -> dict[str, Any]:
    """What the space's backbone reads beside one vector a text and one a molecule."""
    settings, needs = space.settings, needed(space)
    found: dict[str, Any] = {}
    encoder = settings.text_encoder
    if encoder.is_trained:
        found["tokens"] = encode_tokens(encoder, pairs.texts, cache=cache)
    elif needs.token_depths:
        found["token_means"], found["token_states"] = encode_token_states(
            encoder, pairs.texts, needs.token_depths, cache=cache, progress=callback.on_progress
        )
    if needs.graphs:
        train = pairs.rows("train")
        found["graphs"] = build_graphs(settings.molecule_encoder, smiles, train, cache=cache)
    return found


def ids_of(pairs: PairSet) -> dict[str, Any]:
    """Which texts of a data set are the same text, and which molecules the same molecule."""
    molecules = (*pairs.molecules, *(molecule.canonical for molecule in pairs.more))
    return {
        "text_ids": distinct(pairs.texts)[1].astype(np.int32),
        "molecule_ids": distinct(molecules)[1].astype(np.int32),
    }


def needed(space: Space) -> Needs:
    """What any trial of a space reads beside one vector a text and one a molecule.

    Raises:
        ConfigError: If trials read tokens of different layers.
    """
    axes = {path: axis for path, axis in space.axes.items() if path.startswith("backbone.")}
    backbones = [space.settings.backbone] + [
        space.resolve({path: end}).backbone for path, axis in axes.items() for end in axis.ends()
    ]
    found = {backbone_class(backbone).needs(backbone) for backbone in backbones}
    depths = {needs.token_depths for needs in found}
    if len(depths) > 1:
        raise ConfigError(
            f"{space.name}: backbone.token_depth and multitoken_depth must be plain values, for the"
            " states of two layers are computed once, got an axis"
        )
    return Needs(any(needs.graphs for needs in found), depths.pop())


def _own(
    space: Space, diagnoses: dict[Similarity, list[SigmaDiagnosis]]
) -> dict[Similarity, list[SigmaDiagnosis]]:
    """The diagnoses of what the search itself may choose, without what a reference adds."""
    sigmas, _ = numbers_and_quantiles(space.sigmas())

    def chosen(one: SigmaDiagnosis) -> bool:
        return not sigmas or any(abs(one.sigma - sigma) < 1e-9 for sigma in sigmas)

    return {s: list(filter(chosen, diagnoses[s])) for s in _searched(space)}


def similarities(space: Space) -> list[Similarity]:
    """Every similarity that a trial of the space, or one of its references, ranks by.

    Raises:
        ConfigError: If they are too many to index.
    """
    wanted = _searched(space)
    if "paper" in space.settings.references:
        wanted.append(CLASS_SIMILARITY)
    found = list(dict.fromkeys(wanted))
    if len(found) > MOST_SIMILARITIES:
        raise ConfigError(
            f"{space.name}: {TEXT_WEIGHT}: similarities must be at most {MOST_SIMILARITIES}, each"
            f" of them an index of its own, got {len(found)}; a wider step or a choice helps"
        )
    return found


def _searched(space: Space) -> list[Similarity]:
    curriculum = space.settings.curriculum
    return list(
        dict.fromkeys(
            similarity_of(
                curriculum.model_copy(update={"text_weight": w, "molecule_similarity": m})
            )
            for w in space.grid(TEXT_WEIGHT)
            for m in space.grid("curriculum.molecule_similarity")
        )
    )


def _index(
    space: Space,
    similarity: Similarity,
    text: np.ndarray,
    molecule: np.ndarray,
    cache: ArrayCache,
    callback: Callback,
) -> DifficultyIndex:
    sigmas, quantiles = numbers_and_quantiles(sigmas_needed(space))
    data = fingerprint(text, molecule)
    # Without the version: an index that another one counted is found, and said to be.
    key = fingerprint(
        "difficulty", data, sigmas, quantiles, KEPT, similarity.text_weight, similarity.molecule
    )

    def count() -> dict[str, np.ndarray]:
        index = build_index(
            text,
            molecule,
            sigmas,
            similarity=similarity,
            quantiles=quantiles,
            executor=_cluster(callback.on_progress) if len(text) >= _SPREAD else None,
            progress=callback.on_progress,
        )
        return to_stored(index, data)

    return from_stored(cache.arrays(key, count, lambda stored: why_not(stored, data)))


def _cluster(progress: Progress) -> Executor | None:
    """What counts on the nodes of a connected Ray cluster, if there is one of several."""
    if "ray" not in sys.modules:  # never imported, so never connected: it would take a second
        return None
    from class_sweep.execution.cluster.distributed_index import many_nodes, ray_executor  # noqa: PLC0415

    return ray_executor(progress) if many_nodes() else None


def _require_fitting(space: Space) -> None:
    """What holds between the curriculum and the backbone or the batches, whatever the data."""
    similarities(space)
    resolve_grace(space, space.settings.budget.epochs)
    settings, needs = space.settings, needed(space)
    name = settings.backbone.name
    if needs.graphs and settings.molecule_encoder.kind != "mol2vec":
        raise ConfigError(
            f"{space.name}: molecule_encoder.kind: must be mol2vec for {name}, whose atoms start"
            f" from its vectors, got {settings.molecule_encoder.kind}"
        )
    if needs.token_depths and settings.text_encoder.kind != "huggingface":
        raise ConfigError(
            f"{space.name}: text_encoder.kind: must be huggingface for {name}, which reads tokens,"
            f" got {settings.text_encoder.kind}"
        )
    parts = backbone_class(settings.backbone).parts
    try:
        loss_weights(settings.curriculum, settings.budget.epochs, parts)
    except ValueError as error:
        raise ConfigError(f"{space.name}: curriculum.intensity: {error}") from None
    largest = max(space.grid("curriculum.group_size"))
    smallest = min(space.grid("optimizer.batch_size"))
    if "neighbourhood" in space.grid("curriculum.batching") and largest > smallest:
        raise ConfigError(
            f"{space.name}: curriculum.group_size: must fit into optimizer.batch_size"
            f" ({smallest}), got {largest}"
        )


def _order_matters(space: Space) -> bool:
    """Whether any schedule of the space leaves pairs out of its first pool by their difficulty."""
    alpha = space.axes.get("curriculum.alpha")
    lowest = min(map(float, alpha.ends())) if alpha else space.settings.curriculum.alpha
    epochs = space.settings.budget.epochs
    pacings = (
        space.resolve({"curriculum.alpha": lowest, "curriculum.pacing": name}).curriculum
        for name in space.grid("curriculum.pacing")
    )
    return any(
        ORDERS.load(name).uses_difficulty for name in space.grid("curriculum.order")
    ) and any(not pacing_of(curriculum, epochs).starts_full for curriculum in pacings)
