"""The answer to one query: the best candidates under the encoders of the model's training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from class_sweep.base.array_cache import ArrayCache, NoCache
from class_sweep.base.hashing import fingerprint
from class_sweep.base.text import shortened
from class_sweep.data.smiles import canonical, explain_unreadable, split_smiles
from class_sweep.data.values import text_of
from class_sweep.errors import DataError, QueryError
from class_sweep.models.candidates import Candidate
from class_sweep.models.loaded_model import LoadedModel
from class_sweep.models.model_folder import WEIGHTS
from class_sweep.training.encoding import embed_molecules, embed_texts
from class_sweep.training.features import TrialFeatures
from class_sweep.training.ranking import best_candidates
from class_sweep.training.reranking import fine_scores

RERANKED = 100  # candidates of a query that a backbone's fine score reorders
_NO_SPLIT = np.zeros(0, np.int8)


@dataclass(frozen=True)
class Hit:
    """One answer to a query.

    Attributes:
        rank: From 1.
        score: The score of the query and this candidate: a cosine, or the backbone's fine score.
        smiles: The molecule. For a candidate text, the first molecule that it describes.
        text: The text. For a candidate molecule, its first text in the data set, if it has one.
        id: The candidate's name in its source, if it has one.
    """

    rank: int
    score: float
    smiles: str | None
    text: str | None
    id: str | None


def parse_query(text: str | None, smiles: str | None) -> str:
    """The query, checked.

    Raises:
        QueryError: If none or both are given, or the query is empty or no molecule.
    """
    if (text is None) == (smiles is None):
        got = "both" if text is not None else "neither"
        raise QueryError(f"a query must be a text or a SMILES, got {got}")
    try:
        query = text_of(text if smiles is None else smiles, "it", "the query")
    except DataError as error:
        raise QueryError(str(error)) from None
    if not query:
        raise QueryError("a query must not be empty, got one without a letter")
    if smiles is None:
        return query
    molecule, rest = split_smiles(query)
    if rest:
        raise QueryError(
            f"a molecule must be a SMILES alone, got {shortened(rest)} after the blank;"
            f" leave it out: {shortened(molecule)}"
        )
    if not canonical([molecule])[molecule]:
        raise QueryError(
            f"a molecule must be a SMILES that RDKit can read: {explain_unreadable(molecule)}"
        )
    return molecule


def answer(
    model: LoadedModel,
    query: str,
    candidates: Sequence[Candidate],
    top: int,
    *,
    by_text: bool,
    cache: ArrayCache,
) -> list[Hit]:
    """The best candidates of a query, best first.

    If the backbone has a fine score, it orders the best `RERANKED` candidates.

    Args:
        model: The model.
        query: A text or a SMILES.
        candidates: Molecules for a text, texts for a SMILES.
        top: The number of hits, or all candidates if there are fewer.
        by_text: Whether the query is a text.
        cache: The cache of the candidates' features and embeddings.
    """
    features = _features(model, query, candidates, cache, by_text=by_text)
    embed_query, embed_candidates = (
        (embed_texts, embed_molecules) if by_text else (embed_molecules, embed_texts)
    )
    rows = np.arange(len(candidates))

    def compute() -> dict[str, np.ndarray]:
        embedded = embed_candidates(model.backbone, features, rows, model.device)
        return {"embeddings": embedded.cpu().numpy()}

    values = [c.smiles if by_text else c.text for c in candidates]
    key = fingerprint(model.manifest.files[WEIGHTS], by_text, values, model.device.type)
    cached = cache.arrays(f"embeddings-{key}", compute)["embeddings"]
    pool = torch.from_numpy(cached).to(model.device)
    embedded_query = embed_query(model.backbone, features, rows[:1], model.device)
    reranks = model.backbone.reranks
    count = max(top, RERANKED) if reranks else top
    scores, indices = (side[0] for side in best_candidates(embedded_query, pool, count))
    if reranks:
        candidate_rows = indices.cpu().numpy()
        query_rows = np.zeros_like(candidate_rows)
        sides = (query_rows, candidate_rows) if by_text else (candidate_rows, query_rows)
        scores = fine_scores(model.backbone, features, sides, model.device)
        scores, order = scores.sort(descending=True, stable=True)
        indices = indices[order]
    best = zip(scores[:top].tolist(), indices[:top].tolist(), strict=True)
    return [
        Hit(rank, score, candidates[index].smiles, candidates[index].text, candidates[index].id)
        for rank, (score, index) in enumerate(best, start=1)
    ]


def _features(
    model: LoadedModel,
    query: str,
    candidates: Sequence[Candidate],
    cache: ArrayCache,
    *,
    by_text: bool,
) -> TrialFeatures:
    """The query as the only row of its side, the candidates as the rows of the other side."""
    encoders, no_cache = model.encoders, NoCache()
    if by_text:
        smiles = [candidate.smiles or "" for candidate in candidates]
        texts = encoders.encode_texts([query], cache=no_cache)
        molecules = encoders.encode_molecules(smiles, cache=cache)
    else:
        described = [candidate.text or "" for candidate in candidates]
        molecules = encoders.encode_molecules([query], cache=no_cache)
        texts = encoders.encode_texts(described, cache=cache)
    return TrialFeatures.of(texts, molecules, split=_NO_SPLIT, indexes={})
