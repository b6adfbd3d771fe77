"""Learned and fixed temperatures of a backbone, over learning rates and paired seeds.

`python benchmarks/temperatures.py [DATA_FOLDER] [--backbone MAPPING] [--text MAPPING]
[--vectors FILE] [--limit PAIRS] [--batch PAIRS] [--epochs N] [--rates LR …]
[--hard-negatives RHO] [--seeds N] [--quick] [--json FILE]`: the data set has MolT5's layout;
without one, the embedded pairs are used. The product's trainer trains full data with one thread.
One seed starts every arm from the same weights. The table has the MRR on validation (pool: the
split, mean of both directions) in points, with standard errors over the seeds, and the paired
difference from the learned temperature at the best rate of each. Keys: `ARM, lr RATE` with `mrr`
and `error`.
"""

import argparse
import json
import math
import shutil
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

import torch

from class_sweep.base.array_cache import ArrayCache, default_cache_folder
from class_sweep.config.document import parse_space
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.training.loop import Trainer

ARMS = {
    "learned from 0.07": {"backbone.learn_temperature": True, "backbone.temperature": 0.07},
} | {
    f"fixed {temperature}": {
        "backbone.learn_temperature": False, "backbone.temperature": temperature,
    }
    for temperature in (0.05, 0.07, 0.1, 0.15)
}  # fmt: skip
LEARNED = "learned from 0.07"
PAIRS, QUICK_PAIRS = 6_000, 700  # of the embedded source


def space_text(options: argparse.Namespace) -> str:
    """The space that contains every arm."""
    source = f"{{source: chebi20, path: {options.data}}}"
    if options.data is None:
        source = f"{{source: names, limit: {options.limit or PAIRS}}}"
    vectors = f", vectors: {options.vectors}" if options.vectors else ""
    return f"""
data: {source}
text_encoder: {options.text}
molecule_encoder: {{kind: mol2vec{vectors}}}
backbone: {options.backbone}
curriculum: {{hard_negatives: {options.hard_negatives}}}
optimizer: {{batch_size: {options.batch}}}
budget: {{epochs: {options.epochs}}}
search: {{trials: 1}}
"""


def first_pairs(data: Path, limit: int, folder: Path) -> Path:
    """A copy of a data set with its first training pairs alone."""
    copied = Path(shutil.copytree(data, folder / data.name))
    with (data / "train.txt").open(encoding="utf-8") as rows:
        (copied / "train.txt").write_text("".join(islice(rows, limit + 1)), encoding="utf-8")
    return copied


def main() -> None:
    """Train every arm at every rate over the seeds, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA_FOLDER")
    parser.add_argument("--backbone", default="{name: contrastive}", metavar="MAPPING")
    parser.add_argument("--text", default="{kind: lsa, dimensions: 512}", metavar="MAPPING")
    parser.add_argument("--vectors", type=Path, metavar="FILE")
    parser.add_argument("--limit", type=int, metavar="PAIRS", help="first training pairs")
    parser.add_argument("--batch", type=int, default=128, metavar="PAIRS", help="in a batch")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--rates", type=float, nargs="+", default=[1e-3, 2e-3], metavar="LR")
    parser.add_argument("--hard-negatives", type=float, default=0.0, metavar="RHO")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="2 epochs, 1 seed, half a minute")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.quick:
        options.epochs, options.seeds, options.rates = 2, 1, options.rates[:1]
        options.limit, options.text = QUICK_PAIRS, "{kind: lsa, dimensions: 64}"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        if options.data and options.limit:
            options.data = first_pairs(options.data, options.limit, Path(folder))
        space = parse_space(space_text(options), "temperatures")
        features = prepare(space, ArrayCache(default_cache_folder()), Clock(), Callback()).features
    scores: dict[tuple[str, float], list[float]] = {}
    start = time.perf_counter()
    for seed in range(options.seeds):
        for arm, values in ARMS.items():
            for rate in options.rates:
                changes = values | {"search.seed": seed, "optimizer.lr": rate}
                trainer = Trainer(space.resolve(changes), features)
                trainer.train_to(trainer.schedule.steps)
                mrr = trainer.evaluate("validation", ("split",))["split/mrr"]
                scores.setdefault((arm, rate), []).append(100 * mrr)
        seconds = (time.perf_counter() - start) / (seed + 1) / len(ARMS) / len(options.rates)
        print(f"{seed + 1} seeds, {seconds:.1f} s a run")
        print_table(scores, options)


def print_table(scores: dict[tuple[str, float], list[float]], options: argparse.Namespace) -> None:
    """Means with standard errors over the seeds, and the paired difference at the best rates."""
    source = options.data.name if options.data else "names"
    print(f"{source}, {options.backbone}, {options.epochs} epochs, MRR in points")
    rates = options.rates
    best = {arm: max((scores[arm, rate] for rate in rates), key=statistics.mean) for arm in ARMS}
    print(
        f"{'temperature':18}" + "".join(f"{f'lr {rate:g}':>16}" for rate in rates) + "  - learned"
    )
    for arm in ARMS:
        cells = ["{:9.2f} ±{:5.2f}".format(*_mean_and_error(scores[arm, rate])) for rate in rates]
        paired = [a - b for a, b in zip(best[arm], best[LEARNED], strict=True)]
        difference = "{:+8.2f} ±{:5.2f}".format(*_mean_and_error(paired))
        print(f"{arm:18}" + "".join(f"{cell:>16}" for cell in cells) + difference, flush=True)
    if options.json:
        tree = {}
        for (arm, rate), values in scores.items():
            mean, error = _mean_and_error(values)
            tree[f"{arm}, lr {rate:g}"] = {"mrr": mean, "error": error}
        options.json.write_text(json.dumps(tree, indent=2) + "\n")


def _mean_and_error(values: list[float]) -> tuple[float, float]:
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.mean(values), error


if __name__ == "__main__":
    main()
