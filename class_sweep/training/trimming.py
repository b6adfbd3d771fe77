"""Trimming: the running margin of each training pair, and the pairs that an epoch leaves out.

The margin is that of AUM (Pleiss et al. 2020, arXiv 2001.10528) in a batch of pairs: the score of a
pair minus the best score of its text or its molecule with another pair.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.curriculum.batch_sampler import CurriculumSampler


def batch_margins(scores: torch.Tensor) -> torch.Tensor:
    """(B,) z_ii − max(max over j ≠ i of z_ij, max over j ≠ i of z_ji) of (B, B) scores z."""
    itself = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    others = scores.masked_fill(itself, -torch.inf)
    return scores.diagonal() - torch.maximum(others.amax(dim=0), others.amax(dim=1))


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

    @torch.no_grad()
    def observe(
        self, pairs: torch.Tensor, backbone: Backbone, texts: Encoded, molecules: Encoded
    ) -> None:
        """Take the margins of a batch.

        Args:
            pairs: (B,) the training pairs of the batch.
            backbone: The model.
            texts: The encoded texts of the batch.
            molecules: The encoded molecules of the batch.
        """
        new = batch_margins(backbone.logits(texts, molecules))
        old = self._margins[pairs]
        self._margins[pairs] = torch.where(old.isposinf(), new, (old + new) / 2)

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
