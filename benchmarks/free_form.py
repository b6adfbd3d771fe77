"""Free-form pacing and learning rate against the named curves, at equal numbers of trials.

`python benchmarks/free_form.py [DATA_FOLDER] [--vectors FILE] [--runs FILE] [--quick]
[--json FILE]`: the data set has MolT5's layout; without one, the embedded pairs are used. Random
configurations of two spaces are trained under each seed: one with the named pacings and
intensities, one with knots. Order, α and the learning rate are axes of both; the intensity acts on
the learning rate. A search of 16 configurations selects the best under one seed; its score under
the other seed is compared. `--runs` keeps the finished runs in a file, so that an interrupted
measurement continues.
"""

import argparse
import json
import random
import statistics
from pathlib import Path

CURVES = {
    "named": """
  pacing: {choice: [linear, root, step, full]}
  beta: {uniform: [0.05, 0.15]}
  full_data_after: {uniform: [0.3, 0.9]}
  intensity: {choice: [constant, sigmoid, inverse, decreasing]}""",
    "free form": """
  pacing: knots
  pacing_knots: [{uniform: [0.3, 1.0]}, {uniform: [0.5, 1.0]}, 1.0]
  intensity: knots
  intensity_knots: 4""",
}
SPACE = """
data: {data}
text_encoder: {{kind: lsa, dimensions: 256}}
molecule_encoder: {{kind: mol2vec{vectors}}}
backbone: {{name: contrastive, hidden: 256, temperature: 0.1, learn_temperature: false}}
curriculum:
  order: {{choice: [random, hard_first]}}
  sigma: 0.8
  alpha: {{uniform: [0.3, 1.0]}}
  intensity_target: learning_rate{curves}
optimizer: {{lr: {{loguniform: [5e-4, 8e-3]}}, batch_size: 128}}
budget: {{epochs: {epochs}}}
search: {{trials: {trials}, sampler: random, seed: 0}}
"""
SEARCHES, TRIALS = 2_000, 16


def trained(options: argparse.Namespace) -> dict[str, list[list[float]]]:
    """For each space, the final MRR of each configuration under each seed, in points."""
    import torch

    from class_sweep.base.array_cache import ArrayCache, default_cache_folder
    from class_sweep.config.document import SEED, parse_space
    from class_sweep.preparation.clock import Clock
    from class_sweep.preparation.prepare import prepare
    from class_sweep.results.callback import Callback
    from class_sweep.training.loop import Trainer
    from class_sweep.tuning.study import OptunaStudy
    from class_sweep.tuning.study_storage import MemoryStorage

    torch.set_num_threads(1)
    data = f"{{source: chebi20, path: {options.data}}}" if options.data else "{source: names}"
    if options.quick:
        data = "{source: names, limit: 800}"
    vectors = f", vectors: {options.vectors}" if options.vectors else ""
    sizes = {"epochs": options.epochs, "trials": options.configurations}
    done = {}
    if options.runs and options.runs.exists():
        done = dict(map(json.loads, options.runs.read_text().splitlines()))
    scores: dict[str, list[list[float]]] = {name: [] for name in CURVES}
    spaces = {
        name: parse_space(SPACE.format(data=data, vectors=vectors, curves=curves, **sizes), name)
        for name, curves in CURVES.items()
    }
    cache = ArrayCache(default_cache_folder())
    features = prepare(spaces["named"], cache, Clock(), Callback()).features
    studies = {name: OptunaStudy(space, MemoryStorage()) for name, space in spaces.items()}
    for index in range(options.configurations):
        for name, space in spaces.items():
            config = studies[name].propose(index, None).config
            of_seeds = []
            for seed in (0, 1):
                key = f"{name} {index} {seed}"
                if key not in done:
                    trainer = Trainer(space.resolve(config | {SEED: seed}), features)
                    trainer.train_to(trainer.schedule.steps)
                    done[key] = 100 * trainer.evaluate("validation", ("split",))["split/mrr"]
                    if options.runs:
                        with options.runs.open("a") as file:
                            file.write(json.dumps([key, done[key]]) + "\n")
                    print(f"  {key}: {done[key]:.2f}", flush=True)
                of_seeds.append(done[key])
            scores[name].append(of_seeds)
    return scores


def selected(scores: list[list[float]], trials: int) -> list[float]:
    """The score under one seed of the configuration that is best under the other, per search."""
    draw, found = random.Random(0), []  # noqa: S311 - no secret
    for _ in range(SEARCHES):
        chosen, seed = draw.sample(scores, min(trials, len(scores))), draw.randrange(2)
        found.append(max(chosen, key=lambda of_seeds: of_seeds[seed])[1 - seed])
    return found


def main() -> None:
    """Train, print the table, and write it to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA_FOLDER")
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--configurations", type=int, default=24, help="of each space")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--runs", type=Path, metavar="FILE", help="keep the finished runs there")
    parser.add_argument("--quick", action="store_true", help="2 epochs of 3 configurations")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    if options.quick:
        options.configurations, options.epochs = 3, 2
    figures = {}
    print(f"{'curves':12} {'median':>7} {'best':>7} {f'selected of {TRIALS}':>15} {'its 10 %':>9}")
    for name, scores in trained(options).items():
        means = [statistics.mean(of_seeds) for of_seeds in scores]
        found = selected(scores, TRIALS)
        low = statistics.quantiles(found, n=10)[0]
        figures[name] = [statistics.median(means), max(means), statistics.mean(found), low]
        row = "".join(
            f"{value:{width}.2f}"
            for value, width in zip(figures[name], (8, 8, 16, 10), strict=True)
        )
        print(f"{name:12}{row}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
