"""Loads a transformer and its tokenizer from a folder, without running code from the folder."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from class_sweep.errors import EncoderError

_UNUSED = ("pooler.",)  # weights that no pooling uses; many checkpoints lack them
_PADDED_POSITIONS = {"roberta", "xlm-roberta", "camembert", "mpnet"}  # 0 … pad_token_id are unused

_log = logging.getLogger(__name__)


def load_model(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """Load the encoder of a folder in evaluation mode, without its pooler.

    Raises:
        EncoderError: If transformers cannot load every weight from the files.
    """
    try:
        with quiet():
            model, loading = AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                weights_only=True,
                dtype=dtype,
                output_loading_info=True,
            )
    except Exception as error:  # the loaders of a damaged file can raise any error
        raise _unloadable(error, folder) from error
    # transformers replaces missing weights by random numbers and only logs it.
    missing = sorted(name for name in loading["missing_keys"] if not name.startswith(_UNUSED))
    if missing:
        raise EncoderError(
            f"an encoder's files must hold all its weights, "
            f"got none for {missing[0]} and {len(missing) - 1} others: {folder}"
        )
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model.to(device).eval()


def load_tokenizer(max_tokens: int, folder: Path, section: str) -> tuple[Any, int]:
    """Load the tokenizer of a folder, and the token limit of an input.

    The limit is `max_tokens`, or with a warning the smaller limit of the model.

    Raises:
        EncoderError: If transformers cannot load the tokenizer.
    """
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            config = AutoConfig.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # as above
        raise _unloadable(error, folder) from error
    limit = min(max_tokens, tokenizer.model_max_length, _positions(config) or max_tokens)
    if limit < max_tokens:
        _log.warning(
            "%s.max_tokens is %d, the model reads %d: inputs are cut there",
            section,
            max_tokens,
            limit,
        )
    return tokenizer, int(limit)


def _positions(config: Any) -> int | None:
    """The tokens that a model has positions for; None if it has no such limit."""
    positions: int | None = getattr(config, "max_position_embeddings", None)
    if positions and config.model_type in _PADDED_POSITIONS:
        return positions - (config.pad_token_id or 0) - 1
    return positions


def require_bidirectional(model: Any, folder: Path, section: str) -> None:
    """Refuse the first token as the vector of a text if it does not see the other tokens.

    Raises:
        EncoderError: If the state of the first token does not change with the tokens after it.
    """
    ids = torch.tensor([[0, *[1] * 7], [0, *[2] * 7]], device=model.device)
    with torch.inference_mode():
        states = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    if torch.allclose(states[0, 0], states[1, 0], rtol=1e-4, atol=1e-6):
        raise EncoderError(
            f"{section}.pooling must be last or mean for a decoder, whose first token sees no"
            f" other token, got cls: {folder}"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars and warnings of transformers; the callers check for errors."""
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


def _unloadable(error: Exception, folder: Path) -> EncoderError:
    if (code := _own_code(folder)) and "trust_remote_code" in str(error):
        return EncoderError(
            "an encoder must be a model that transformers itself implements, because the code of a"
            " model's folder is never run (trust_remote_code stays off), got one that needs"
            f" {code}; to use its vectors, compute them elsewhere and write {{kind: file}}:"
            f" {folder}"
        )
    reason = str(error).strip().split("\n")[0]
    return EncoderError(
        f"an encoder must be a model and a tokenizer that transformers can load, "
        f"got {type(error).__name__}: {reason}: {folder}"
    )


def _own_code(folder: Path) -> str | None:
    """The module that a folder brings for its model or tokenizer; None if it brings none."""
    for name in ("config.json", "tokenizer_config.json"):
        try:
            modules = json.loads((folder / name).read_text(encoding="utf-8"))["auto_map"]
        except (OSError, ValueError, LookupError, TypeError):
            continue
        return f"{next(iter(modules.values()), None)}" if isinstance(modules, dict) else name
    return None
