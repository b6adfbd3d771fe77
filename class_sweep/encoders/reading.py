"""How a transformer reads a text or a SMILES, and how its states become one vector."""

import logging
from dataclasses import dataclass

import torch
from torch.nn import functional

from class_sweep.config.inputs import DEFAULT_MAX_TOKENS, DEFAULT_POOLING, TransformerSettings
from class_sweep.encoders.hub import ModelFiles
from class_sweep.encoders.pooling import pool

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """The reading of an input, a text or a SMILES.

    Attributes:
        pooling: `mean`, `cls` (the first token) or `last` (the last token).
        max_tokens: The tokens of a text; the rest is cut off.
        normalise: Whether a vector has length 1.
        lower_case: Whether inputs are made lower-case.
        section: The section of a space with the settings, for messages.
    """

    pooling: str
    max_tokens: int
    normalise: bool = False
    lower_case: bool = False
    section: str = "text_encoder"

    def vectors(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, D) one vector per text, from (B, T, D) states and their (B, T) mask."""
        pooled = pool(hidden, mask, self.pooling)
        return functional.normalize(pooled, dim=-1) if self.normalise else pooled


def reading_of(settings: TransformerSettings, files: ModelFiles) -> Reading:
    """The settings of a space, then those of a sentence-transformers model, then the defaults.

    A pooling of the space that differs from the model's own is used, with a warning.
    """
    own = files.sentence
    if own is None:
        return Reading(
            settings.pooling or DEFAULT_POOLING,
            settings.max_tokens or DEFAULT_MAX_TOKENS,
            section=settings.section,
        )
    if settings.pooling not in (None, own.pooling):
        _log.warning(
            "%s.pooling is %s, the model's own is %s: %s is used",
            settings.section,
            settings.pooling,
            own.pooling,
            settings.pooling,
        )
    return Reading(
        pooling=settings.pooling or own.pooling,
        max_tokens=settings.max_tokens or own.max_tokens or DEFAULT_MAX_TOKENS,
        normalise=own.normalise,
        lower_case=own.lower_case,
        section=settings.section,
    )
