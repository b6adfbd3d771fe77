"""A query of a person's own against candidates, encoded as the model's training encoded them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from class_sweep.base.array_cache import ArrayCache, NoCache
from class_sweep.base.hashing import fingerprint
from class_sweep.data.cleaning import canonical
from class_sweep.errors import QueryError
from class_sweep.models.candidates import Candidate
from class_sweep.training.encoding import embed_molecules, embed_texts
from class_sweep.training.features import TrialFeatures
from class_sweep.training.model_folder import WEIGHTS
from class_sweep.training.ranking import top as best
from class_sweep.training.reranking import fine_scores

if TYPE_CHECKING:
    from class_sweep.models.model import Model

RERANKED = 100  # candidates of a query whose order a backbone's fine score decides
_NO_SPLIT = np.zeros(0, np.int8)


@dataclass(frozen=True)
class Hit:
    """One answer.

    Attributes:
        rank: From 1.
        score: Of the query and this candidate: a cosine, or the backbone's fine score.
        smiles: The molecule; beside a text that was found, the first that it describes.
        text: The text; beside a molecule that was found, the first of the data set, if any.
        id: The source's own name of the candidate, if it has one.
    """

    rank: int
    score: float
    smiles: str | None
    text: str | None
    id: str | None


def query_of(text: str | None, smiles: str | None) -> str:
    """The query, seen to be one and fit to be encoded.

    Raises:
        QueryError: If there are none or two, or it is empty, or no molecule.
    """
    if (text is None) == (smiles is None):
        got = "both" if text is not None else "neither"
        raise QueryError(f"a query must be a text or a SMILES, got {got}")
    query = (text if smiles is None else smiles) or ""
    if not query.strip():
        raise QueryError("a query must not be empty, got one without a letter")
    if smiles is not None and not canonical([query])[query]:
        raise QueryError(f"a molecule must be a SMILES that RDKit can read, got {query!r}")
    return query


def answer(
    model: "Model",
    query: str,
    candidates: Sequence[Candidate],
    top: int,
    *,
    by_text: bool,
    cache: ArrayCache,
) -> list[Hit]:
    """The best candidates, best first; the first of them in the order of the fine score, if any."""
    features = _features(model, query, candidates, cache, by_text=by_text)
    embed, embed_others = (
        (embed_texts, embed_molecules) if by_text else (embed_molecules, embed_texts)
    )
    rows = np.arange(len(candidates))

    def compute() -> dict[str, np.ndarray]:
        found = embed_others(model.backbone, features, rows, model.device)
        return {"embeddings": found.cpu().numpy()}

    values = [c.smiles if by_text else c.text for c in candidates]
    key = fingerprint(model.manifest.files[WEIGHTS], by_text, values, model.device.type)
    held = cache.arrays(f"embeddings-{key}", compute)["embeddings"]
    embedded = torch.from_numpy(held).to(model.device)
    own = embed(model.backbone, features, rows[:1], model.device)
    reranks = model.backbone.reranks
    scores, places = (f[0] for f in best(own, embedded, max(top, RERANKED) if reranks else top))
    if reranks:
        near = places.cpu().numpy()
        far = np.zeros_like(near)
        sides = (far, near) if by_text else (near, far)
        scores = fine_scores(model.backbone, features, sides, model.device)
        scores, order = scores.sort(descending=True, stable=True)
        places = places[order]
    chosen = zip(scores[:top].tolist(), places[:top].tolist(), strict=True)
    return [
        Hit(rank, score, candidates[place].smiles, candidates[place].text, candidates[place].id)
        for rank, (score, place) in enumerate(chosen, start=1)
    ]


def _features(
    model: "Model",
    query: str,
    candidates: Sequence[Candidate],
    cache: ArrayCache,
    *,
    by_text: bool,
) -> TrialFeatures:
    """The query as the only row of its side, the candidates on the other."""
    encoders, alone = model.encoders, NoCache()
    if by_text:
        found = encoders.encode_texts([query], cache=alone) | encoders.encode_molecules(
            [c.smiles or "" for c in candidates], cache=cache
        )
    else:
        found = encoders.encode_molecules([query], cache=alone) | encoders.encode_texts(
            [c.text or "" for c in candidates], cache=cache
        )
    return TrialFeatures(split=_NO_SPLIT, indexes={}, **found)
