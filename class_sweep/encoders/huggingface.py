"""Frozen transformers: each text becomes a pooling of the last layer's token vectors."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from class_sweep.config.inputs import HuggingFaceEncoder
from class_sweep.errors import EncoderError

_UNUSED = ("pooler.",)  # weights that neither pooling reads; many checkpoints lack them

_log = logging.getLogger(__name__)


def huggingface_features(
    settings: HuggingFaceEncoder,
    folder: Path,
    texts: Sequence[str],
    *,
    device: torch.device,
    dtype: torch.dtype,
    progress: Callable[[int, int], None] | None = None,
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
    with _quiet(), torch.inference_mode():
        tokenizer, model = _load(folder, device, dtype)
        tokens = tokenizer(
            list(texts), truncation=True, max_length=_token_limit(settings, tokenizer, model)
        )
        lengths = np.array([len(ids) for ids in tokens["input_ids"]])
        order = np.argsort(-lengths, kind="stable")  # the longest first: no late surprise in memory
        pooled: list[np.ndarray] = []
        for start in range(0, len(order), settings.batch_size):
            rows = order[start : start + settings.batch_size]
            batch = tokenizer.pad(
                {name: [values[row] for row in rows] for name, values in tokens.items()},
                return_tensors="pt",
            ).to(device)
            hidden = model(**batch).last_hidden_state.float()
            vectors = _pool(hidden, batch["attention_mask"], settings.pooling)
            pooled.append(vectors.cpu().numpy())
            if progress is not None:
                progress(start + len(rows), len(texts))
    return np.concatenate(pooled)[np.argsort(order)]


def _pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """(B, T, D) and (B, T) to (B, D): the first token, or the mean over those not masked."""
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def _load(folder: Path, device: torch.device, dtype: torch.dtype) -> tuple[Any, Any]:
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        model, loading = AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            weights_only=True,
            dtype=dtype,
            output_loading_info=True,
        )
    except Exception as error:  # a damaged file can raise anything on its way through the loaders
        reason = str(error).strip().split("\n")[0]
        raise EncoderError(
            f"a text encoder must be a model and a tokenizer that transformers can load, "
            f"got {type(error).__name__}: {reason}: {folder}"
        ) from error
    # transformers fills what a checkpoint lacks with random numbers and only logs it.
    missing = sorted(name for name in loading["missing_keys"] if not name.startswith(_UNUSED))
    if missing:
        raise EncoderError(
            f"a text encoder's files must hold all its weights, "
            f"got none for {missing[0]} and {len(missing) - 1} others: {folder}"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token  # it is masked: any token will do
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    return tokenizer, model.to(device).eval()


def _token_limit(settings: HuggingFaceEncoder, tokenizer: Any, model: Any) -> int:
    """The tokens kept of a text: as asked, but never more than the model reads."""
    positions = getattr(model.config, "max_position_embeddings", None) or settings.max_tokens
    limit = min(settings.max_tokens, tokenizer.model_max_length, positions)
    if limit < settings.max_tokens:
        _log.warning(
            "text_encoder.max_tokens is %d, the model reads %d: texts are cut there",
            settings.max_tokens,
            limit,
        )
    return int(limit)


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars or advice from transformers; what matters of it is checked instead."""
    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity(logging.ERROR)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
