"""A trial's state on disk: written whole or not at all, read without running code."""

import os
from pathlib import Path
from typing import IO, Any

import torch

from class_sweep.errors import TrainingError

STATE_FILE = "state.pt"  # of a training in its folder


def save_state(to: Path | IO[bytes], state: dict[str, Any]) -> None:
    """Write `state` so that a path is always a whole checkpoint or absent; or into an open file."""
    if not isinstance(to, Path):
        torch.save(state, to)
        return
    partial = to.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())  # else a machine that fails may leave the name without its content
    partial.replace(to)


def load_state(path: Path | IO[bytes], device: torch.device) -> dict[str, Any]:
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
