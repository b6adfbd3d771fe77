"""Trimming: the running margin of each training pair, and the pairs that an epoch leaves out."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.curriculum.batch_sampler import CurriculumSampler


class Trimming:
    """The running margin of each training pair, and the pairs that the present epoch leaves out.

    A margin is m ← (m + margin in the batch)/2 whenever its pair is drawn; the first is the margin
    in the batch itself. Margins stay on the device and are copied to the host once in an epoch.
    """

    def __init__(self, sampler: CurriculumSampler, device: torch.device) -> None:
        """Begin without margins.

        Args:
            sampler: The batches of the trial.
            device: The device of the backbone.
        """
        self._sampler = sampler
        self._margins = torch.full((sampler.schedule.pairs,), torch.inf, device=device)
        self._epoch = -1
        self._left_out = np.empty(0, np.int64)

    def observe(self, pairs: torch.Tensor, margins: torch.Tensor) -> None:
        """Update the running margins of a batch, whose pairs are distinct."""
        old = self._margins[pairs]
        self._margins[pairs] = torch.where(old.isposinf(), margins, (old + margins) / 2)

    def left_out_of(self, epoch: int) -> NDArray[np.int64]:
        """The pairs that an epoch leaves out, chosen by the margins when it is first asked for."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._left_out = self._sampler.lowest(epoch, self._margins.cpu().numpy())
        return self._left_out

    def state_dict(self) -> dict[str, Any]:
        """The state of a checkpoint."""
        return {
            "margins": self._margins,
            "epoch": self._epoch,
            "left_out": torch.from_numpy(self._left_out),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`."""
        self._margins.copy_(state["margins"])
        self._epoch = int(state["epoch"])
        self._left_out = state["left_out"].cpu().numpy()
