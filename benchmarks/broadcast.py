"""The private memory of a worker: shared arrays against arrays in a closure.

`python benchmarks/broadcast.py [--quick] [--json FILE]`: private memory (USS) of workers after a
complete small trial, minus that of a worker that ran it over very little data. The difference
contains neither torch nor the model nor its optimizer.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import ray
from ray import tune

from class_sweep.config.document import Space, parse_space
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.execution.checkpoints import LocalCheckpointStore
from class_sweep.execution.cluster.local import local_ray
from class_sweep.execution.tune.trainable import CurriculumTrial
from class_sweep.training.features import TrialFeatures

PAIRS, QUICK_PAIRS, FEW = 20_000, 8_000, 1_000  # Ray refuses closures of more than 95 MiB
TEXT, MOLECULE = 768, 300  # SciBERT and Mol2vec
WORKERS = 3
SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive, hidden: 64, dimension: 64}
curriculum: {order: {choice: [easy_first, hard_first]}, sigma: 0.9, alpha: 0.5}
optimizer: {batch_size: 128}
budget: {epochs: 1}
search: {trials: 1}
pruning: {kind: none}
"""
CONFIG = {
    "trial": 0, "values": {"curriculum.order": "hard_first"}, "state": "state.pt", "reached": 0,
}  # fmt: skip
CHECKPOINTS = LocalCheckpointStore(Path("checkpoints"))  # none is written


def corpus(pairs: int) -> dict[str, np.ndarray]:
    """Random features of the size of real ones, a tenth of them validation, and their index."""
    generator = np.random.default_rng(0)
    text = generator.standard_normal((pairs, TEXT), dtype=np.float32)
    molecule = generator.standard_normal((pairs, MOLECULE), dtype=np.float32)
    split = (np.arange(pairs) % 10 == 0).astype(np.int8)
    index = build_index(text[split == 0], molecule[split == 0], [0.9])
    return TrialFeatures(text, molecule, split, {CLASS_SIMILARITY: index}).arrays()


def shared(space: Space, arrays: dict[str, np.ndarray]) -> type:
    """The trainable of class-sweep: each worker maps the arrays from the object store."""
    bound: type = tune.with_parameters(
        CurriculumTrial, space=space, features=arrays, gpu=False, checkpoints=CHECKPOINTS
    )
    return bound


def captured(space: Space, arrays: dict[str, np.ndarray]) -> type:
    """A trainable whose closure contains the arrays, as in a script that loads them globally."""

    class Captured(CurriculumTrial):
        def setup(self, config: dict[str, Any]) -> None:
            super().setup(config, space=space, features=arrays, gpu=False, checkpoints=CHECKPOINTS)

    return Captured


def private_bytes(trainable: type, workers: int) -> list[int]:
    """The USS of each worker after a complete trial."""
    actors, sizes = [], []
    for _ in range(workers):
        actors.append(ray.remote(trainable).options(num_cpus=0).remote(config=dict(CONFIG)))
        ray.get(actors[-1].train.remote())
        uss = actors[-1].__ray_call__.remote(lambda _: psutil.Process().memory_full_info().uss)
        sizes.append(int(ray.get(uss)))
    for actor in actors:
        ray.kill(actor)
    return sizes


def main() -> None:
    """Measure, print a table, and write the ratio to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratio there")
    options = parser.parse_args()
    space = parse_space(SPACE)
    pairs = QUICK_PAIRS if options.quick else PAIRS
    few, many = corpus(FEW), corpus(pairs)
    size = sum(array.nbytes for array in many.values())
    print(f"{pairs:,} pairs, {size / 2**20:.0f} MiB with the index; load {os.getloadavg()[0]:.1f}")
    with local_ray():
        base = min(private_bytes(shared(space, few), 2))
        print(f"a worker over {FEW:,} pairs: {base / 2**20:.0f} MiB private")
        extra = {}
        for name, make in (("ours", shared), ("closure", captured)):
            sizes = [uss - base for uss in private_bytes(make(space, many), WORKERS)]
            extra[name] = sum(sizes) / len(sizes)
            each = ", ".join(f"{size_ / 2**20:.0f}" for size_ in sizes)
            print(f"{name:8} + {each} MiB for each worker: {extra[name] / size:.1%} of the corpus")
    figures = {
        "private_share_of_corpus": extra["ours"] / size,
        "closure_share_of_corpus": extra["closure"] / size,
    }
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
