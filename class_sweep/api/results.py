"""Sweeps from Python: run one, open its results, read them and continue them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

import pandas as pd

from class_sweep.api.best_configuration import BestConfiguration
from class_sweep.api.following import follow, write_report
from class_sweep.api.frames import reports_frame, trials_frame
from class_sweep.api.locations import folder_to_continue, new_storage
from class_sweep.base.array_cache import ArrayCache, default_cache_folder
from class_sweep.config.document import Space
from class_sweep.confirmation.procedure import ConfirmOptions
from class_sweep.report.sweep_facts import read_sweep
from class_sweep.report.sweep_page import write_page
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.provenance import load_begun
from class_sweep.results.summary import SweepSummary
from class_sweep.results.test_log import TestReading, read_test_log
from class_sweep.results.verdict import Verdict
from class_sweep.storage.remote import Storage
from class_sweep.sweep import Sweep
from class_sweep.sweep import confirm as confirm_sweep
from class_sweep.sweep import extend as extend_sweep
from class_sweep.sweep import resume as resume_sweep
from class_sweep.sweep import run as run_sweep


class Results:
    """The results folder of a sweep: what is known so far, and what can be done with it.

    Each property reads the folder when it is used, so it shows a running sweep as it is then.

    Attributes:
        path: The folder.
        pages: The locations of the report that the last call has written, with descriptions.

    Example:
        ```python
        results = cs.open("results/first")
        results.trials.sort_values("objective", ascending=False).head()
        results.verdict.words
        model = cs.train(results.best, "models/first")
        ```
    """

    def __init__(self, path: Path | str, *, _storage: Storage | None = None) -> None:
        """Open a results folder.

        Raises:
            ResultsError: If the path holds no sweep.
        """
        self.path = Path(path)
        self._folder = ResultsFolder.existing(self.path)
        self.pages: list[tuple[str, str]] = []
        self._storage = _storage

    def __repr__(self) -> str:
        return f"<Results {self.path}: {self.state}>"

    @property
    def space(self) -> Space:
        """The space as it was run.

        Raises:
            ConfigError: If `space.yaml` has mistakes.
            ResultsError: If it has other settings than the sweep began with.
        """
        return load_begun(self._folder)

    @property
    def state(self) -> str:
        """`finished`, `failed`, `running`, `confirming`, `interrupted`, or `not started`."""
        return read_sweep(self.path).state

    @property
    def trials(self) -> pd.DataFrame:
        """One row for each trial that has reported, by number.

        The columns are those below, then one for each axis (`curriculum.alpha`) and one for each
        metric of the last report (`split/mrr`).
        """
        return trials_frame(read_sweep(self.path))

    @property
    def reports(self) -> pd.DataFrame:
        """One row for each report of a trial, in the order of the log.

        The columns are those below, then one for each metric (`split/mrr`).
        """
        return reports_frame(read_sweep(self.path))

    @property
    def summary(self) -> SweepSummary:
        """The contents of `summary.json`.

        Raises:
            ResultsError: If the trials have not begun, or the file is damaged.
        """
        return self._folder.read_summary()

    @property
    def best(self) -> BestConfiguration:
        """The configuration to use: the winner of the confirmation, else the best trial.

        Raises:
            ResultsError: If the sweep has not ended yet.
        """
        return BestConfiguration.of(self._folder)

    @property
    def verdict(self) -> Verdict | None:
        """The result of the confirmation; None before one."""
        return self._folder.read_verdict() if self._folder.verdict.exists() else None

    @property
    def test_readings(self) -> list[TestReading]:
        """Every reading of the test split, the first one first; only that one was a test."""
        return read_test_log(self._folder)

    def resume(
        self,
        *,
        rerun_failed: bool = False,
        address: str | None = None,
        storage: str | None = None,
        tracking: bool = False,
        allow_pickle: bool = False,
        progress: bool = True,
    ) -> Self:
        """Continue an interrupted sweep: no report is lost, and no ended trial is run again.

        Args:
            rerun_failed: Also run the failed trials again, as new trials.
            address: Address of the Ray cluster to run on; None as for `run`.
            storage: As for `run`; by default the one of the sweep.
            tracking: Whether to use the trackers of a folder that came from elsewhere.
            allow_pickle: Whether to read a pickle of vectors, which can run code.
            progress: Whether to show the progress.

        Returns:
            These results.

        Raises:
            InputError: If another process writes to the folder, or no failed trial is left.
            InterruptedSweepError: On Ctrl-C.
            SweepError: If no trial finished.
        """
        sweep = partial(
            resume_sweep, self.path, rerun_failed=rerun_failed, address=address, tracking=tracking
        )
        return self._run(sweep, storage, allow_pickle=allow_pickle, progress=progress)

    def extend(
        self,
        trials: int,
        *,
        address: str | None = None,
        storage: str | None = None,
        tracking: bool = False,
        allow_pickle: bool = False,
        progress: bool = True,
    ) -> Self:
        """Give the sweep more trials; those so far stay, and the search continues.

        Logged warnings say what differs from a sweep of that size from the start.

        Args:
            trials: The new number of trials, baselines included.
            address: Address of the Ray cluster to run on; None as for `run`.
            storage: As for `run`; by default the one of the sweep.
            tracking: Whether to use the trackers of a folder that came from elsewhere.
            allow_pickle: Whether to read a pickle of vectors, which can run code.
            progress: Whether to show the progress.

        Returns:
            These results.

        Raises:
            InputError: If another process writes to the folder, the data have changed, or the sweep
                has as many trials; nothing was changed then.
            InterruptedSweepError: On Ctrl-C; `resume` continues.
            SweepError: If no trial finished.
        """
        sweep = partial(extend_sweep, self.path, trials, address=address, tracking=tracking)
        return self._run(sweep, storage, allow_pickle=allow_pickle, progress=progress)

    def confirm(
        self,
        *,
        finalists: int | None = None,
        seeds: int | None = None,
        max_seeds: int | None = None,
        margin: float | None = None,
        prefer: str | None = None,
        full_data_frontier: list[float] | None = None,
        test: bool = False,
        address: str | None = None,
        storage: str | None = None,
        allow_pickle: bool = False,
        progress: bool = True,
    ) -> Self:
        """Retrain the finalists and the controls with paired seeds; finished runs are kept.

        An option that is None is that of the space, as for [`confirm`](settings.md#confirm).

        Args:
            finalists: The number of schedules to confirm.
            seeds: Seeds before a comparison may be given up: 3, 5, 7, 10, 20 or 40.
            max_seeds: Most seeds of a comparison that is still open; at least `seeds`.
            margin: Loss within which a finalist counts as not worse; 0: no such claim.
            prefer: The winner: `quality`, or `cheapest_within_margin`.
            full_data_frontier: Shares of its samples at which full data is also ended.
            test: Also evaluate the winner on the test split; do this once.
            address: Address of the Ray cluster to run on; None as for `run`.
            storage: As for `run`; by default the one of the sweep.
            allow_pickle: Whether to read a pickle of vectors, which can run code.
            progress: Whether to show the progress.

        Returns:
            These results.

        Raises:
            InputError: If the sweep has not finished, an option breaks its rule, or another process
                writes to the folder.
            InterruptedSweepError: On Ctrl-C; the same call continues.
            SweepError: If no run finished.
        """
        options = ConfirmOptions(
            finalists=finalists,
            seeds=seeds,
            max_seeds=max_seeds,
            margin=margin,
            prefer=prefer,
            full_data_frontier=full_data_frontier,
            test=test,
        )
        sweep = partial(confirm_sweep, self.path, options, address=address)
        return self._run(
            sweep, storage, command="confirm", allow_pickle=allow_pickle, progress=progress
        )

    def report(self) -> Path:
        """Write the page with plots and tables, during or after the run; return its path.

        Raises:
            ResultsError: If a file of the folder is damaged.
            StorageError: If the page cannot be written.
        """
        return write_page(self.path)

    def _run(
        self,
        sweep: Callable[..., Sweep],
        storage: str | None,
        *,
        command: str = "resume",
        allow_pickle: bool,
        progress: bool,
    ) -> Self:
        """Continue the sweep by a function of `class_sweep.sweep`, and write the report."""
        confirms = command == "confirm"
        space = load_begun(self._folder, to_continue=True, to_confirm=confirms)
        copy = new_storage(storage, self.path) or self._storage
        follow(
            self.path,
            space.objective,
            lambda view: sweep(cache=_cache(), callback=view, storage=copy),
            command=command,
            allow_pickle=allow_pickle,
            progress=progress,
        )
        return self._reported()

    def _reported(self) -> Self:
        self.pages = write_report(self.path)
        return self


def run(
    space: Space,
    out: Path | str,
    *,
    address: str | None = None,
    storage: str | None = None,
    allow_pickle: bool = False,
    progress: bool = True,
) -> Results:
    """Run a sweep: count look-alikes once, search, confirm, and write the winner.

    Args:
        space: The search space.
        out: The results folder, a new one.
        address: Address of the Ray cluster to run on, `auto` or `host:port`; None for RAY_ADDRESS,
            else a Ray instance of its own.
        storage: Keeps a copy of the folder and the checkpoints of the trials below
            `s3://bucket/prefix`, `gs://bucket/prefix` or a path that every node can access.
        allow_pickle: Whether to read a pickle of vectors, which can run code.
        progress: Whether to show the progress: a table on a terminal, lines elsewhere.

    Raises:
        InputError: If the space, its data, the folder, the storage or the cluster is unusable;
            nothing was written then.
        InterruptedSweepError: On Ctrl-C; `open(out).resume()` continues.
        SweepError: If no trial finished.

    Example:
        ```python
        results = cs.run(cs.load_space("space.yaml"), "results/first")
        ```
    """
    folder = Path(out)
    copy = new_storage(storage, folder)
    follow(
        folder,
        space.objective,
        lambda view: run_sweep(
            space, folder, cache=_cache(), callback=view, storage=copy, address=address
        ),
        allow_pickle=allow_pickle,
        progress=progress,
    )
    return Results(folder)._reported()


def open(results: Path | str, *, out: Path | str | None = None) -> Results:
    """Open the results of a sweep, to read them or to continue the sweep.

    Args:
        results: A results folder, or the storage of a sweep.
        out: The folder into which a sweep from a storage is copied; by default `results/NAME`.

    Raises:
        ResultsError: If there is no sweep.
    """
    folder, storage = folder_to_continue(str(results), Path(out) if out else None)
    return Results(folder, _storage=storage)


def _cache() -> ArrayCache:
    return ArrayCache(default_cache_folder())
