"""The time of neighbourhood batches against a training epoch, and the neighbours they collect.

`python benchmarks/batching.py [--quick] [--json FILE]`: 16,174 pairs of synthetic families, batches
of 128, the contrastive backbone over 256 + 1024 features on one thread, as in a trial of one core.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.config.document import parse_space
from class_sweep.curriculum.batch_sampler import CurriculumSampler
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

PAIRS, FAMILIES, LATENT = 16_174, 1_500, 32
GROUP_SIZES = (2, 4, 8, 16, 32)
LOOK_ALIKES = 8  # nearest neighbours of a pair that are counted in its batch
SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive, hidden: 512}
curriculum: {sigma: 0.9}
optimizer: {batch_size: 128}
budget: {epochs: 100}
search: {trials: 1}
"""


def families(seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Text (L, 256) and molecule (L, 1024) features of pairs scattered around family centres."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(FAMILIES, LATENT))
    latent = centres[generator.integers(FAMILIES, size=PAIRS)]
    latent = latent + 0.5 * generator.normal(size=latent.shape)
    sides = (latent @ generator.normal(size=(LATENT, width)) for width in (256, 1024))
    text, molecule = (side.astype(np.float32) for side in sides)
    return text, molecule


def seconds_an_epoch(trainer: Trainer, steps: int, repeats: int) -> float:
    """Median wall seconds of one epoch's steps, from `repeats` runs of `steps`."""
    trainer.train_to(trainer.step + 10)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        trainer.train_to(trainer.step + steps)
        times.append(time.perf_counter() - start)
    return statistics.median(times) / steps * (PAIRS // trainer.schedule.batch_size)


def seconds_to_batch(sampler: CurriculumSampler, epochs: int) -> float:
    """Median wall seconds of composing one epoch's batches."""
    times = []
    for epoch in range(epochs):
        start = time.perf_counter()
        sampler.epoch(epoch)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def neighbours_in_batch(sampler: CurriculumSampler, nearest: NDArray[np.int32]) -> float:
    """Mean number of a pair's nearest neighbours in its batch, over an epoch."""
    batches = sampler.epoch(0)
    batch_of = np.full(PAIRS, -1)
    batch_of[batches] = np.arange(len(batches))[:, None]
    rows = batches.ravel()
    batch, neighbours = batch_of[rows, None], batch_of[nearest[rows, :LOOK_ALIKES]]
    return float((batch == neighbours).sum(axis=1).mean())


def main() -> None:
    """Measure, print a table, and write the ratios to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there")
    arguments = parser.parse_args()
    text, molecule = families()
    index = build_index(text, molecule, [0.9])
    nearest = index.neighbours
    torch.set_num_threads(1)
    split = np.zeros(PAIRS, dtype=np.int8)
    trainer = Trainer(
        parse_space(SPACE).settings, TrialFeatures(text, molecule, split, {CLASS_SIMILARITY: index})
    )
    epoch = seconds_an_epoch(trainer, *((40, 5) if arguments.quick else (126, 7)))
    order = np.arange(PAIRS)
    samplers = {"random": CurriculumSampler(trainer.schedule, order, 0)} | {
        f"neighbourhood, groups of {size}": CurriculumSampler(
            trainer.schedule, order, 0, nearest=nearest, group_size=size
        )
        for size in GROUP_SIZES
    }
    print(f"one epoch of training: {epoch:.2f} s, {PAIRS:,} pairs in batches of 128, one thread")
    print(f"{'batches':<28}{'to compose':>12}{'of an epoch':>13}{'look-alikes':>17}")
    shares = {}
    for name, sampler in samplers.items():
        seconds = seconds_to_batch(sampler, 10 if arguments.quick else 50)
        shares[name] = seconds / epoch
        met = neighbours_in_batch(sampler, nearest)
        cells = f"{1e3 * seconds:>9.2f} ms{shares[name]:>12.2%}{met:>11.2f} of {LOOK_ALIKES}"
        print(f"{name:<28}{cells}")
    if arguments.json:
        neighbourhood = max(share for name, share in shares.items() if name != "random")
        ratios = {
            "batching_share_of_epoch": round(neighbourhood, 5),
            "random_share_of_epoch": round(shares["random"], 5),
        }
        arguments.json.write_text(json.dumps(ratios) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
