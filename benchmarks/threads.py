"""Two trials with one thread each against one trial with two threads, on two cores.

`python benchmarks/threads.py [--quick] [--json FILE]`: the contrastive backbone over 256 + 1024
features of 16,174 pairs, with the same number of steps in total. The faster variant is the default
of `resources.cpus`, which sets the number of threads of a worker.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.config.document import parse_space
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive, hidden: {hidden}}}
curriculum: {{sigma: 0.9}}
optimizer: {{batch_size: {batch}}}
budget: {{epochs: 100}}
search: {{trials: 1}}
"""
SIZES = ((512, 128), (1024, 256))  # hidden units, batch
STEPS, ROUNDS = 40, 5
PAIRS, FAMILIES, LATENT = 16_174, 1_500, 32


def families(seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Text (L, 256) and molecule (L, 1024) features of pairs scattered around family centres."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(FAMILIES, LATENT))
    latent = centres[generator.integers(FAMILIES, size=PAIRS)]
    latent = latent + 0.5 * generator.normal(size=latent.shape)
    sides = (latent @ generator.normal(size=(LATENT, width)) for width in (256, 1024))
    text, molecule = (side.astype(np.float32) for side in sides)
    return text, molecule


def work(pipe: Connection) -> None:
    """The process of a trial: trains the requested steps with the requested threads."""
    text, molecule = families()
    index = build_index(text, molecule, [0.9])
    split = np.zeros(PAIRS, dtype=np.int8)
    features = TrialFeatures(text, molecule, split, {CLASS_SIMILARITY: index})
    trainers = {
        size: Trainer(parse_space(SPACE.format(hidden=size[0], batch=size[1])).settings, features)
        for size in SIZES
    }
    while order := pipe.recv():
        size, steps, threads = order
        torch.set_num_threads(threads)
        trainer = trainers[size]
        trainer.train_to(trainer.step + steps)
        pipe.send(True)


def timed(pipes: list[Connection], size: tuple[int, int], steps: int, threads: int) -> float:
    """The seconds until every process has trained its steps."""
    start = time.perf_counter()
    for pipe in pipes:
        pipe.send((size, steps, threads))
    for pipe in pipes:
        pipe.recv()
    return time.perf_counter() - start


def main() -> None:
    """Measure in turn, print the ratios, and write them to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there")
    options = parser.parse_args()
    steps, rounds = (STEPS // 4, 1) if options.quick else (STEPS, ROUNDS)
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(2)]
    processes = [context.Process(target=work, args=(end,)) for _, end in pairs]
    for process in processes:
        process.start()
    pipes = [end for end, _ in pairs]
    for size in SIZES:  # loads the libraries
        timed(pipes, size, 5, 1)
    figures = {}
    for size in SIZES:
        ratios = []
        for _ in range(rounds):
            apart = timed(pipes, size, steps, 1)
            together = timed(pipes[:1], size, 2 * steps, 2)
            ratios.append(together / apart)
        name = f"hidden {size[0]}, batch {size[1]}"
        figures[name] = statistics.median(ratios)
        print(f"{name:24} one trial of 2 threads / two of 1: {figures[name]:.2f} × the time")
    print(f"load {os.getloadavg()[0]:.1f}")
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
