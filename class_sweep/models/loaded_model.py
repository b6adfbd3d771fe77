"""A trained model in memory: its settings, its backbone and its fitted encoders."""

import re
from pathlib import Path
from typing import Self

import torch

from class_sweep.backbones.backbone import Backbone, build_backbone
from class_sweep.backbones.batch import InputSpec
from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import parse_space
from class_sweep.config.sections import Settings
from class_sweep.data.pair import PairSet
from class_sweep.encoders.fitted import FittedArraysError, FittedEncoders
from class_sweep.errors import ConfigError, ModelError
from class_sweep.models.model_folder import CONFIG, ENCODERS, WEIGHTS, ModelContents
from class_sweep.preparation.prepare import trial_features
from class_sweep.results.plugins import require_same_plugins
from class_sweep.training.features import TrialFeatures

# Version 0.2 wrote this setting; the fitted vectors are in the folder, so nothing is unpickled.
_PERMISSION = re.compile(r"^ +allow_pickle: (true|false)\n", re.MULTILINE)


class LoadedModel:
    """The contents of a model folder, ready to encode texts and molecules.

    Attributes:
        path: The model folder.
        settings: Every setting of the training.
        metrics: Counts, times and validation metrics of the training.
        manifest: The facts about the training that are no settings.
        backbone: In evaluation mode, on `device`.
        device: A GPU if there is one, else the CPU.
        encoders: The encoders that the training fitted.
    """

    def __init__(
        self,
        path: Path,
        contents: ModelContents,
        settings: Settings,
        backbone: Backbone,
        encoders: FittedEncoders,
    ) -> None:
        """Put the parts together; `load` reads them from a folder."""
        self.path = path
        self.settings = settings
        self.manifest, self.metrics = contents.manifest, contents.metrics
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.backbone = backbone.to(self.device).eval()
        self.encoders = encoders

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a model folder. Its transformer must be on this machine or on the hub.

        Raises:
            ModelError: If the folder is missing, altered or of another version, or was trained with
                other plug-in files than those that are loaded.
            EncoderError: If the transformer is unavailable, or its files have changed.
        """
        contents = ModelContents.read(Path(path))
        manifest = contents.manifest
        require_same_plugins(manifest.plugins, f"the model in {path}", ModelError, may_add=True)
        try:
            config = Path(path) / CONFIG
            text = _PERMISSION.sub("", contents.config)
            settings = parse_space(text, str(config), config.parent, recorded=True).settings
        except ConfigError as error:
            raise ModelError(
                "a model's settings must be known to this version of class-sweep, got a model of"
                f" version {manifest.version}: {error}"
            ) from error
        try:
            encoders = FittedEncoders.load(
                settings.text_encoder,
                settings.molecule_encoder,
                manifest.token_depths,
                contents.arrays,
            )
            encoders.require_files(manifest.transformer, manifest.molecule_files)
            encoders.require_arrays(manifest.text_width, manifest.molecule_width)
        except FittedArraysError as error:
            raise ModelError(f"{error}: {Path(path) / ENCODERS}") from error
        inputs = InputSpec(
            manifest.text_width,
            manifest.molecule_width,
            contents.arrays.get("graphs/vectors"),
            settings.text_encoder.trained_transformer,
            settings.molecule_encoder.trained_transformer,
        )
        backbone = build_backbone(settings.backbone, inputs)
        try:
            backbone.load_state_dict(dict(contents.weights))
        except RuntimeError as error:
            words = " ".join(str(error).split())
            raise ModelError(
                f"a model's weights must fit its settings: {Path(path) / WEIGHTS}: {words}"
            ) from error
        return cls(Path(path), contents, settings, backbone, encoders)

    def features_of(self, pairs: PairSet, cache: ArrayCache) -> TrialFeatures:
        """The features of a data set under the model's encoders, without a difficulty index."""
        texts = self.encoders.encode_texts(pairs.texts, cache=cache)
        molecules = self.encoders.encode_molecules(pairs.all_smiles, cache=cache)
        return trial_features(pairs, texts, molecules, indexes={})
