"""A trial's state on disk: written whole or not at all, read without running code."""

import os
from pathlib import Path
from typing import Any

import torch

from class_sweep.errors import TrainingError

CHECKPOINTS_KEPT = 2  # of a trial: the last may be torn by a crash
STATE_FILE = "state.pt"  # the one file of a checkpoint's folder


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write `state` so that `path` is always a whole checkpoint or absent."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)  # noqa: PTH105 - atomic, and named for it


def load_state(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint of `save_state`.

    Raises:
        TrainingError: If it is missing or damaged.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises its own, pickle's and zip's errors here
        raise TrainingError(f"a checkpoint must be readable: {path}: {error}") from error
    if not isinstance(state, dict) or "step" not in state:
        raise TrainingError(f"a checkpoint must hold a trial's state: {path}")
    return state
