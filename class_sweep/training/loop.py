"""One trial's training: from any step to any later one, the same to the bit however it is cut."""

import math
from collections.abc import Iterator
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Batch
from class_sweep.backbones.catalogue import build_backbone
from class_sweep.config.sections import Curriculum, Settings
from class_sweep.curriculum.intensity import emphasis
from class_sweep.curriculum.order import introduce
from class_sweep.curriculum.sampler import CurriculumSampler
from class_sweep.curriculum.schedule import plan
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.errors import DataError, TrainingError
from class_sweep.training.checkpoint import load_state, save_state
from class_sweep.training.evaluation import evaluate
from class_sweep.training.features import TrialFeatures


class Trainer:
    """A backbone under a schedule, with all the state that a checkpoint needs."""

    def __init__(self, settings: Settings, features: TrialFeatures, *, gpu: bool = False) -> None:
        """Initialise from the trial's seed alone; nothing of an earlier trial carries over.

        Args:
            settings: The trial's settings; `search.seed` seeds weights, dropout and batches.
            features: What it trains on.
            gpu: Train on the current CUDA device instead of the CPU.

        Raises:
            ValueError: If the curriculum does not fit the data or the backbone's loss.
            DataError: If the index lacks what the curriculum asks of it.
        """
        self.settings = settings
        self.features = features
        self.device = torch.device("cuda" if gpu else "cpu")
        self.step = 0
        seed = settings.search.seed
        torch.manual_seed(seed)
        self._rows = features.rows("train")
        self._index = features.index_for(settings.curriculum)
        self.schedule = plan(
            settings.curriculum,
            epochs=settings.budget.epochs,
            pairs=len(self._rows),
            batch_size=settings.optimizer.batch_size,
        )
        self._sampler = CurriculumSampler(
            self.schedule,
            introduced(settings.curriculum, self._index, seed),
            seed,
            nearest=self._nearest(),
            group_size=settings.curriculum.group_size,
        )
        self.backbone = build_backbone(
            settings.backbone, features.text.shape[1], features.molecule.shape[1]
        ).to(self.device)
        self._emphasis = emphasis(settings.curriculum, settings.budget.epochs, self.backbone.parts)
        # Once for a trial, where each step would wait for a gather on the host and a transfer.
        self._resident = self._all_rows() if gpu else None
        self._optimizer = torch.optim.AdamW(
            self.backbone.parameter_groups(settings.optimizer.weight_decay),
            lr=settings.optimizer.lr,
            fused=True,
        )

    @property
    def samples(self) -> int:
        """Samples seen so far."""
        return self.step * self.schedule.batch_size

    def train_to(self, step: int) -> float:
        """Train up to `step` optimizer steps in all; return the mean loss on the way.

        The loss is the plain sum of the backbone's parts, whatever the intensity.

        Raises:
            TrainingError: If the loss stops being a finite number.
        """
        self.backbone.train()
        losses = []
        for epoch, block in self._sampler.spans(self.step, step):
            factors = {part: curve[epoch] for part, curve in self._emphasis.loss.items()}
            rate_factor = self._emphasis.rate[epoch]
            for batch in self._batches(block):
                rate = learning_rate(self.settings, self.step, self.schedule.steps)
                for group in self._optimizer.param_groups:
                    group["lr"] = rate * rate_factor
                losses.append(self._train_on(batch, factors))
                self.step += 1
        mean = float(torch.stack(losses).mean()) if losses else math.nan
        if losses and not math.isfinite(mean):
            raise TrainingError(
                f"the loss must stay a finite number, got {mean} by step {self.step}"
                f" (lr {self.settings.optimizer.lr:g})"
            )
        return mean

    def _train_on(self, batch: Batch, factors: dict[str, float]) -> torch.Tensor:
        """One optimizer step; the unweighted loss, ()."""
        parts = self.backbone.loss_parts(batch)
        # A factor of 1 is no operation: full data then costs what a loop without intensity costs.
        scaled = (
            part if factors[name] == 1 else part * factors[name] for name, part in parts.items()
        )
        weighted = reduce(add, scaled)
        self._optimizer.zero_grad(set_to_none=True)
        weighted.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return reduce(add, (loss.detach() for loss in parts.values()))

    def _batches(self, block: NDArray[np.int64]) -> Iterator[Batch]:
        """The batches of (n, B) training pairs."""
        if self._resident is None:
            for rows in self._rows[block]:
                yield Batch(
                    self.features.texts(rows, self.device),
                    self.features.molecules(rows, self.device),
                )
        else:
            for chosen in torch.from_numpy(block).to(self.device):
                yield Batch(self._resident.texts[chosen], self._resident.molecules[chosen])

    def evaluate(self, split: str, pools: tuple[str, ...]) -> dict[str, float]:
        """Metrics over a split; see `class_sweep.training.evaluation`."""
        return evaluate(self.backbone, self.features, split, pools, self.device)

    def save(self, path: Path) -> None:
        """Write everything that going on from here needs."""
        state: dict[str, Any] = {
            "step": self.step,
            "backbone": self.backbone.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "rng": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state()
        save_state(path, state)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint of `save`, to the bit on the CPU."""
        state = load_state(path, self.device)
        self.step = int(state["step"])
        self.backbone.load_state_dict(state["backbone"])
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"].cpu())
        if "cuda_rng" in state and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"].cpu())

    def _all_rows(self) -> Batch:
        """Every training pair, on the trial's device."""
        return Batch(
            self.features.texts(self._rows, self.device),
            self.features.molecules(self._rows, self.device),
        )

    def _nearest(self) -> NDArray[np.int32] | None:
        """The (L, m) neighbours that batches are made of, or None for random batches."""
        if self.settings.curriculum.batching == "random":
            return None
        nearest = self._index.neighbours
        if nearest.shape[1] == 0:
            raise DataError(
                "batching neighbourhood needs an index that keeps neighbours, got one with none"
            )
        return nearest


def introduced(curriculum: Curriculum, index: DifficultyIndex, seed: int) -> NDArray[np.int64]:
    """(L,) the training pairs as a curriculum introduces them.

    Raises:
        DataError: If the index was not counted at its σ.
    """
    quantile = curriculum.sigma_quantile
    sigma = curriculum.sigma if quantile is None else index.sigma_at(quantile)
    return introduce(
        index.at(sigma),
        index.mean_similarity,
        order=curriculum.order,
        ties=curriculum.ties,
        seed=seed,
    )


def learning_rate(settings: Settings, step: int, steps: int) -> float:
    """Linear warm-up, then a cosine to 0 over the trial's own number of steps.

    Over its own: on the full-data schedule a curriculum run would end at a tenth of its peak.
    """
    warm = math.floor(settings.optimizer.warmup * steps)
    if step < warm:
        return settings.optimizer.lr * (step + 1) / (warm + 1)
    progress = (step - warm) / max(1, steps - warm)
    return settings.optimizer.lr * (1 + math.cos(math.pi * progress)) / 2
