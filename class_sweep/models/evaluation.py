"""How good a model is on a split: metrics, how sure they are, and what bounds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.inputs import SPLITS
from class_sweep.config.objective import POOLS
from class_sweep.data.pair import PairSet
from class_sweep.errors import DataError, QueryError
from class_sweep.preparation.prepare import ids_of
from class_sweep.training.ceiling import Ceiling, ceilings
from class_sweep.training.evaluation import means, rank
from class_sweep.training.features import TrialFeatures
from class_sweep.training.metric_intervals import Interval, intervals
from class_sweep.training.pools import pool_of

if TYPE_CHECKING:
    from class_sweep.models.model import Model


@dataclass(frozen=True)
class Evaluation:
    """What `Model.evaluate` found.

    Attributes:
        split: Whose pairs were the queries.
        queries: Their number.
        candidates: Pool to the numbers of distinct molecules and texts.
        metrics: `pool/direction/metric`, and `pool/metric` for the mean of both directions.
        intervals: The 95 % bootstrap interval of each, over the queries.
        ceilings: `pool/direction` to what bounds its Hits@1, whatever the model.
        reranked: Candidates of each query that a fine score ordered; 0 for none.
        data_sha256: Of the pairs.
        same_data: Whether they are those of the training.
    """

    split: str
    queries: int
    candidates: dict[str, dict[str, int]]
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    ceilings: dict[str, Ceiling]
    reranked: int
    data_sha256: str
    same_data: bool


def evaluate(
    model: "Model",
    pairs: PairSet,
    split: str,
    pools: Sequence[str],
    *,
    depth: int,
    cache: ArrayCache,
) -> Evaluation:
    """Rank a split's pairs in each pool; see `Model.evaluate`.

    Raises:
        InputError: If a name is unknown, or the split is empty.
    """
    _require_known(split, pools)
    if not len(pairs.rows(split)):
        raise DataError(f"a split must have pairs to be evaluated, got none in {split}")
    features = features_of(model, pairs, cache)
    ranks = rank(model.backbone, features, split, pools, model.device, depth=depth)
    found: dict[str, Any] = {"metrics": {}, "intervals": {}, "ceilings": {}, "candidates": {}}
    keys = _input_keys(pairs, features)
    for name in pools:
        pool = pool_of(features, split, name)
        found["candidates"][name] = {
            "molecules": len(pool.molecules.ids),
            "texts": len(pool.texts.ids),
        }
        bounds = ceilings(pool, *keys)
        for kind, values in (
            ("metrics", means(ranks[name])),
            ("intervals", intervals(ranks[name])),
            ("ceilings", bounds),
        ):
            found[kind] |= {f"{name}/{key}": value for key, value in values.items()}
    checksum = pairs.checksum()
    return Evaluation(
        split=split,
        queries=len(features.rows(split)),
        reranked=depth,
        data_sha256=checksum,
        same_data=checksum == model.manifest.data_sha256,
        **found,
    )


def features_of(model: "Model", pairs: PairSet, cache: ArrayCache) -> TrialFeatures:
    """A data set as the model's encoders encode it."""
    smiles = (*pairs.smiles, *(molecule.smiles for molecule in pairs.more))
    return TrialFeatures(
        split=pairs.split,
        indexes={},
        **ids_of(pairs),
        **model.encoders.encode_texts(pairs.texts, cache=cache),
        **model.encoders.encode_molecules(smiles, cache=cache),
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
    """For each text row and each molecule row a number, equal where no model could tell them apart.

    A vector says what it says; a graph has the molecule's bonds but not its stereochemistry.
    """
    if features.graphs is None:
        molecules: Sequence[object] = [row.tobytes() for row in features.molecule]
    else:
        known = (*pairs.molecules, *(molecule.canonical for molecule in pairs.more))
        with BlockLogs():
            molecules = [_flat(smiles) for smiles in known]
    if (tokens := features.tokens or features.token_states) is not None:
        starts = zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)
        texts: Sequence[object] = [tokens.values[a:b].tobytes() for a, b in starts]
    else:
        texts = [row.tobytes() for row in features.text]
    return _numbers(texts), _numbers(molecules)


def _flat(smiles: str) -> str:
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)


def _numbers(values: Sequence[object]) -> np.ndarray:
    places: dict[object, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values])
