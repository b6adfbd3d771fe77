"""`train`: from a configuration to a trained model."""

from pathlib import Path
from typing import overload

from class_sweep.api.best_configuration import BestConfiguration
from class_sweep.config.document import Space
from class_sweep.models import Model, train_models
from class_sweep.rendering.terminal import make_console
from class_sweep.report.training_view import TrainingView

Trainable = Space | BestConfiguration | Path | str
"""A configuration without axes, or the file of one."""


@overload
def train(
    config: Trainable,
    out: Path | str,
    *,
    seeds: None = None,
    progress: bool = True,
    allow_pickle: bool = False,
) -> Model: ...


@overload
def train(
    config: Trainable,
    out: Path | str,
    *,
    seeds: int,
    progress: bool = True,
    allow_pickle: bool = False,
) -> list[Model]: ...


def train(
    config: Trainable,
    out: Path | str,
    *,
    seeds: int | None = None,
    progress: bool = True,
    allow_pickle: bool = False,
) -> Model | list[Model]:
    """Train a configuration to its end, without Ray, and load the model.

    A cut training continues from its last checkpoint with the same call, to the same numbers. A
    model that is complete is loaded.

    Args:
        config: The best configuration of a sweep, a space without axes, or the file of one.
        out: The model folder, or with `seeds` the folder of the model folders.
        seeds: The number of seeds from `search.seed` on; None for one model in `out` itself.
        progress: Whether to show the progress.
        allow_pickle: Whether to read a pickle of vectors, which can run code.

    Returns:
        The model; with `seeds` a list with the model of each seed.

    Raises:
        InputError: If an argument is unusable. Nothing has been written then.
        InterruptedTrainingError: On Ctrl-C; the last checkpoint stays.
        StorageError: If a disk refused a file; the last checkpoint stays.

    Example:
        ```python
        model = cs.train(cs.open("results/first").best, "models/first")
        scores = model.encode_texts(["a fatty acid"]) @ model.encode_molecules(["CCCCCC(=O)O"]).T
        ```
    """
    space = config.space if isinstance(config, BestConfiguration) else config
    if progress:
        view = TrainingView(make_console())
        with view.watching():
            trained = train_models(
                space, out, seeds=seeds, callback=view, allow_pickle=allow_pickle
            )
    else:
        trained = train_models(space, out, seeds=seeds, allow_pickle=allow_pickle)
    models = [Model.load(model.path) for model in trained]
    return models[0] if seeds is None else models
