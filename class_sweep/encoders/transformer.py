"""Pooled features, token states and token numbers of texts, by a frozen transformer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.encoders.encoder import Progress
from class_sweep.encoders.pooling import layer_at, pool
from class_sweep.encoders.pretrained import (
    load_model,
    load_tokenizer,
    quiet,
    require_bidirectional,
)
from class_sweep.encoders.reading import Reading
from class_sweep.errors import EncoderError


@dataclass(frozen=True)
class FrozenTransformer:
    """A transformer in evaluation mode; each method loads it anew.

    Batches hold texts of similar length, to save padding. Padding is masked, so the features of a
    text depend on its batch only by rounding.

    Attributes:
        reading: The pooling and the token limit.
        batch_size: Texts encoded at a time.
        folder: The files of the model.
        device: The device of the model.
        dtype: The number format of the model; the pooling uses float32.
    """

    reading: Reading
    batch_size: int
    folder: Path
    device: torch.device
    dtype: torch.dtype

    def pooled_states(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """The pooled last hidden state of each text.

        Args:
            texts: (L,) texts.
            progress: Receives the number of encoded texts and L after each batch.

        Returns:
            (L, D), float32.

        Raises:
            EncoderError: If transformers cannot load every weight from the files, or the pooling is
                `cls` and the first token sees no other token.
        """
        model = load_model(self.folder, self.device, self.dtype)
        if self.reading.pooling == "cls":
            require_bidirectional(model, self.folder, self.reading.section)
        order, pooled = [], []
        for rows, output, mask in self._batches(model, texts, progress):
            states = output.last_hidden_state.float()
            order.append(rows)
            pooled.append(self.reading.vectors(states, mask).cpu().numpy())
        features: NDArray[np.float32] = np.concatenate(pooled)[np.argsort(np.concatenate(order))]
        return features

    def token_states(
        self,
        texts: Sequence[str],
        depths: tuple[float, float],
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.float32], Ragged]:
        """The mean token state of one layer and the token states of another.

        Args:
            texts: (L,) texts.
            depths: The layer of the mean and the layer of the states, as fractions in (0, 1] of
                all layers.
            progress: Receives the number of encoded texts and L after each batch.

        Returns:
            (L, D) float32 means, and L rows of (T, D) float16 states.

        Raises:
            EncoderError: If transformers cannot load every weight from the files.
        """
        order, means, lengths = [], [], []
        states: list[NDArray[np.float16]] = []
        model = load_model(self.folder, self.device, self.dtype)
        for rows, output, mask in self._batches(model, texts, progress):
            hidden = output.hidden_states
            early, late = (hidden[layer_at(depth, len(hidden) - 1)] for depth in depths)
            order.append(rows)
            means.append(pool(early.float(), mask, "mean").cpu().numpy())
            lengths.append(mask.sum(dim=1).cpu().numpy())
            states.append(late[mask.bool()].half().cpu().numpy())
        restore = np.argsort(np.concatenate(order))
        all_states = Ragged(np.concatenate(states), offsets_of(np.concatenate(lengths)))
        return np.concatenate(means)[restore], all_states.take(restore)

    def _batches(
        self, model: Any, texts: Sequence[str], progress: Progress | None
    ) -> Iterator[tuple[NDArray[np.int64], Any, torch.Tensor]]:
        """Yield the rows, the output of the model and the (B, T) mask of each batch."""
        tokens = tokenise(self.reading, self.folder, texts)
        # Longest first, so that too little memory fails at once.
        order = np.argsort(-np.diff(tokens.offsets), kind="stable")
        with quiet(), torch.inference_mode():
            for start in range(0, len(order), self.batch_size):
                rows = order[start : start + self.batch_size]
                # Padded at the end and masked, so any token works: no tokenizer needs one.
                ids, mask = (torch.from_numpy(part) for part in tokens.take(rows).padded())
                ids, mask = ids.long().to(self.device), mask.to(self.device)
                output = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True)
                yield rows, output, mask
                if progress is not None:
                    progress(start + len(rows), len(texts))


def tokenise(reading: Reading, folder: Path, texts: Sequence[str]) -> Ragged:
    """The token numbers of each text with its special tokens, cut at the token limit: int32.

    Raises:
        EncoderError: If transformers cannot load the tokenizer, or it has no token for a text.
    """
    tokenizer, limit = load_tokenizer(reading.max_tokens, folder, reading.section)
    inputs = [text.lower() for text in texts] if reading.lower_case else list(texts)
    with quiet():
        token_ids = tokenizer(inputs, truncation=True, max_length=limit)["input_ids"]
    empty = next((text for text, ids in zip(texts, token_ids, strict=True) if not ids), None)
    if empty is not None:
        raise EncoderError(f"an input must have a token, got none for {empty!r}: {folder}")
    return Ragged.of([np.array(ids, np.int32) for ids in token_ids], np.zeros(0, np.int32))
