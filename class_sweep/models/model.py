"""A trained model that evaluates splits and answers queries."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache, default_cache_folder
from class_sweep.config.objective import POOLS
from class_sweep.data.corpus import load_pairs
from class_sweep.data.pair import PairSet
from class_sweep.errors import DataError, QueryError
from class_sweep.models.candidates import molecules_in, molecules_of, texts_in, texts_of
from class_sweep.models.embedding import molecule_embeddings, text_embeddings
from class_sweep.models.loaded_model import LoadedModel
from class_sweep.models.query import RERANKED, Hit, answer, parse_query
from class_sweep.models.split_evaluation import Evaluation, evaluate_split


class Model(LoadedModel):
    """A model folder of `train`, loaded.

    Example:
        ```python
        model = Model.load("models/first")
        for hit in model.retrieve("a fatty acid of twenty carbon atoms", top=3):
            print(hit.rank, hit.score, hit.smiles)
        print(model.evaluate("test").metrics["all/text_to_molecule/hits@1"])
        ```
    """

    def evaluate(
        self,
        split: str = "test",
        pools: Sequence[str] = POOLS,
        *,
        data: Path | str | None = None,
        extra_molecules: Path | str | None = None,
        rerank: int = RERANKED,
    ) -> Evaluation:
        """Metrics of a split in both directions, with 95 % intervals and ceilings.

        Args:
            split: `train`, `validation` or `test`.
            pools: `split`, `all` or both.
            data: The present path of the data set, or of another data set in the same form.
            extra_molecules: A file of SMILES that replaces that of `data.extra_molecules`.
            rerank: The number of candidates per query that the fine score reorders, if the
                backbone has one; 0 for none.

        Raises:
            InputError: If the data cannot be read, a name is unknown, or the split is empty.
        """
        if rerank < 0:
            raise QueryError(f"rerank must be at least 0, got {rerank}")
        pairs = self._pairs(data, extra_molecules)
        depth = rerank if self.backbone.reranks else 0
        return evaluate_split(self, pairs, split, pools, depth=depth, cache=_cache())

    def retrieve(
        self,
        text: str | None = None,
        *,
        smiles: str | None = None,
        top: int = 10,
        candidates: Path | str | None = None,
    ) -> list[Hit]:
        """The molecules that fit a text, or the texts that fit a molecule; best first.

        Args:
            text: The query, or None.
            smiles: The query, or None. Exactly one of the two must be given.
            top: The number of hits.
            candidates: A file of SMILES, or of texts; by default the model's own data set.

        Raises:
            InputError: If the query or the candidates are unusable.
        """
        query = parse_query(text, smiles)
        if top < 1:
            raise QueryError(f"top must be at least 1, got {top}")
        by_text = smiles is None
        if candidates is not None:
            pool = (molecules_of if by_text else texts_of)(Path(candidates))
        else:
            pool = (molecules_in if by_text else texts_in)(self.pairs)
        return answer(self, query, pool, top, by_text=by_text, cache=_cache())

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, D) the embeddings of N texts: unit vectors in the space of the molecules.

        The inner product with the embedding of a molecule is the score of `retrieve`.

        Raises:
            QueryError: If there is no text or an unusable one, or the backbone scores a pair
                jointly, so that embeddings do not give its score.
        """
        return text_embeddings(self, texts)

    def encode_molecules(self, smiles: Sequence[str]) -> NDArray[np.float32]:
        """(N, D) the embeddings of N molecules: unit vectors in the space of the texts.

        Raises:
            QueryError: As for `encode_texts`, or if RDKit cannot read a SMILES.
        """
        return molecule_embeddings(self, smiles)

    @cached_property
    def pairs(self) -> PairSet:
        """The data set of the training, as it is now."""
        return load_pairs(self.settings.data)

    def _pairs(self, data: Path | str | None, extra: Path | str | None) -> PairSet:
        settings = self.settings.data
        changes: dict[str, Any] = {}
        if data is not None:
            if "path" not in type(settings).model_fields:
                raise DataError(
                    "data must be left out where the model's source has no path, got"
                    f" {data} for the source {settings.source}"
                )
            changes["path"] = Path(data)
        if extra is not None:
            changes["extra_molecules"] = Path(extra)
        return load_pairs(settings.model_copy(update=changes)) if changes else self.pairs


def _cache() -> ArrayCache:
    return ArrayCache(default_cache_folder())
