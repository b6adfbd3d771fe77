"""What a retrieval model offers to the trial that trains it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from class_sweep.backbones.critic import Critic
from class_sweep.backbones.inputs import Molecules, Sources, Texts, TokenIds
from class_sweep.backbones.text_encoder import build_text_encoder
from class_sweep.config.sections import Optimizer

Encoded = dict[str, torch.Tensor]
"""What is known of B texts or molecules, each tensor (B, …): `embedding`, (B, D) unit vectors, and
whatever finer things a loss and a pair's score look at. Those of one name may differ from batch to
batch in their second dimension, and are then zero behind their ends."""


@dataclass(frozen=True)
class Needs:
    """What a backbone reads beside one frozen vector a text and one a molecule.

    Attributes:
        graphs: Molecules as graphs.
        token_depths: Of the layers of the text encoder whose tokens it reads: averaged, and one by
            one; fractions of its layers.
    """

    graphs: bool = False
    token_depths: tuple[float, float] | None = None


class Backbone(nn.Module, ABC):
    """Two encoders into one space, where a pair's first score is an inner product.

    Attributes:
        parts: The names that `loss_parts` gives, which a curriculum's intensity may tell apart.
        reranks: Whether `pair_scores` says more than the inner product of the embeddings.
    """

    parts: ClassVar[tuple[str, ...]]
    reranks: ClassVar[bool] = False

    def __init__(self, settings: Any, sources: Sources) -> None:
        """Initialise what all have: the text encoder.

        Args:
            settings: The backbone's section of a space.
            sources: What it is built over; it has what `needs` asks for.
        """
        super().__init__()
        self.text_encoder = build_text_encoder(sources, self.needs(settings).token_depths)

    @property
    def critic(self) -> Critic | None:
        """An adversary with an optimizer of its own: texts are real to it, molecules fake."""
        return None

    @classmethod
    def needs(cls, settings: Any) -> Needs:  # noqa: ARG003 - of one backbone's section
        """What must be prepared for a backbone of these settings."""
        return Needs()

    def encode_texts(self, texts: Texts | TokenIds) -> Encoded:
        """B texts, each from itself alone."""
        return self.project_texts(self.text_encoder(texts))

    @abstractmethod
    def project_texts(self, texts: Texts) -> Encoded:
        """B texts from what the text encoder says of them."""

    @abstractmethod
    def encode_molecules(self, molecules: Molecules) -> Encoded:
        """B molecules, each from itself alone."""

    @abstractmethod
    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        """Named scalar parts whose sum is the loss of a batch of pairs."""

    def pair_scores(self, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B,) the score of each pair, from its own text and its own molecule alone."""
        return (texts["embedding"] * molecules["embedding"]).sum(dim=1)

    def parameter_groups(self, settings: Optimizer) -> list[dict[str, Any]]:
        """The optimizer's groups, without the critic; `peak` is the peak learning rate of each.

        Gains, biases and scalars are not decayed.
        """
        encoder = {id(parameter) for parameter in self.text_encoder.parameters()}
        adversary = {id(p) for p in self.critic.parameters()} if self.critic else set()
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for parameter in self.parameters():
            if parameter.requires_grad and id(parameter) not in adversary:
                key = id(parameter) in encoder, parameter.ndim > 1
                groups.setdefault(key, []).append(parameter)
        return [
            {
                "params": parameters,
                "weight_decay": settings.weight_decay if decayed else 0.0,
                "peak": (settings.text_encoder_lr if of_encoder else None) or settings.lr,
            }
            for (of_encoder, decayed), parameters in groups.items()
        ]
