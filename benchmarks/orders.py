"""The effect of the order and the amount of data, over paired seeds.

`python benchmarks/orders.py [DATA_FOLDER] [--text-model PATH] [--vectors FILE] [--quick]`: the data
set has MolT5's layout; without one, the embedded pairs are used. The contrastive backbone is
trained over frozen features for every order under the paper's pacing (alpha 0.40, beta 0.03), for
the full data at equal epochs, and for the full data at equal samples (annealed over these samples).
Seeds are paired: one seed starts every arm from the same weights. The table has
Hits@1 and MRR on validation (pool: the split, mean of both directions) with standard errors, and
the paired difference from full data.
"""

import argparse
import json
import math
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from class_sweep.results.callback import Callback

EPOCHS = 30
PAIRS, QUICK_PAIRS = 8_000, 700  # of the embedded source
CURVES = ("split/hits@1", "split/mrr")

PAPER_PACING = {"alpha": 0.40, "beta": 0.03}

ARMS = {
    "full data": {"alpha": 1.0},
    "full data, equal samples": {"alpha": 1.0, "equal_samples": True},
} | {order: {"order": order, **PAPER_PACING} for order in ("easy_first", "random", "hard_first")}


def space_text(options: argparse.Namespace) -> str:
    """The space that contains every arm."""
    source = f"{{source: chebi20, path: {options.data}}}"
    if options.data is None:
        source = f"{{source: names, limit: {QUICK_PAIRS if options.quick else PAIRS}}}"
    text = "{kind: lsa, dimensions: 384}"
    if options.text_model:
        text = f"{{model: {options.text_model}}}"
    vectors = f", vectors: {options.vectors}" if options.vectors else ""
    return f"""
data: {source}
text_encoder: {text}
molecule_encoder: {{kind: mol2vec{vectors}}}
backbone: {{name: contrastive}}
curriculum: {{sigma: {options.sigma}}}
optimizer: {{lr: 1e-3, batch_size: 128}}
budget: {{epochs: {options.epochs}}}
search: {{trials: 1}}
"""


class _Stages(Callback):
    def on_stage(self, name: str) -> None:
        print(f"  {name} …", flush=True)


_shared: dict = {}


def _attach(space, features) -> None:  # noqa: ANN001
    import torch

    torch.set_num_threads(1)
    _shared["space"], _shared["features"] = space, features


def _train(job: tuple[str, int]) -> tuple[str, int, dict[str, float], int, float]:
    from class_sweep.config.curriculum import Curriculum
    from class_sweep.curriculum.pacing import shares
    from class_sweep.training.loop import Trainer

    arm, seed = job
    space, epochs = _shared["space"], _shared["space"].settings.budget.epochs
    arm_settings = dict(ARMS[arm])
    if arm_settings.pop("equal_samples", False):  # rounded to whole epochs of full data
        epochs = max(1, round(sum(shares(Curriculum(**PAPER_PACING), epochs))))
    values = {f"curriculum.{name}": value for name, value in arm_settings.items()}
    values |= {"search.seed": seed, "budget.epochs": epochs}
    start = time.perf_counter()
    trainer = Trainer(space.resolve(values), _shared["features"])
    trainer.train_to(trainer.schedule.steps)
    metrics = trainer.evaluate("validation", ("split",))
    return arm, seed, metrics, trainer.samples, time.perf_counter() - start


def main() -> None:
    """Train every arm over the seeds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA_FOLDER")
    parser.add_argument("--text-model")
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--sigma", type=float, default=0.8)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="2 epochs, 2 seeds, under a minute")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.quick:
        options.epochs, options.seeds = 2, 2

    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import parse_space
    from class_sweep.preparation.clock import Clock
    from class_sweep.preparation.prepare import prepare

    space = parse_space(space_text(options), "orders")
    features = prepare(space, ArrayCache(default_cache_folder()), Clock(), _Stages()).features
    jobs = [(arm, seed) for seed in range(options.seeds) for arm in ARMS]
    results: dict[str, dict[int, tuple[dict[str, float], int, float]]] = {arm: {} for arm in ARMS}
    with ProcessPoolExecutor(
        options.processes, get_context("spawn"), initializer=_attach, initargs=(space, features)
    ) as pool:
        for arm, seed, metrics, samples, seconds in pool.map(_train, jobs):
            results[arm][seed] = (metrics, samples, seconds)
            print(f"  {arm}, seed {seed}: {seconds:.0f} s", flush=True)
    print_table(results, options)


def print_table(results: dict, options: argparse.Namespace) -> None:
    """Means with standard errors over the seeds, and paired differences from full data."""
    full = results["full data"]
    tree = {}
    source = options.data.name if options.data else "names"
    print(f"\n{source}, sigma {options.sigma}, {options.epochs} epochs, points")
    print(f"{'arm':38} {'Hits@1':>13} {'MRR':>13} {'MRR - full':>15} {'samples':>8}")
    for arm, runs in results.items():
        columns = [_mean_and_error([100 * run[0][c] for run in runs.values()]) for c in CURVES]
        paired = [100 * (runs[seed][0][CURVES[1]] - full[seed][0][CURVES[1]]) for seed in runs]
        difference = _mean_and_error(paired)
        share = runs[0][1] / full[0][1]
        cells = [f"{mean:6.2f} ±{error:5.2f}" for mean, error in columns]
        print(
            f"{arm:38} {cells[0]:>13} {cells[1]:>13}"
            f" {difference[0]:+7.2f} ±{difference[1]:5.2f} {share:8.1%}"
        )
        tree[arm] = {
            "hits@1": columns[0], "mrr": columns[1], "mrr_from_full_data": difference,
            "share_of_samples": share,
        }  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(tree, indent=2))


def _mean_and_error(values: list[float]) -> tuple[float, float]:
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.mean(values), error


if __name__ == "__main__":
    main()
