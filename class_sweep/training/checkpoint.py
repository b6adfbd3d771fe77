"""The checkpoint of a trial: written completely or not at all, read without running its code."""

from pathlib import Path
from typing import IO, Any

import torch

from class_sweep.base.files import atomic_file
from class_sweep.errors import TrainingError

STATE_FILE = "state.pt"  # the name of the checkpoint in a training's folder


def partial_file(path: Path) -> Path:
    """The file that becomes a checkpoint at `path`; a killed process leaves it."""
    return path.with_suffix(".partial")


def save_state(to: Path | IO[bytes], state: dict[str, Any]) -> None:
    """Write a checkpoint to a path or into an open file; a path never has a partial checkpoint."""
    if not isinstance(to, Path):
        torch.save(state, to)
        return
    with atomic_file(to, partial=partial_file(to)) as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:  # torch's own words for a write that the disk refused
            raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def load_state(path: Path | IO[bytes], device: torch.device) -> dict[str, Any]:
    """Read a checkpoint of `save_state`.

    Args:
        path: The file, or an open file.
        device: The device of the tensors.

    Raises:
        TrainingError: If it is missing or damaged.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch, pickle and zip raise many kinds
        raise TrainingError(f"a checkpoint must be readable: {path}: {error}") from error
    if not isinstance(state, dict) or "step" not in state:
        raise TrainingError(f"a checkpoint must hold a trial's state: {path}")
    return state
