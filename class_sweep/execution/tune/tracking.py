"""Experiment trackers: the learning curves of a sweep in TensorBoard, W&B and MLflow."""

# ruff: noqa: ARG002 - Ray's signatures

import importlib.util
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.logger import TBXLoggerCallback
from ray.tune.result import TIMESTEPS_TOTAL

from class_sweep.config.sections import Tracking
from class_sweep.errors import ConfigError
from class_sweep.results.folder import ResultsFolder
from class_sweep.tuning.trial import TrialReport

EXPERIMENT = "class-sweep"


def require_trackers(tracking: Tracking, space_name: str) -> None:
    """Check that the packages of the trackers are installed.

    Args:
        tracking: The trackers that the space names.
        space_name: The name of the space, for the error.

    Raises:
        ConfigError: If a package is missing; the error has the command that installs it.
    """
    for name, wanted in (("wandb", tracking.wandb), ("mlflow", tracking.mlflow)):
        if wanted and importlib.util.find_spec(name) is None:
            raise ConfigError(
                f"{space_name}: tracking.{name} needs the package {name}, which is not installed:"
                f" pip install 'class-sweep[{name}]'"
            )


def trackers(tracking: Tracking, folder: ResultsFolder) -> list[Callback]:
    """Ray's callbacks of the trackers, after a callback that converts the reports for them."""
    callbacks: list[Callback] = []
    if tracking.tensorboard:
        callbacks.append(_TensorBoard(folder.path / "tensorboard"))
    if tracking.wandb:
        from ray.air.integrations.wandb import WandbLoggerCallback  # noqa: PLC0415 - an extra

        callbacks.append(
            WandbLoggerCallback(
                project=tracking.wandb, group=folder.path.name, dir=str(folder.path.resolve())
            )
        )
    if tracking.mlflow:
        from ray.air.integrations.mlflow import MLflowLoggerCallback  # noqa: PLC0415 - an extra

        callbacks.append(
            MLflowLoggerCallback(
                tracking_uri=tracking.mlflow,
                experiment_name=EXPERIMENT,
                tags={"sweep": folder.path.name},
            )
        )
    return [_ReportConverter(), *callbacks] if callbacks else []


class _ReportConverter(Callback):
    """Replaces a trial's report by named numbers, which trackers can read."""

    def on_trial_result(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        report: TrialReport = result.pop("report")
        # MLflow takes no @ in a name.
        metrics = {name.replace("@", "_at_"): value for name, value in report.metrics.items()}
        result |= metrics | {"samples": report.samples, TIMESTEPS_TOTAL: report.samples}
        if report.loss is not None:
            result["loss"] = report.loss


class _TensorBoard(TBXLoggerCallback):
    """Writes event files into the results folder; Ray's own folder is removed at the end.

    A promoted trial starts again in a folder `NAME_SUFFIX` of Ray's. All event files of a trial go
    into one folder here, which TensorBoard shows as one run.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        writer_class = self._summary_writer_cls

        def writer(path: str, **options: Any) -> Any:
            name, _, suffix = Path(path).name.partition("_")
            file_suffix = f".{suffix}" if suffix else ""
            return writer_class(str(folder / name), filename_suffix=file_suffix, **options)

        self._summary_writer_cls = writer
