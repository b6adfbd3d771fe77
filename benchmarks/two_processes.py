"""A trial on two processes against the same trial on one, each process with one thread.

`python benchmarks/two_processes.py [--quick] [--json FILE]`: `contrastive` over a trained
transformer of SciBERT's depth (12 layers; `--width` units, half as many quick), batches of 32 texts
of 64 tokens, no dropout. Keys: `speedup`, the time of a step on one process over that on two (the
ideal is 2, on two free cores); `work`, the CPU time of a step of both processes over that of one
(the ideal is 1; other load hardly changes it); and `loss_difference`, the largest relative one.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import torch
from common import save_bert

from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.config.document import parse_space
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer
from class_sweep.training.replicas import Replicas

SPACE = """\
data: {{source: names}}
text_encoder: {{model: {model}, trainable: true}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive, dropout: 0}}
curriculum: {{sigma: 0.9}}
optimizer: {{batch_size: 32, text_encoder_lr: 2e-5}}
budget: {{epochs: 100}}
search: {{trials: 1}}
"""
PAIRS, TOKENS = 640, 64
STEPS, ROUNDS = 4, 5


def pairs(width: int) -> TrialFeatures:
    """Random pairs, texts of some width: the time of a step does not depend on what they say."""
    generator = np.random.default_rng(0)
    text, molecule = (generator.normal(size=(PAIRS, n)).astype(np.float32) for n in (width, 256))
    ids = generator.integers(4, 100, PAIRS * TOKENS).astype(np.int32)
    return TrialFeatures(
        text,
        molecule,
        np.zeros(PAIRS, np.int8),
        {CLASS_SIMILARITY: build_index(text, molecule, [0.9])},
        tokens=Ragged(ids, offsets_of(np.full(PAIRS, TOKENS))),
    )


def without_dropout(folder: Path, width: int) -> Path:
    """A transformer with random weights, whose dropout would be drawn slice by slice."""
    save_bert(folder, ["the acid of the alcohol"], width=width)
    path = folder / "config.json"
    rates = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    path.write_text(json.dumps(json.loads(path.read_text()) | rates))
    return folder


def cpu_seconds() -> float:
    """The CPU time of this process and of its replicas."""
    processes = [psutil.Process(), *psutil.Process().children()]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def main() -> None:
    """Train both in turn, print the ratio, and write it to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--width", type=int, default=256, help="units of the transformer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    width, rounds = (options.width // 2, 2) if options.quick else (options.width, ROUNDS)
    torch.set_num_threads(1)
    features = pairs(width)
    with tempfile.TemporaryDirectory() as folder, Replicas(1) as replicas:
        model = without_dropout(Path(folder), width)
        settings = parse_space(SPACE.format(model=model)).settings
        trainers = [Trainer(settings, features), Trainer(settings, features, replicas=replicas)]
        ratios, works, apart = [], [], 0.0
        for done in range(0, (rounds + 1) * STEPS, STEPS):
            seconds, work, losses = [], [], []
            for trainer in trainers:
                start, before = time.perf_counter(), cpu_seconds()
                losses.append(trainer.train_to(done + STEPS))
                seconds.append(time.perf_counter() - start)
                work.append(cpu_seconds() - before)
            apart = max(apart, abs(losses[1] / losses[0] - 1))
            if done:  # the first steps load the libraries
                ratios.append(seconds[0] / seconds[1])
                works.append(work[1] / work[0])
                step = " and ".join(f"{1000 * each / STEPS:.0f}" for each in seconds)
                print(f"a step on one and on two processes: {step} ms, {ratios[-1]:.2f} × as fast")
    figures = {"speedup": statistics.median(ratios), "work": statistics.median(works)}
    figures["loss_difference"] = apart
    print(f"two processes of one thread: {figures['speedup']:.2f} × as fast as one (ideal: 2)")
    print(f"the CPU time of both: {figures['work']:.2f} × that of one (ideal: 1)")
    print(f"largest relative difference of the losses: {apart:.1e}; load {os.getloadavg()[0]:.1f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
