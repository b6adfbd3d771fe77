"""The mean margin of each training pair over a short run, low for pairs that are probably wrong.

It is the AUM of Pleiss et al. 2020 (arXiv 2001.10528), with the other pairs of a batch in place of
the other classes.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.base.threads import torch_threads
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import Settings
from class_sweep.curriculum.baselines import BASELINES
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer


def mean_margins(
    settings: Settings, features: TrialFeatures, *, gpu: bool = False
) -> NDArray[np.float64]:
    """Train on the full data and average the margins of each pair.

    The run has one thread, so on a CPU the margins depend on the settings and the features alone.

    Args:
        settings: The backbone, the optimizer, the seed, and as `budget` the length of the run. The
            curriculum has no effect.
        features: The features of the data set.
        gpu: Train on the current CUDA device instead of the CPU.

    Returns:
        (L,) the mean margin of each training pair over the batches that drew it, in the order of
        the rows. A pair that no batch drew has the mean of all other pairs.

    Raises:
        ValueError: If the training pairs do not fill a batch.
        TrainingError: If the loss stops being a finite number.
    """
    full = {path.removeprefix("curriculum."): v for path, v in BASELINES["full_data"].items()}
    curriculum = Curriculum.model_validate(settings.curriculum.model_dump() | full)
    with torch_threads(1):
        trainer = Trainer(settings.model_copy(update={"curriculum": curriculum}), features, gpu=gpu)
        margins = _Means(trainer.schedule.pairs, trainer.device)
        trainer.observe_margins(margins)
        trainer.train_to(trainer.schedule.steps)
    return margins.means()


class _Means:
    """The sum and number of the margins of each pair, on the device."""

    def __init__(self, pairs: int, device: torch.device) -> None:
        """Begin without margins of `pairs` training pairs."""
        self._sums = torch.zeros(pairs, dtype=torch.float64, device=device)
        self._counts = torch.zeros_like(self._sums)

    def observe(self, pairs: torch.Tensor, margins: torch.Tensor) -> None:
        """Add the margins of a batch, whose pairs are distinct."""
        self._sums[pairs] += margins
        self._counts[pairs] += 1

    def means(self) -> NDArray[np.float64]:
        """(L,) the means of `mean_margins`."""
        drawn = self._counts > 0
        means = self._sums / self._counts
        return torch.where(drawn, means, means[drawn].mean()).cpu().numpy()
