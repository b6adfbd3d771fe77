"""The training loop of one trial. A cut and resumed run equals an uncut run to the bit."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Encoded, build_backbone, require_hard_negatives
from class_sweep.backbones.batch import Batch
from class_sweep.config.sections import Optimizer, Settings
from class_sweep.curriculum.batch_sampler import CurriculumSampler, no_pairs
from class_sweep.curriculum.intensity import loss_weights
from class_sweep.curriculum.order import difficulty_order
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import TrainingError
from class_sweep.training.accumulation import JoinedParts, parts_of
from class_sweep.training.batch_margins import MarginObserver, batch_margins
from class_sweep.training.checkpoint import load_state, save_state
from class_sweep.training.encoding import encode
from class_sweep.training.features import TrialFeatures
from class_sweep.training.replicas import Replicas, dropout_seed
from class_sweep.training.split_metrics import split_metrics, split_ranks
from class_sweep.training.trimming import Trimming

Item = TypeVar("Item")

Slices = tuple[list[Batch], ...]
"""A batch cut into slices, one for each process, each slice in parts of the micro-batch size."""

_CPU = torch.device("cpu")


class Trainer:
    """The training of a backbone under a schedule, with the complete state of a checkpoint.

    Attributes:
        settings: The settings of the trial.
        features: The features of the data set.
        schedule: The pools, steps and samples of every epoch.
        backbone: The model in training.
        loss_weights: The intensity of every epoch.
        device: The device of the backbone.
        step: The number of optimizer steps so far.
        seconds: The wall time of these steps, in whatever processes they were made.
    """

    def __init__(
        self,
        settings: Settings,
        features: TrialFeatures,
        *,
        gpu: bool = False,
        replicas: Replicas | None = None,
    ) -> None:
        """Initialise from the seed of the trial alone, whatever the process has trained before.

        Args:
            settings: The trial's settings; `search.seed` seeds weights, dropout and batches.
            features: The features of the data set.
            gpu: Train on the current CUDA device instead of the CPU.
            replicas: Further processes that each encode a slice of every batch.

        Raises:
            ValueError: If the curriculum does not fit the data or the backbone's loss.
            DataError: If the index has no counts at σ.
        """
        self.settings = settings
        self.features = features
        self.device = torch.device("cuda" if gpu else "cpu")
        self.step = 0
        self.seconds = 0.0
        seed = settings.search.seed
        torch.manual_seed(seed)
        self._rows = features.rows("train")
        self.schedule = Schedule.of(settings, len(self._rows))
        self._sampler = CurriculumSampler(
            self.schedule,
            curriculum_order(settings, features),
            seed,
            lengths=features.pair_lengths(self._rows),
            length_window=settings.optimizer.length_window,
        )
        self._trimming: Trimming | None = None
        self._left_out_of: Callable[[int], NDArray[np.int64]] = no_pairs
        if any(self.schedule.left_out) and settings.curriculum.trim_by == "difficulty":
            easiness = -features.difficulty_for(settings.curriculum).astype(np.float64)
            self._left_out_of = partial(self._sampler.lowest, margins=easiness)
        elif any(self.schedule.left_out):
            self._trimming = Trimming(self._sampler, self.device)
            self._left_out_of = self._trimming.left_out_of
        self._observers: list[MarginObserver] = [self._trimming] if self._trimming else []
        inputs = features.input_spec(settings)
        self.backbone = build_backbone(settings.backbone, inputs).to(self.device)
        require_hard_negatives(type(self.backbone), settings.curriculum.hard_negatives)
        self.backbone.hard_negatives = settings.curriculum.hard_negatives
        self.loss_weights = loss_weights(
            settings.curriculum, settings.budget.epochs, self.backbone.parts
        )
        # One transfer for the trial, instead of a gather and a transfer in each step.
        self._resident = self._all_rows() if gpu and features.are_vectors else None
        # On a CPU a second thread would take its core from the step.
        self._makes_batches_ahead = gpu and (self._resident is None or replicas is not None)
        self._optimizer = torch.optim.AdamW(
            self.backbone.parameter_groups(settings.optimizer),
            lr=settings.optimizer.lr,
            fused=True,
        )
        critic = self.backbone.critic
        self._critic_optimizer = critic.optimizer() if critic else None
        self._replicas = replicas or Replicas(0)
        self._replicas.load(self.backbone, settings.backbone, inputs)

    def observe_margins(self, observer: MarginObserver) -> None:
        """Give the margins of every further batch to an observer."""
        self._observers.append(observer)

    @property
    def samples(self) -> int:
        """The number of samples so far."""
        return self.step * self.schedule.batch_size

    def train_to(self, step: int) -> float:
        """Train until `step` optimizer steps have been made; return the mean loss of the new steps.

        The returned loss is the sum of the backbone's parts without the intensity.

        Raises:
            TrainingError: If the loss stops being a finite number.
        """
        start = time.perf_counter()
        self.backbone.train()
        losses = []
        for epoch, block in self._sampler.spans(self.step, step, self._left_out_of):
            factors = {part: curve[epoch] for part, curve in self.loss_weights.loss.items()}
            rate_factor = self.loss_weights.rate[epoch]
            pairs = torch.from_numpy(block).to(self.device)
            for slices, drawn in zip(self._batches(block), pairs, strict=True):
                share = rate_share(self.settings.optimizer, self.step, self.schedule.steps)
                for group in self._optimizer.param_groups:
                    group["lr"] = group["peak"] * share * rate_factor
                with self._replicas.ended_on_error():
                    losses.append(self._train_on(slices, drawn, factors))
                self.step += 1
        mean = float(torch.stack(losses).mean()) if losses else math.nan
        self.seconds += time.perf_counter() - start
        if losses and not math.isfinite(mean):
            raise TrainingError(
                f"the loss must stay a finite number, got {mean} by step {self.step}"
                f" (lr {self.settings.optimizer.lr:g})"
            )
        return mean

    def _train_on(
        self, slices: Slices, pairs: torch.Tensor, factors: dict[str, float]
    ) -> torch.Tensor:
        """One optimizer step on a batch; the unweighted loss, ().

        Args:
            slices: The batch; see `_batches`.
            pairs: (B,) its training pairs.
            factors: The intensity of each part of the loss.
        """
        joined = self._joined(slices)
        texts, molecules = joined.sides if joined else self._encode(slices[0][0])
        self._train_critic(texts, molecules, factors)
        if self._observers:
            with torch.no_grad():
                margins = batch_margins(self.backbone.logits(texts, molecules))
            for observer in self._observers:
                observer.observe(pairs, margins)
        parts = self.backbone.loss_parts(texts, molecules)
        # A factor of 1 is left out: full data then costs no more than a loop without intensity.
        scaled = (
            part if factors[name] == 1 else part * factors[name] for name, part in parts.items()
        )
        weighted = reduce(add, scaled)
        self._optimizer.zero_grad(set_to_none=True)
        weighted.backward()  # type: ignore[no-untyped-call]
        if joined:
            joined.backward()
        self._replicas.add_gradients()
        self._optimizer.step()
        self._replicas.share_weights()
        return reduce(add, (loss.detach() for loss in parts.values()))

    def _train_critic(self, texts: Encoded, molecules: Encoded, factors: dict[str, float]) -> None:
        """The steps of the backbone's critic, if it has one, on the present embeddings."""
        critic, optimizer = self.backbone.critic, self._critic_optimizer
        if critic is None or optimizer is None:
            return
        factor = factors[critic.part] if critic.part else 1
        for _ in range(critic.steps):
            optimizer.zero_grad(set_to_none=True)
            loss = factor * critic.loss(texts["embedding"], molecules["embedding"])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def _joined(self, slices: Slices) -> JoinedParts | None:
        """The encoded batch in its parts; None if it has one part."""
        *others, own = slices
        if not others and len(own) == 1:
            return None
        seed = self.settings.search.seed
        seeds = [dropout_seed(seed, self.step, number) for number in range(len(others))]
        remote = self._replicas.encode(others, seeds)
        # Remote parts first: their backward runs elsewhere, beside that of our own part.
        return JoinedParts([*remote, *parts_of(self._encode, own)])

    def _encode(self, batch: Batch) -> tuple[Encoded, Encoded]:
        return encode(self.backbone, batch, self.device)

    def _batches(self, block: NDArray[np.int64]) -> Iterator[Slices]:
        """The batches of (n, B) training pairs, each cut into a slice for every process.

        The last slice is that of this process. Each slice is in parts of the micro-batch size.
        """
        *others, own = np.array_split(block, self._replicas.count + 1, axis=1)
        size = self.settings.optimizer.micro_batch_size or block.shape[1]
        made = zip(
            *(self._made(part, size, _CPU) for part in others), self._own(own, size), strict=True
        )
        yield from one_ahead(made) if self._makes_batches_ahead else made

    def _own(self, block: NDArray[np.int64], size: int) -> Iterator[list[Batch]]:
        """The slices of this process, on its device."""
        if self._resident is None:
            yield from self._made(block, size, self.device)
            return
        for batch in torch.from_numpy(block).to(self.device):
            yield [self._resident.of_vectors(part) for part in batch.split(size)]

    def _made(
        self, block: NDArray[np.int64], size: int, device: torch.device
    ) -> Iterator[list[Batch]]:
        for rows in self._rows[block]:
            parts = np.split(rows, range(size, len(rows), size))
            yield [self.features.batch(part, device) for part in parts]

    def evaluate(self, split: str, pools: tuple[str, ...]) -> dict[str, float]:
        """Every metric of a split; see `class_sweep.training.split_metrics`."""
        return split_metrics(self.backbone, self.features, split, pools, self.device)

    def ranks(self, split: str, pools: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
        """The rank of every query of a split; see `class_sweep.training.split_metrics`."""
        return split_ranks(self.backbone, self.features, split, pools, self.device)

    def save(self, to: Path | IO[bytes]) -> None:
        """Write a checkpoint."""
        state: dict[str, Any] = {
            "step": self.step,
            "seconds": self.seconds,
            "backbone": self.backbone.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "rng": torch.get_rng_state(),
        }
        if self._critic_optimizer:
            state["critic_optimizer"] = self._critic_optimizer.state_dict()
        if self._trimming:
            state["trimming"] = self._trimming.state_dict()
        if self.device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state()
        save_state(to, state)

    def restore(self, path: Path | IO[bytes]) -> None:
        """Continue from a checkpoint of `save`; on the CPU the results are equal to the bit."""
        state = load_state(path, self.device)
        self.step = int(state["step"])
        self.seconds = float(state.get("seconds", 0))  # 0.2 did not save them
        self.backbone.load_state_dict(state["backbone"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._critic_optimizer:
            self._critic_optimizer.load_state_dict(state["critic_optimizer"])
        if self._trimming:
            self._trimming.load_state_dict(state["trimming"])
        self._replicas.share_state()
        torch.set_rng_state(state["rng"].cpu())
        if "cuda_rng" in state and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"].cpu())

    def _all_rows(self) -> Batch:
        """All training pairs, on the trial's device."""
        return self.features.batch(self._rows, self.device)


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The items, each made by another thread while the caller works on the one before."""
    with ThreadPoolExecutor(1, "batches") as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item


def curriculum_order(settings: Settings, features: TrialFeatures) -> NDArray[np.int64]:
    """(L,) the training pairs in the sequence in which they enter the pool.

    A difficulty without an effect is not read, so that it need not be computed.

    Args:
        settings: The trial's settings; `search.seed` seeds a random order and tie-break.
        features: The difficulties and indexes of the training pairs.

    Raises:
        DataError: If the features lack the difficulty or the similarity.
    """
    curriculum, index = settings.curriculum, features.index_for(settings.curriculum)
    idle = "curriculum.difficulty" in curriculum.idle(settings)
    return difficulty_order(
        np.zeros(len(index.counts)) if idle else features.difficulty_for(curriculum),
        index.mean_similarity,
        order=curriculum.order,
        tie_break=curriculum.tie_break,
        seed=settings.search.seed,
        nearest=index.neighbours,
        nearest_similarity=index.neighbour_similarity,
    )


def rate_share(settings: Optimizer, step: int, steps: int) -> float:
    """The learning rate of a step as a fraction of its peak: linear warm-up, then a cosine to 0.

    The cosine ends at the trial's own last step. Over the steps of full data, the rate of a
    curriculum run would end at a tenth of the peak.

    Args:
        settings: The warm-up, as a fraction of the steps or as a number of steps.
        step: From 0.
        steps: The steps of the whole trial.
    """
    warmup_steps = settings.warmup_steps
    if warmup_steps is None:
        warmup_steps = math.floor(settings.warmup * steps)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / max(1, steps - warmup_steps)
    return (1 + math.cos(math.pi * progress)) / 2
