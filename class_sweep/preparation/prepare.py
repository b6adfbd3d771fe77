"""The shared inputs of all trials of a space: pairs, features, indexes and difficulties."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import Space
from class_sweep.config.inputs import MorganEncoder
from class_sweep.config.settings_changes import location_settings
from class_sweep.data.pair import PairSet
from class_sweep.difficulty.diagnosis import (
    SigmaDiagnosis,
    degeneracy,
    diagnose,
    require_an_order,
)
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.similarity import Similarity
from class_sweep.encoders.encoded_features import MoleculeFeatures, TextFeatures
from class_sweep.encoders.encoder import (
    fit_molecule_encoder,
    fit_text_encoder,
)
from class_sweep.encoders.fitted import FittedEncoders
from class_sweep.encoders.molecule_graphs import GraphVocabulary
from class_sweep.encoders.rows import distinct
from class_sweep.errors import EncoderError
from class_sweep.preparation.audit import share_warning, training_share
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.difficulty_indexes import (
    MakeExecutor,
    cached_index,
    searched_diagnoses,
    similarities,
)
from class_sweep.preparation.difficulty_numbers import (
    compute_difficulty,
    computed_difficulties,
    require_distinct,
    tie_warnings,
    training_pairs,
)
from class_sweep.preparation.rules import backbone_needs, load_checked_pairs, uses_difficulty
from class_sweep.results.callback import Callback
from class_sweep.training.features import TrialFeatures

FINGERPRINT = MorganEncoder(kind="morgan", bits=2048)
"""The fingerprints that the Tanimoto similarity compares."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """The shared inputs of all trials of a space.

    Attributes:
        pairs: The data set.
        encoders: The fitted encoders.
        features: The features and indexes for the trials.
        diagnoses: For each similarity, the distribution of N at each σ.
        searched: The diagnoses of the similarities and the σ that the search can choose; none if
            no difficulty that it can choose reads them.
        wrong_pairs: The warning if many training pairs are probably wrong; see `share_warning`.
    """

    pairs: PairSet
    encoders: FittedEncoders
    features: TrialFeatures
    diagnoses: dict[Similarity, list[SigmaDiagnosis]]
    searched: dict[Similarity, list[SigmaDiagnosis]]
    wrong_pairs: str | None = None

    @property
    def warnings(self) -> list[str]:
        """The warnings of wrong pairs, and of what orders few pairs: similarities, difficulties."""
        warnings = {similarity: degeneracy(rows) for similarity, rows in self.searched.items()}
        orders = [f"by {similarity}: {text}" for similarity, text in warnings.items() if text]
        orders += tie_warnings(self.features.difficulties)
        return [*orders, *([self.wrong_pairs] if self.wrong_pairs else [])]


def prepare(  # noqa: PLR0913 - each is a choice of a command
    space: Space,
    cache: ArrayCache,
    clock: Clock,
    callback: Callback,
    *,
    pairs: PairSet | None = None,
    loaded: Callable[[], None] = lambda: None,
    executor: MakeExecutor | None = None,
    train: bool = True,
) -> Prepared:
    """Load the pairs, encode them and compute their difficulties. What the cache has is reused.

    Args:
        space: The space.
        cache: Keeps features and indexes.
        clock: Times each stage.
        callback: Receives each stage and its progress.
        pairs: The pairs of the space, if they are loaded and checked already.
        loaded: Called when the pairs are loaded and checked, before they are encoded.
        executor: Makes the executor for an index of many pairs; None for this process.
        train: Whether to compute the difficulties that train a model; no trial runs without them.

    Raises:
        InputError: If the data, an encoder, a difficulty or the σ range is unusable.
    """
    with clock.stage("data", callback):
        pairs = load_checked_pairs(space) if pairs is None else pairs
    loaded()
    with clock.stage("encoders", callback):
        encoders, texts, molecules = _encode(space, pairs, cache, callback)
    with clock.stage("index", callback):
        vectors = texts.vectors, molecules.vectors
        indexes = _index(space, pairs, vectors, cache, callback, executor)
        diagnoses = {similarity: diagnose(index) for similarity, index in indexes.items()}
    features = trial_features(pairs, texts, molecules, indexes)
    searched = searched_diagnoses(space, diagnoses)
    if searched and uses_difficulty(space):
        require_an_order([diagnosis for rows in searched.values() for diagnosis in rows])
    wanted = computed_difficulties(space)
    if not train:
        wanted = {
            label: difficulty for label, difficulty in wanted.items() if not difficulty.epochs
        }
    if wanted:
        with clock.stage("difficulty", callback):
            given = training_pairs(space, pairs, features, cache)
            difficulties = {
                label: compute_difficulty(label, d, given) for label, d in wanted.items()
            }
            require_distinct(difficulties)
        features = replace(features, difficulties=difficulties)
    rows = pairs.rows("train")
    share = training_share(texts.vectors[rows], molecules.vectors[rows], cache=cache)
    warning = share_warning(space, share)
    return Prepared(pairs, encoders, features, diagnoses, searched, warning)


def _encode(
    space: Space, pairs: PairSet, cache: ArrayCache, callback: Callback
) -> tuple[FittedEncoders, TextFeatures, MoleculeFeatures]:
    """Fit both encoders and encode all pairs.

    The difficulty index uses the vectors of a trained encoder before its training.
    """
    settings, needs, train = space.settings, backbone_needs(space), pairs.rows("train")
    smiles = pairs.all_smiles
    depths, progress = needs.token_depths, callback.on_progress
    with _named_in(space, "text_encoder"):
        text = fit_text_encoder(
            settings.text_encoder, pairs.texts, train, cache=cache, source=pairs.text_rows
        )
        text_vectors = text.encode(pairs.texts, cache=cache, progress=progress)
        tokens = text.token_features(pairs.texts, depths, cache=cache, progress=progress)
    with _named_in(space, "molecule_encoder"):
        molecule = fit_molecule_encoder(
            settings.molecule_encoder, smiles, train, cache=cache, source=pairs.molecule_rows
        )
        molecule_vectors = molecule.encode(smiles, cache=cache, progress=progress)
        molecule_tokens = molecule.tokens(smiles, cache=cache)
        graphs = molecule.graphs(smiles, cache=cache) if needs.graphs else None
    vocabulary = None if graphs is None else GraphVocabulary(graphs.identifiers, graphs.vectors)
    return (
        FittedEncoders(text, molecule, depths, vocabulary),
        TextFeatures(text_vectors, tokens),
        MoleculeFeatures(molecule_vectors, graphs, molecule_tokens),
    )


@contextmanager
def _named_in(space: Space, section: str) -> Iterator[None]:
    """Begin the message of an encoder's error with the line of the space that names its files."""
    try:
        yield
    except EncoderError as error:
        located = (path for path in location_settings(space) if path.startswith(f"{section}."))
        setting = next(located, section)
        raise EncoderError(f"{space.line(setting)}: {error}") from error


def _index(
    space: Space,
    pairs: PairSet,
    vectors: tuple[NDArray[np.float32], NDArray[np.float32]],
    cache: ArrayCache,
    callback: Callback,
    executor: MakeExecutor | None,
) -> dict[Similarity, DifficultyIndex]:
    train = pairs.rows("train")
    text, molecule = (side[train] for side in vectors)

    def molecules(similarity: Similarity) -> NDArray[np.float32]:
        return fingerprints(pairs, cache)[train] if similarity.molecule == "tanimoto" else molecule

    return {
        similarity: cached_index(
            space,
            similarity,
            (text, molecules(similarity)),
            cache=cache,
            progress=callback.on_progress,
            executor=executor,
        )
        for similarity in similarities(space)
    }


def fingerprints(pairs: PairSet, cache: ArrayCache) -> NDArray[np.float32]:
    """(N + X, bits) the fingerprints of all molecules, for the Tanimoto similarity."""
    smiles = pairs.all_smiles
    encoder = fit_molecule_encoder(FINGERPRINT, smiles, pairs.rows("train"), cache=cache)
    return encoder.encode(smiles, cache=cache)


def trial_features(
    pairs: PairSet,
    texts: TextFeatures,
    molecules: MoleculeFeatures,
    indexes: Mapping[Similarity, DifficultyIndex],
) -> TrialFeatures:
    """Make the features of a data set, with a number for each distinct text and molecule.

    Args:
        pairs: The data set.
        texts: The features of the texts.
        molecules: The features of the molecules of the pairs, then of the extra molecules.
        indexes: The difficulty index of each similarity.
    """
    canonical = (*pairs.molecules, *(molecule.canonical for molecule in pairs.extra_molecules))
    return TrialFeatures.of(
        texts,
        molecules,
        split=pairs.split,
        indexes=indexes,
        text_ids=distinct(pairs.texts)[1].astype(np.int32),
        molecule_ids=distinct(canonical)[1].astype(np.int32),
    )
