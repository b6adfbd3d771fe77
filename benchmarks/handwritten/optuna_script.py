"""A sweep as an Optuna script, without Ray: `python optuna_script.py SPACE FOLDER CONFIGURATIONS`.

The configurations are given, so Optuna contributes only its pruner.
"""

import json
import multiprocessing
import sys
from pathlib import Path

import optuna
from trial import prepare, train

from class_sweep.config.document import parse_space

PROCESSES = 2


def work(text: str, features: Path, folder: Path, configurations: list[dict[str, object]]) -> None:
    """One of the processes: run its share of the trials."""
    settings = parse_space(text).settings

    def objective(trial: optuna.Trial) -> float:
        config = configurations[trial.number]
        epochs = iter(range(1, settings.budget.epochs + 1))

        def report(value: float) -> None:
            trial.report(value, next(epochs))
            if trial.should_prune():
                raise optuna.TrialPruned

        value = train(text, features, config, report)
        with (folder / "finished.txt").open("a") as file:
            file.write(f"{value}\n")
        return value

    study = optuna.load_study(
        study_name="sweep",
        storage=f"sqlite:///{folder}/study.db",
        pruner=optuna.pruners.SuccessiveHalvingPruner(
            min_resource=round(settings.pruning.grace_epochs),
            reduction_factor=int(settings.pruning.reduction_factor),
        ),
    )
    study.optimize(objective, n_trials=len(configurations) // PROCESSES)


def main() -> None:
    """Run the sweep; write the final score of each finished trial, one a line."""
    space_file, folder, configurations = map(Path, sys.argv[1:4])
    text = space_file.read_text(encoding="utf-8")
    features = prepare(text, folder)
    optuna.create_study(
        study_name="sweep", storage=f"sqlite:///{folder}/study.db", direction="maximize"
    )
    arguments = (text, features, folder, json.loads(configurations.read_text()))
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
