"""The embeddings of texts and of molecules under a model, for searches of one's own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import NoCache
from class_sweep.encoders.encoded_features import MoleculeFeatures, TextFeatures, TokenFeatures
from class_sweep.errors import QueryError
from class_sweep.models.loaded_model import LoadedModel
from class_sweep.models.query import parse_query
from class_sweep.training.encoding import embed_molecules, embed_texts
from class_sweep.training.features import TrialFeatures

_NO_SPLIT = np.zeros(0, np.int8)


def text_embeddings(model: LoadedModel, texts: Sequence[str]) -> NDArray[np.float32]:
    """(N, D) the unit vectors of N texts; see `Model.encode_texts`."""
    queries = _queries(model, texts, "texts")
    molecules = MoleculeFeatures(np.zeros((0, model.manifest.molecule_width), np.float32))
    encoded = model.encoders.encode_texts(queries, cache=NoCache())
    features = TrialFeatures.of(encoded, molecules, split=_NO_SPLIT, indexes={})
    return (
        embed_texts(model.backbone, features, np.arange(len(queries)), model.device).cpu().numpy()
    )


def molecule_embeddings(model: LoadedModel, smiles: Sequence[str]) -> NDArray[np.float32]:
    """(N, D) the unit vectors of N molecules; see `Model.encode_molecules`."""
    queries = _queries(model, smiles, "smiles")
    texts = TextFeatures(np.zeros((0, model.manifest.text_width), np.float32), TokenFeatures())
    encoded = model.encoders.encode_molecules(queries, cache=NoCache())
    features = TrialFeatures.of(texts, encoded, split=_NO_SPLIT, indexes={})
    rows = np.arange(len(queries))
    return embed_molecules(model.backbone, features, rows, model.device).cpu().numpy()


def _queries(model: LoadedModel, values: Sequence[str], name: str) -> list[str]:
    """The values, checked and cleaned as queries are."""
    if model.backbone.reranks:
        raise QueryError(
            "a backbone must score a pair by two embeddings to give them, got"
            f" {model.settings.backbone.name}, which scores the pair jointly; use retrieve or"
            " evaluate"
        )
    if isinstance(values, str) or not len(values):
        got = f"the one text {values!r}" if isinstance(values, str) else "none"
        raise QueryError(f"{name} must be a list of one or more texts, got {got}")
    queries = []
    for number, value in enumerate(values):
        try:
            is_text = name == "texts"
            queries.append(parse_query(value if is_text else None, None if is_text else value))
        except QueryError as error:
            raise QueryError(f"{name}[{number}]: {error}") from None
    return queries
