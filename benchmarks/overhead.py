"""The overhead of a trial: class-sweep against plain Ray Tune.

`python benchmarks/overhead.py [--quick] [--json FILE]`: each trial trains one step and reports
once, two trials at a time. Every variant uses the same Ray instance and runs twice, in turn. Plain
Ray Tune runs the same `Trainer` over the same shared arrays with random search, with and without
actor reuse, but without Optuna, a log and pruning decisions. The benchmark also measures how long a
warm worker takes from the start of a trial to the end of its first step, over a real corpus.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import broadcast
import numpy as np
import ray
from ray import tune

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import Space, parse_space
from class_sweep.execution.cluster.local import local_ray
from class_sweep.execution.tune.trainable import CurriculumTrial
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.sweep import run
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

TRIALS, QUICK_TRIALS = 200, 40
WITHOUT_REUSE, QUICK_WITHOUT_REUSE = 16, 4  # each trial starts a process
SPACE = """\
data: {{source: names, limit: 700}}
text_encoder: {{kind: lsa, dimensions: 32}}
molecule_encoder: {{kind: morgan, bits: 256}}
backbone: {{name: contrastive, hidden: 32, dimension: 16}}
curriculum:
  order: {{choice: [easy_first, hard_first, random]}}
  alpha: {{uniform: [0.5, 0.9]}}
optimizer: {{batch_size: 256, lr: {{loguniform: [1.0e-4, 1.0e-2]}}}}
budget: {{epochs: 1}}
search: {{trials: {trials}, sampler: {sampler}}}
pruning: {{kind: none}}
confirm: {{finalists: 0}}
"""


class BareTrial(tune.Trainable):
    """One trial as in a plain Ray Tune script."""

    def setup(self, config: dict[str, Any], space: Space, features: dict[str, np.ndarray]) -> None:
        """Take the shared arrays."""
        self._space, self._features = space, TrialFeatures.from_arrays(features)
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start another trial."""
        self._trainer = Trainer(self._space.resolve(new_config), self._features)
        return True

    def step(self) -> dict[str, Any]:
        """Train the one step and evaluate."""
        self._trainer.train_to(self._trainer.schedule.steps)
        metrics = self._trainer.evaluate("validation", ("split", "all"))
        return metrics | {"done": True}


def space_of(trials: int, sampler: str) -> Space:
    """The space of one-step trials."""
    return parse_space(SPACE.format(trials=trials, sampler=sampler))


def ours(trials: int, sampler: str, cache: ArrayCache) -> float:
    """Seconds per trial of `class-sweep run`, by the duration of its stage `trials`."""
    with tempfile.TemporaryDirectory() as folder:
        space = space_of(trials, sampler)
        done = run(space, Path(folder, "results"), cache=cache, callback=Callback())
        return float(done.summary.seconds["trials"]) / trials


def bare(trials: int, features: dict[str, np.ndarray], *, reuse: bool) -> float:
    """Seconds per trial of `Tuner.fit`."""
    trainable = tune.with_parameters(BareTrial, space=space_of(trials, "random"), features=features)
    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            tune.with_resources(trainable, {"cpu": 1}),
            param_space={
                "curriculum.order": tune.choice(["easy_first", "hard_first", "random"]),
                "curriculum.alpha": tune.uniform(0.5, 0.9),
                "optimizer.lr": tune.loguniform(1e-4, 1e-2),
            },
            tune_config=tune.TuneConfig(
                num_samples=trials, max_concurrent_trials=2, reuse_actors=reuse
            ),
            run_config=tune.RunConfig(
                name="bare",
                storage_path=folder,
                verbose=0,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        start = time.perf_counter()
        for error in tuner.fit().errors:
            raise error  # the time would include the restart of a process
        return (time.perf_counter() - start) / trials


def first_step(repeats: int) -> float:
    """Median seconds from the start of a trial on a warm worker to the end of its first step."""
    space = parse_space(broadcast.SPACE)
    actor = ray.remote(broadcast.shared(space, broadcast.corpus(broadcast.PAIRS))).remote(
        config=dict(broadcast.CONFIG)
    )

    def start_and_step(trial: CurriculumTrial) -> float:
        start = time.perf_counter()
        trial.reset_config(dict(broadcast.CONFIG))
        trial._start().train_to(1)
        return time.perf_counter() - start

    times = [ray.get(actor.__ray_call__.remote(start_and_step)) for _ in range(repeats)]
    ray.kill(actor)
    return statistics.median(times)


def main() -> None:
    """Measure, print a table, and write the ratios to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there")
    options = parser.parse_args()
    trials = QUICK_TRIALS if options.quick else TRIALS
    cold = QUICK_WITHOUT_REUSE if options.quick else WITHOUT_REUSE
    with tempfile.TemporaryDirectory() as folder, local_ray():
        cache = ArrayCache(Path(folder))
        features = prepare(space_of(trials, "tpe"), cache, Clock(), Callback()).features.arrays()
        variants: dict[str, tuple[int, Callable[[], float]]] = {
            "ours, TPE": (trials, lambda: ours(trials, "tpe", cache)),
            "ours, random search": (trials, lambda: ours(trials, "random", cache)),
            "bare Ray Tune, actors reused": (trials, lambda: bare(trials, features, reuse=True)),
            "bare Ray Tune, a process each": (cold, lambda: bare(cold, features, reuse=False)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(1 if options.quick else 2):
            for name, (_, measure) in variants.items():
                seconds[name].append(measure())
        first = first_step(5 if options.quick else 20)
    print(f"one-step trials, two at a time; load {os.getloadavg()[0]:.1f}")
    best = {name: min(times) for name, times in seconds.items()}
    our_seconds = best["ours, TPE"]
    for name, (count, _) in variants.items():
        ratio = our_seconds / best[name]
        print(f"{name:32}{count:5} trials{best[name]:8.3f} s a trial, ours / it {ratio:.2f}")
    print(f"a warm worker ends the first step of a trial after {first:.3f} s (median)")
    figures = {
        "given_to_first_step_s": first,
        "vs_bare_tune": our_seconds / best["bare Ray Tune, actors reused"],
        "vs_no_reuse": best["bare Ray Tune, a process each"] / our_seconds,
    }
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
