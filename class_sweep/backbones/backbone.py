"""The interface of a retrieval model, and how a trial builds one from its settings."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from class_sweep.backbones.batch import InputSpec, Molecules, Texts, TokenIds
from class_sweep.backbones.critic import Critic
from class_sweep.backbones.trained_transformer import build_molecule_encoder, build_text_encoder
from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.components import BACKBONES
from class_sweep.config.sections import Optimizer

Encoded = dict[str, torch.Tensor]
"""The encoding of B texts or molecules, each tensor (B, …).

`embedding` holds (B, D) unit vectors. Further tensors are for the loss and the pair score of their
backbone. Tensors of one name may differ between batches in their second dimension; they are padded
with zeros at its end.
"""


@dataclass(frozen=True)
class Needs:
    """The inputs of a backbone beside one frozen vector per text and one per molecule.

    Attributes:
        graphs: Whether it reads molecules as graphs.
        token_depths: The two layers of the text encoder whose tokens it reads, as fractions of the
            number of layers: the mean token of the first, every token of the second; or None.
    """

    graphs: bool = False
    token_depths: tuple[float, float] | None = None


class Backbone(nn.Module, ABC):
    """A text encoder and a molecule encoder into one space of unit vectors.

    The inner product of two embeddings is the first score of a pair. To add a backbone, write its
    subclass and a section for its settings in one module, and register both in `BACKBONES`.

    Attributes:
        parts: The names of the parts of the loss, for which a curriculum may set intensities.
        reranks: Whether `pair_scores` differs from the inner product of the embeddings.
        weighs_negatives: Whether its loss reads `hard_negatives`.
        own_hardness: The setting of its own that decides how much hard negatives count, or None.
        hard_negatives: ρ, how much hard negatives count; see `losses.contrast`. It belongs to the
            curriculum, and the trainer sets it.
    """

    parts: ClassVar[tuple[str, ...]]
    reranks: ClassVar[bool] = False
    weighs_negatives: ClassVar[bool] = False
    own_hardness: ClassVar[str | None] = None
    hard_negatives: float = 0

    def __init__(self, settings: Any, inputs: InputSpec) -> None:
        """Build the encoders; a subclass adds its own layers.

        Args:
            settings: The backbone's section of a space.
            inputs: The widths and the pretrained parts of its inputs, as `needs` asks for them.
        """
        super().__init__()
        self.text_encoder = build_text_encoder(inputs, self.needs(settings).token_depths)
        self.molecule_encoder = build_molecule_encoder(inputs)

    @property
    def critic(self) -> Critic | None:
        """An adversary with its own optimizer, which takes texts as real and molecules as fake."""
        return None

    @classmethod
    def needs(cls, settings: Any) -> Needs:  # noqa: ARG003 - a subclass may read it
        """The inputs that a backbone of these settings reads."""
        return Needs()

    def encode_texts(self, texts: Texts | TokenIds) -> Encoded:
        """Encode B texts; the encoding of a text does not depend on the others."""
        return self.project_texts(self.text_encoder(texts))

    @abstractmethod
    def project_texts(self, texts: Texts) -> Encoded:
        """Encode B texts from the output of the text encoder."""

    def encode_molecules(self, molecules: Molecules | TokenIds) -> Encoded:
        """Encode B molecules; the encoding of a molecule does not depend on the others."""
        return self.project_molecules(self.molecule_encoder(molecules))

    @abstractmethod
    def project_molecules(self, molecules: Molecules) -> Encoded:
        """Encode B molecules from the output of the molecule encoder."""

    @abstractmethod
    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        """The parts of the loss of B pairs, each a scalar, (); the loss is their sum."""

    def logits(self, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B, B) z, the score of every text and every molecule of a batch.

        The cosines of the embeddings, times the inverse temperature where the loss has one.
        """
        return texts["embedding"] @ molecules["embedding"].T

    def pair_scores(self, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B,) the fine score of each pair, from its own text and molecule alone."""
        return (texts["embedding"] * molecules["embedding"]).sum(dim=1)

    def parameter_groups(self, settings: Optimizer) -> list[dict[str, Any]]:
        """The parameter groups of the optimizer, without the critic.

        `peak` is the peak learning rate of a group. Vectors and scalars (gains, biases,
        temperatures) have no weight decay.
        """
        rates = {id(p): settings.text_encoder_lr for p in self.text_encoder.parameters()}
        rates |= {id(p): settings.molecule_encoder_lr for p in self.molecule_encoder.parameters()}
        adversary = {id(p) for p in self.critic.parameters()} if self.critic else set()
        groups: dict[tuple[float, bool, bool], list[nn.Parameter]] = {}
        for parameter in self.parameters():
            if parameter.requires_grad and id(parameter) not in adversary:
                peak = rates.get(id(parameter)) or settings.lr
                key = peak, id(parameter) in rates, parameter.ndim > 1
                groups.setdefault(key, []).append(parameter)
        return [
            {
                "params": parameters,
                "weight_decay": settings.weight_decay if decayed else 0.0,
                "peak": peak,
            }
            for (peak, _, decayed), parameters in groups.items()
        ]


def backbone_class(settings: BackboneSettings) -> type[Backbone]:
    """The backbone that the settings name.

    Raises:
        ConfigError: If the name is unknown.
    """
    implementation: type[Backbone] = BACKBONES.load(settings.name)
    return implementation


def require_hard_negatives(backbone: type[Backbone], hard_negatives: float) -> None:
    """Check that a loss can weigh its negatives by their hardness.

    Raises:
        ValueError: If ρ > 0 and the loss does not read it.
    """
    if hard_negatives and not backbone.weighs_negatives:
        own = backbone.own_hardness
        reason = f"has {own} for this" if own else "does not read it (weighs_negatives is False)"
        raise ValueError(
            f"must be 0 for the loss of {backbone.__name__}, which {reason}, got {hard_negatives:g}"
        )


def build_backbone(settings: BackboneSettings, inputs: InputSpec) -> Backbone:
    """A backbone with fresh weights from torch's random state."""
    return backbone_class(settings)(settings, inputs)
