"""A sweep as a Ray Tune script: `python ray_script.py SPACE FOLDER TRIALS [--asha]`."""

import sys
import time
from pathlib import Path

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from trial import prepare, train

from class_sweep.config.document import parse_space


def main() -> None:
    """Run it; a line for each finished trial: seconds since the epoch, and its value."""
    space_file, folder, trials = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    text = space_file.read_text(encoding="utf-8")
    settings = parse_space(text).settings
    features = prepare(text, folder)
    results = folder / "finished.txt"

    def trainable(config: dict[str, object]) -> None:
        epochs = iter(range(1, settings.budget.epochs + 1))

        def report(samples: int, value: float) -> None:
            if next(epochs) == settings.budget.epochs:  # before ASHA ends it at its max_t
                with results.open("a") as file:
                    file.write(f"{time.time()} {value}\n")
            tune.report({"mrr": value, "samples": samples})

        train(text, features, config, report)

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    scheduler = FIFOScheduler()
    if "--asha" in sys.argv:
        scheduler = ASHAScheduler(
            time_attr="training_iteration",
            metric="mrr",
            mode="max",
            max_t=settings.budget.epochs,
            grace_period=round(settings.pruning.grace_epochs),
            reduction_factor=settings.pruning.reduction_factor,
        )
    tuner = tune.Tuner(
        tune.with_resources(trainable, {"cpu": 1}),
        param_space={
            "curriculum.order": tune.choice(["easy_first", "hard_first", "random"]),
            "curriculum.alpha": tune.uniform(0.2, 0.9),
            "curriculum.beta": tune.uniform(0.05, 0.2),
            "curriculum.sigma": tune.quniform(0.3, 0.66, 0.01),
            "curriculum.intensity": tune.choice(["constant", "sigmoid", "inverse"]),
        },
        tune_config=tune.TuneConfig(num_samples=trials, scheduler=scheduler),
        run_config=tune.RunConfig(storage_path=str(folder / "ray"), verbose=0),
    )
    tuner.fit()


if __name__ == "__main__":
    main()
