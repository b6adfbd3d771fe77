"""Frozen transformers: each text becomes a pooling of the last layer, or its tokens' states."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.config.inputs import HuggingFaceEncoder
from class_sweep.encoders.pooling import layer_at, pool
from class_sweep.encoders.pretrained import load_model, load_tokenizer, quiet

Progress = Callable[[int, int], None]


def huggingface_features(
    settings: HuggingFaceEncoder,
    folder: Path,
    texts: Sequence[str],
    *,
    device: torch.device,
    dtype: torch.dtype,
    progress: Progress | None = None,
) -> np.ndarray:
    """The pooled last hidden state of each text.

    Texts are batched by length, so that little is padding; padding is masked, so a text's features
    don't depend on its batch beyond rounding.

    Args:
        settings: Pooling, length limit in tokens, batch size.
        folder: The model's files.
        texts: (L,)
        device: Where the model runs.
        dtype: What it computes in; the pooling is done in float32.
        progress: Called with the texts done and L after each batch.

    Returns:
        (L, D), float32.

    Raises:
        EncoderError: If the files are no model that transformers can load whole.
    """
    order, pooled = [], []
    for rows, output, mask in _batches(settings, folder, texts, device, dtype, progress):
        order.append(rows)
        pooled.append(pool(output.last_hidden_state.float(), mask, settings.pooling).cpu().numpy())
    return np.concatenate(pooled)[np.argsort(np.concatenate(order))]


def token_states(
    settings: HuggingFaceEncoder,
    folder: Path,
    texts: Sequence[str],
    depths: tuple[float, float],
    *,
    device: torch.device,
    dtype: torch.dtype,
    progress: Progress | None = None,
) -> tuple[np.ndarray, Ragged]:
    """What a backbone reads of the tokens of frozen texts; see `huggingface_features`.

    Args:
        settings: Length limit in tokens, batch size.
        folder: The model's files.
        texts: (L,)
        depths: Of the layer whose tokens are averaged, and of the one whose tokens are kept, as
            fractions of the model's layers.
        device: Where the model runs.
        dtype: What it computes in.
        progress: Called with the texts done and L after each batch.

    Returns:
        (L, D) float32, and L rows of (T, D) float16, two bytes a number.
    """
    order, means, lengths = [], [], []
    states: list[NDArray[np.float16]] = []
    for rows, output, mask in _batches(settings, folder, texts, device, dtype, progress):
        hidden = output.hidden_states
        early, late = (hidden[layer_at(depth, len(hidden) - 1)] for depth in depths)
        order.append(rows)
        means.append(pool(early.float(), mask, "mean").cpu().numpy())
        lengths.append(mask.sum(dim=1).cpu().numpy())
        states.append(late[mask.bool()].half().cpu().numpy())
    back = np.argsort(np.concatenate(order))
    kept = Ragged(np.concatenate(states), offsets_of(np.concatenate(lengths)))
    return np.concatenate(means)[back], kept.take(back)


def tokenise(settings: HuggingFaceEncoder, folder: Path, texts: Sequence[str]) -> Ragged:
    """The token numbers of each text, special ones included, cut at the length limit: int32.

    Raises:
        EncoderError: If the files are no tokenizer that transformers can load.
    """
    tokenizer, limit = load_tokenizer(settings, folder)
    with quiet():
        found = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
    return Ragged.of([np.array(ids, np.int32) for ids in found], np.zeros(0, np.int32))


def _batches(
    settings: HuggingFaceEncoder,
    folder: Path,
    texts: Sequence[str],
    device: torch.device,
    dtype: torch.dtype,
    progress: Progress | None,
) -> Iterator[tuple[NDArray[np.int64], Any, torch.Tensor]]:
    """The rows of each batch, the model's output for them and the mask (B, T)."""
    tokenizer, limit = load_tokenizer(settings, folder)
    model = load_model(folder, device, dtype)
    with quiet(), torch.inference_mode():
        tokens = tokenizer(list(texts), truncation=True, max_length=limit)
        lengths = np.array([len(ids) for ids in tokens["input_ids"]])
        order = np.argsort(-lengths, kind="stable")  # the longest first: no late surprise in memory
        for start in range(0, len(order), settings.batch_size):
            rows = order[start : start + settings.batch_size]
            batch = tokenizer.pad(
                {name: [values[row] for row in rows] for name, values in tokens.items()},
                return_tensors="pt",
            ).to(device)
            yield rows, model(**batch, output_hidden_states=True), batch["attention_mask"]
            if progress is not None:
                progress(start + len(rows), len(texts))
