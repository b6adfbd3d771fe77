"""The evaluation of a model on a split: metrics, confidence intervals and upper bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.ragged import Ragged
from class_sweep.config.inputs import SPLITS
from class_sweep.config.objective import POOLS, ranking_name
from class_sweep.data.pair import PairSet
from class_sweep.data.smiles import parse_smiles
from class_sweep.errors import DataError, QueryError
from class_sweep.models.loaded_model import LoadedModel
from class_sweep.training.ceiling import Ceiling, ceilings
from class_sweep.training.features import TrialFeatures
from class_sweep.training.metric_intervals import Interval, intervals
from class_sweep.training.pools import pool_of
from class_sweep.training.split_metrics import pool_metrics, pool_ranks


@dataclass(frozen=True)
class PoolSize:
    """The numbers of distinct molecules and of distinct texts in a pool."""

    molecules: int
    texts: int


@dataclass(frozen=True)
class Evaluation:
    """The result of `Model.evaluate`.

    Attributes:
        split: The split whose pairs are the queries.
        queries: The number of queries.
        candidates: The size of each pool.
        metrics: `pool/direction/metric`, and `pool/metric` for the mean of both directions.
        intervals: The 95 % bootstrap interval of each metric, over the queries.
        ceilings: For each `pool/direction`, the upper bound of Hits@1 for any model.
        reranked: The number of candidates per query that a fine score reordered; 0 for none.
        data_sha256: The checksum of the pairs.
        same_data: Whether the pairs are those of the training.
    """

    split: str
    queries: int
    candidates: dict[str, PoolSize]
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    ceilings: dict[str, Ceiling]
    reranked: int
    data_sha256: str
    same_data: bool


def evaluate_split(
    model: LoadedModel,
    pairs: PairSet,
    split: str,
    pools: Sequence[str],
    *,
    depth: int,
    cache: ArrayCache,
) -> Evaluation:
    """Rank the candidates of every pair of a split in each pool.

    Args:
        model: The model.
        pairs: The data set.
        split: The split whose pairs are the queries.
        pools: The pools of candidates, each once.
        depth: The number of candidates per query that the fine score reorders; 0 for none.
        cache: The cache of the features.

    Raises:
        InputError: If a name is unknown, or the split is empty.
    """
    _require_known(split, pools)
    if not len(pairs.rows(split)):
        raise DataError(f"a split must have pairs to be evaluated, got none in {split}")
    features = model.features_of(pairs, cache)
    ranks = pool_ranks(model.backbone, features, split, pools, model.device, depth=depth)
    sizes: dict[str, PoolSize] = {}
    metrics: dict[str, float] = {}
    ranges: dict[str, Interval] = {}
    bounds: dict[str, Ceiling] = {}
    keys = _input_keys(pairs, features)
    for name in pools:
        pool = pool_of(features, split, name)
        sizes[name] = PoolSize(len(pool.molecules.ids), len(pool.texts.ids))
        metrics |= pool_metrics(name, ranks[name])
        ranges |= intervals(name, ranks[name])
        bounds |= {ranking_name(name, d): bound for d, bound in ceilings(pool, *keys).items()}
    checksum = pairs.checksum()
    return Evaluation(
        split=split,
        queries=len(features.rows(split)),
        candidates=sizes,
        metrics=metrics,
        intervals=ranges,
        ceilings=bounds,
        reranked=depth,
        data_sha256=checksum,
        same_data=checksum == model.manifest.data_sha256,
    )


def _require_known(split: str, pools: Sequence[str]) -> None:
    if split not in SPLITS:
        raise QueryError(f"a split must be one of {', '.join(SPLITS)}, got {split!r}")
    for pool in pools:
        if pool not in POOLS:
            raise QueryError(f"a pool must be one of {', '.join(POOLS)}, got {pool!r}")
    if not pools or len(set(pools)) < len(pools):
        raise QueryError(f"pools must be named once each, got {list(pools)}")


def _input_keys(pairs: PairSet, features: TrialFeatures) -> tuple[np.ndarray, np.ndarray]:
    """A number for each text row and each molecule row, equal for equal inputs of the backbone.

    A vector is compared as it is. A graph has the molecule's bonds but no stereochemistry.
    """
    if features.molecule_tokens is not None:
        molecules: Sequence[object] = _rows_of(features.molecule_tokens)
    elif features.graphs is None:
        molecules = [row.tobytes() for row in features.molecule]
    else:
        canonical_smiles = (
            *pairs.molecules,
            *(molecule.canonical for molecule in pairs.extra_molecules),
        )
        with BlockLogs():
            molecules = [_without_stereochemistry(smiles) for smiles in canonical_smiles]
    if (tokens := features.tokens or features.token_states) is not None:
        texts: Sequence[object] = _rows_of(tokens)
    else:
        texts = [row.tobytes() for row in features.text]
    return _numbered(texts), _numbered(molecules)


def _rows_of(tokens: Ragged) -> list[bytes]:
    starts = zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)
    return [tokens.values[a:b].tobytes() for a, b in starts]


def _without_stereochemistry(smiles: str) -> str:
    return Chem.MolToSmiles(parse_smiles(smiles), isomericSmiles=False)


def _numbered(values: Sequence[object]) -> np.ndarray:
    """A number for each value, equal for equal values."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values])
