"""A toy of each extension point, as a user's own module defines it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import optuna
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.backbones.batch import InputSpec, Molecules, Texts
from class_sweep.backbones.losses import contrast, log_scale, scaled
from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.inputs import (
    SPLITS,
    DataSettings,
    MoleculeEncoderSettings,
    TextEncoderSettings,
)
from class_sweep.config.pruning import PruningSettings
from class_sweep.config.section import Fraction, Section
from class_sweep.curriculum.intensity import Intensity
from class_sweep.curriculum.order import Order, PairStatistics
from class_sweep.curriculum.pacing import Pacing
from class_sweep.data.source import Row, Source
from class_sweep.difficulty.pair_difficulty import ComputedDifficulty, TrainingPairs
from class_sweep.encoders.encoder import MoleculeEncoder, Progress, TextEncoder
from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision
from class_sweep.tuning.samplers.sampler import Sampler

# --- backbone ---------------------------------------------------------------------------------


class ToyBackboneSettings(BackboneSettings):
    """One linear layer for each side."""

    name: Literal["toy"]
    dimension: Annotated[int, Field(ge=1, description="units of the shared space")] = 8


class ToyBackbone(Backbone):
    """One linear layer for each side."""

    parts = ("toy_loss",)

    def __init__(self, settings: ToyBackboneSettings, inputs: InputSpec) -> None:
        super().__init__(settings, inputs)
        self.text = nn.Linear(inputs.text_width, settings.dimension)
        self.molecule = nn.Linear(inputs.molecule_width, settings.dimension)
        self.log_scale = log_scale(0.1, learned=True)

    def project_texts(self, texts: Texts) -> Encoded:
        return {"embedding": functional.normalize(self.text(texts.sentence), dim=-1)}

    def project_molecules(self, molecules: Molecules) -> Encoded:
        return {"embedding": functional.normalize(self.molecule(molecules.vectors), dim=-1)}

    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        return {"toy_loss": contrast(scaled(self.logits(texts, molecules), self.log_scale))}


# --- difficulty, order, pacing, intensity -----------------------------------------------------


class ToyOrder(Order):
    """The order of the data."""

    uses_difficulty = False

    def __call__(
        self,
        difficulty: NDArray[Any],
        statistics: PairStatistics,  # noqa: ARG002 - the interface
        seed: int,  # noqa: ARG002
    ) -> NDArray[np.int64]:
        return np.arange(len(difficulty))


class ToyDifficultySettings(Section):
    """The weight of the length of a text."""

    toy_weight: Annotated[Fraction, Field(description="weight of the text")] = 0.5


@dataclass(frozen=True)
class ToyDifficulty(ComputedDifficulty):
    """The lengths of text and SMILES."""

    toy_weight: float

    def compute(self, pairs: TrainingPairs) -> NDArray[np.floating[Any]]:
        texts, molecules = (np.array([*map(len, side)]) for side in (pairs.texts, pairs.smiles))
        return self.toy_weight * texts + (1 - self.toy_weight) * molecules


class ToyPacingSettings(Section):
    """A constant pool, then all pairs."""

    toy_share: Annotated[Fraction, Field(description="fraction of the pairs at first")] = 0.5


@dataclass(frozen=True)
class ToyPacing(Pacing):
    """λ(0) is a setting of its own, λ(k) = 1 from k = 1."""

    toy_share: float

    def __call__(self, k: int) -> float:
        return self.toy_share if k < 1 else 1.0

    @property
    def end(self) -> float:
        return 1.0


@dataclass(frozen=True)
class ToyIntensity(Intensity):
    """γ(k) = ½."""

    def __call__(self, k: int) -> float:  # noqa: ARG002 - the interface
        return 0.5


# --- data source, metric ----------------------------------------------------------------------


class ToyDataSettings(DataSettings):
    """Alkanes by the number of their carbons."""

    source: Literal["toy"]
    count: Annotated[int, Field(ge=10, description="molecules")] = 60


def read_toy(settings: ToyDataSettings) -> Source:
    """Alkanes, every fifth in the validation split and every seventh in the test split."""
    rows = [
        Row(str(n), "C" * n, f"a chain of {n} carbons", f"molecule {n}", _split(n))
        for n in range(1, settings.count + 1)
    ]
    return Source(rows, splits=SPLITS)


def _split(n: int) -> int:
    return SPLITS.index("validation") if n % 5 == 0 else SPLITS.index("test") if n % 7 == 0 else 0


def hits_at_3(ranks: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """1 for ranks up to 3, else 0."""
    return (ranks <= 3).astype(ranks.dtype)


# --- encoders ---------------------------------------------------------------------------------


class ToyTextSettings(TextEncoderSettings):
    """The length of a text, in some powers."""

    kind: Literal["toy"]
    powers: Annotated[int, Field(ge=1, description="features of a text")] = 3


class ToyTextEncoder(TextEncoder[ToyTextSettings]):
    """The length of a text, in some powers."""

    def compute(
        self,
        inputs: Sequence[str],
        progress: Progress | None,  # noqa: ARG002 - the interface
    ) -> NDArray[np.floating[Any]]:
        lengths = np.array([len(text) for text in inputs], dtype=np.float32) / 30
        return np.stack([lengths**power for power in range(self.settings.powers)], axis=1)


class ToyMoleculeSettings(MoleculeEncoderSettings):
    """The length of a SMILES and a constant."""

    kind: Literal["toy"]


class ToyMoleculeEncoder(MoleculeEncoder[ToyMoleculeSettings]):
    """The length of a SMILES and a constant."""

    def compute(
        self,
        inputs: Sequence[str],
        progress: Progress | None,  # noqa: ARG002 - the interface
    ) -> NDArray[np.floating[Any]]:
        lengths = np.array([len(smiles) for smiles in inputs], dtype=np.float32) / 30
        return np.stack([lengths, np.ones_like(lengths)], axis=1)


# --- sampler, pruner --------------------------------------------------------------------------


class ToySampler(Sampler):
    """Random search under a seed of its own."""

    def for_trial(self, number: int) -> optuna.samplers.BaseSampler:
        return optuna.samplers.RandomSampler(seed=number)


class ToyPruningSettings(PruningSettings):
    """One rung after the first epoch, where low scores stop."""

    kind: Literal["toy"]
    least: Annotated[float, Field(description="score that a trial needs")] = 0.0


class ToyPruner(Pruner):
    """Prunes a trial below a score."""

    def __init__(self, least: float) -> None:
        self._least = least
        self._reached: set[tuple[int, int]] = set()

    @classmethod
    def rung_epochs(cls, settings: ToyPruningSettings, epochs: int) -> list[float]:  # noqa: ARG003
        return [1.0]

    @classmethod
    def from_settings(
        cls,
        settings: ToyPruningSettings,
        rungs: int,  # noqa: ARG003 - the interface
        trials: int,  # noqa: ARG003
    ) -> "ToyPruner":
        return cls(settings.least)

    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        if baseline or (trial, rung) in self._reached:
            return PruningDecision("continue", compared=False)
        self._reached.add((trial, rung))
        return PruningDecision("continue" if score >= self._least else "prune", compared=True)
