"""Where trials' checkpoints are, which of them are worth keeping, and when they go."""

# ruff: noqa: ARG002 - Ray's signatures
import logging
import shutil
from typing import Any, Protocol

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.result import SHOULD_CHECKPOINT

from class_sweep.execution.checkpoints import FolderStates, States, StoredStates, copies, state_name
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.mirror import Mirror
from class_sweep.storage.remote import Storage
from class_sweep.tuning.ledger import Judge

log = logging.getLogger(__name__)


def trial_name(trial: Trial) -> str:
    """The name of a trial's folder among Ray's own files."""
    return f"trial-{trial.config['trial']:04d}"


class Keeper(Protocol):
    """What the driver does about checkpoints; workers write and read them by `states`."""

    @property
    def place(self) -> Storage:
        """A place that every machine must reach."""

    @property
    def states(self) -> States:
        """Where they are, for a worker."""

    def drop(self, name: str) -> None:
        """One is not needed any more."""

    def drop_all(self) -> None:
        """None is."""

    def worry(self, trouble: str) -> None:
        """A worker could not keep one."""


class FolderKeeper:
    """Checkpoints in the results folder."""

    def __init__(self, folder: ResultsFolder) -> None:
        self._folder = folder.checkpoints.resolve()
        self.place = Storage.parse(str(folder.path.resolve().parent))
        self.states: States = FolderStates(self._folder)

    def drop(self, name: str) -> None:
        """Remove a trial's."""
        for path in copies(self._folder / name):
            path.unlink(missing_ok=True)

    def drop_all(self) -> None:
        """Remove all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def worry(self, trouble: str) -> None:
        """Nothing: in a folder that is a failure of the trial."""


class StorageKeeper:
    """Checkpoints in a storage; the mirror's thread removes them."""

    def __init__(self, mirror: Mirror) -> None:
        self.place = mirror.storage
        self.states: States = StoredStates(mirror.storage)
        self.drop = mirror.drop
        self.drop_all = mirror.drop_all
        self._mirror = mirror
        self._said = False

    def worry(self, trouble: str) -> None:
        """Say it once, if the storage fails for that worker alone; else the mirror does."""
        if not self._said and not self._mirror.failing:
            self._said = True
            log.warning(
                "a checkpoint does not get into the storage, and a trial that loses its machine"
                " would begin anew: %s",
                trouble,
            )


class Checkpoints(Callback):
    """Has a checkpoint kept where a trial goes on, and dropped when it has ended."""

    def __init__(self, judge: Judge, keeper: Keeper) -> None:
        self._judge = judge
        self._keeper = keeper
        self._kept = {
            number: state_name(number, record.identity)
            for number, record in judge.last.items()
            if not record.ended
        }

    def __getstate__(self) -> dict[str, object]:
        """Nothing: Tune snapshots its parts."""
        return {}

    def on_trial_result(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        """Ask for a checkpoint of a trial that goes on from this report."""
        if trouble := result.pop("unkept", None):
            self._keeper.worry(trouble)
        number = trial.config["trial"]
        result[SHOULD_CHECKPOINT] = not self._judge.last[number].ended
        if result[SHOULD_CHECKPOINT]:
            # For another worker, should this one die.
            trial.config["reached"] = self._judge.last[number].step
            self._kept[number] = trial.config["state"]

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """Drop what ended trials left: this one, and paused ones whose place it took."""
        if trial.config["reached"]:  # what it still wrote as another took its place
            self._kept.setdefault(trial.config["trial"], trial.config["state"])
        for number in [n for n in self._kept if self._judge.last[n].ended]:
            self._keeper.drop(self._kept.pop(number))

    on_trial_error = on_trial_complete
