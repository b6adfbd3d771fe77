"""A sweep as a Ray Tune script: `python ray_script.py SPACE FOLDER CONFIGURATIONS [--asha]`."""

import json
import sys
from pathlib import Path

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from trial import prepare, train

from class_sweep.config.document import parse_space


def main() -> None:
    """Run the sweep; write the final score of each finished trial, one a line."""
    space_file, folder, configurations = map(Path, sys.argv[1:4])
    text = space_file.read_text(encoding="utf-8")
    settings = parse_space(text).settings
    features = prepare(text, folder)
    results = folder / "finished.txt"

    def trainable(config: dict[str, object]) -> None:
        epochs = iter(range(1, settings.budget.epochs + 1))

        def report(value: float) -> None:
            if next(epochs) == settings.budget.epochs:  # before ASHA stops the trial at max_t
                with results.open("a") as file:
                    file.write(f"{value}\n")
            tune.report({"mrr": value})

        train(text, features, config["curriculum"], report)

    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
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
        param_space={"curriculum": tune.grid_search(json.loads(configurations.read_text()))},
        tune_config=tune.TuneConfig(scheduler=scheduler),
        run_config=tune.RunConfig(storage_path=str(folder / "ray"), verbose=0),
    )
    tuner.fit()


if __name__ == "__main__":
    main()
