"""A trained model that is measured and answers queries."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch

from class_sweep.backbones.backbone import Backbone, build_backbone
from class_sweep.backbones.inputs import InputSpec
from class_sweep.base.array_cache import ArrayCache, default_cache_folder
from class_sweep.config.document import parse_space
from class_sweep.config.inputs import NamesData
from class_sweep.config.objective import POOLS
from class_sweep.config.sections import Settings
from class_sweep.data.corpus import load_pairs
from class_sweep.data.pair import PairSet
from class_sweep.encoders.fitted import FittedEncoders
from class_sweep.errors import ConfigError, DataError, ModelError, QueryError
from class_sweep.models.candidates import molecules_in, molecules_of, texts_in, texts_of
from class_sweep.models.evaluation import Evaluation, evaluate
from class_sweep.models.retrieval import RERANKED, Hit, answer, query_of
from class_sweep.training.model_folder import CONFIG, Manifest, ModelFiles


class Model:
    """A model folder of `train`, loaded.

    Attributes:
        settings: Every setting of its training.
        manifest: What else it is made of.
        backbone: On `device`, in evaluation mode.
        device: A GPU where there is one.
        encoders: Of its training.
    """

    def __init__(
        self,
        settings: Settings,
        manifest: Manifest,
        backbone: Backbone,
        encoders: FittedEncoders,
    ) -> None:
        """Put the parts together; `load` reads them from a folder."""
        self.settings = settings
        self.manifest = manifest
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.backbone = backbone.to(self.device).eval()
        self.encoders = encoders

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a model folder; a transformer that it names must be on this machine or the hub.

        Raises:
            ModelError: If the folder is missing, altered or of another version.
            EncoderError: If the transformer is not to be had, or has other files than it had.
        """
        files = ModelFiles.read(Path(path))
        manifest = files.manifest
        try:
            settings = parse_space(files.config, str(Path(path) / CONFIG)).settings
        except ConfigError as error:
            raise ModelError(
                "a model's settings must be known to this version of class-sweep, got a model of"
                f" version {manifest.version}: {error}"
            ) from error
        encoders = FittedEncoders(
            settings.text_encoder,
            settings.molecule_encoder,
            manifest.token_depths,
            files.arrays,
            manifest.transformer,
        )
        encoders.require_transformer()
        inputs = InputSpec(
            manifest.text_width,
            manifest.molecule_width,
            files.arrays.get("graphs/vectors"),
            settings.text_encoder.trained_transformer,
        )
        backbone = build_backbone(settings.backbone, inputs)
        try:
            backbone.load_state_dict(dict(files.weights))
        except RuntimeError as error:
            raise ModelError(f"a model's weights must fit its settings, got {error}") from error
        return cls(settings, manifest, backbone, encoders)

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
            data: Where the data set is now, if it has moved, or another in its form.
            extra_molecules: A file of SMILES instead of that of `data.extra_molecules`.
            rerank: Candidates of each query that the fine score, where the backbone has one, puts
                in a new order; 0 for none.

        Raises:
            InputError: If the data cannot be read, a name is unknown, or the split is empty.
        """
        if rerank < 0:
            raise QueryError(f"rerank must be at least 0, got {rerank}")
        pairs = self._pairs(data, extra_molecules)
        depth = rerank if self.backbone.reranks else 0
        return evaluate(self, pairs, split, pools, depth=depth, cache=_cache())

    def retrieve(
        self,
        text: str | None = None,
        *,
        smiles: str | None = None,
        top: int = 10,
        candidates: Path | str | None = None,
    ) -> list[Hit]:
        """The molecules that a text describes, or the texts that describe a molecule; best first.

        Args:
            text: The query, or None.
            smiles: The query, or None; one of the two is given.
            top: How many answers.
            candidates: A file of SMILES, or of texts; the model's own data set unless given.

        Raises:
            InputError: If the query or the candidates cannot be used.
        """
        query = query_of(text, smiles)
        if top < 1:
            raise QueryError(f"top must be at least 1, got {top}")
        by_text = smiles is None
        if candidates is not None:
            found = (molecules_of if by_text else texts_of)(Path(candidates))
        else:
            found = (molecules_in if by_text else texts_in)(self.pairs)
        return answer(self, query, found, top, by_text=by_text, cache=_cache())

    @cached_property
    def pairs(self) -> PairSet:
        """The data set of its training, as it is now."""
        return load_pairs(self.settings.data)

    def _pairs(self, data: Path | str | None, more: Path | str | None) -> PairSet:
        settings = self.settings.data
        changes: dict[str, Any] = {}
        if data is not None:
            if isinstance(settings, NamesData):
                raise DataError(
                    f"data must be a folder or a file, the source names is none: {data}"
                )
            changes["path"] = Path(data)
        if more is not None:
            changes["extra_molecules"] = Path(more)
        return load_pairs(settings.model_copy(update=changes)) if changes else self.pairs


def _cache() -> ArrayCache:
    return ArrayCache(default_cache_folder())
