"""A sweep as an Optuna script, without Ray: `python optuna_script.py SPACE FOLDER TRIALS`."""

import multiprocessing
import sys
import time
from pathlib import Path

import optuna
from trial import prepare, train

from class_sweep.config.document import parse_space

PROCESSES = 2


def work(text: str, features: Path, folder: Path, trials: int) -> None:
    """One of the processes: its share of the trials."""
    settings = parse_space(text).settings

    def objective(trial: optuna.Trial) -> float:
        config = {
            "curriculum.order": trial.suggest_categorical(
                "order", ["easy_first", "hard_first", "random"]
            ),
            "curriculum.alpha": trial.suggest_float("alpha", 0.2, 0.9),
            "curriculum.beta": trial.suggest_float("beta", 0.05, 0.2),
            "curriculum.sigma": round(trial.suggest_float("sigma", 0.3, 0.66, step=0.01), 2),
            "curriculum.intensity": trial.suggest_categorical(
                "intensity", ["constant", "sigmoid", "inverse"]
            ),
        }
        epochs = iter(range(1, settings.budget.epochs + 1))

        def report(_: int, value: float) -> None:
            trial.report(value, next(epochs))
            if trial.should_prune():
                raise optuna.TrialPruned

        value = train(text, features, config, report)
        with (folder / "finished.txt").open("a") as file:
            file.write(f"{time.time()} {value}\n")
        return value

    study = optuna.load_study(
        study_name="sweep",
        storage=f"sqlite:///{folder}/study.db",
        pruner=optuna.pruners.SuccessiveHalvingPruner(
            min_resource=round(settings.pruning.grace_epochs),
            reduction_factor=int(settings.pruning.reduction_factor),
        ),
    )
    study.optimize(objective, n_trials=trials)


def main() -> None:
    """Run it; a line for each finished trial: seconds since the epoch, and its value."""
    space_file, folder, trials = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    text = space_file.read_text(encoding="utf-8")
    features = prepare(text, folder)
    optuna.create_study(
        study_name="sweep", storage=f"sqlite:///{folder}/study.db", direction="maximize"
    )
    arguments = (text, features, folder, trials // PROCESSES)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
