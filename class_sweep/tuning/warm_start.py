"""The trials that a sweep takes from earlier sweeps, `search.warm_start`.

An earlier trial counts if a configuration of the new space is the same training: its value lies on
each axis, and all other settings that its result depends on are equal. Budgets may differ: a trial
of another budget is told to the sampler as pruned at the end of that budget, because its value is
not that of a trial of this one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from class_sweep.config.document import Space
from class_sweep.config.full_data import FULL_DATA
from class_sweep.config.identity import identity
from class_sweep.config.sections import SAMPLES, Settings
from class_sweep.config.settings_changes import flat_settings, is_execution, location_settings
from class_sweep.curriculum.baselines import baseline_config, full_data_space
from class_sweep.errors import ResultsError
from class_sweep.results.environment import Environment, Provenance
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.json_files import Config
from class_sweep.results.provenance import listed, load_begun
from class_sweep.results.record import Record
from class_sweep.results.trials import reports_by_trial
from class_sweep.results.warm_start import EarlierSweep, EarlierTrial, WarmStart
from class_sweep.tuning.milestones import Rungs

_ONE_IN = 4  # of a group's trials are the best of earlier sweeps
_INPUTS = ("text_encoder.", "molecule_encoder.", "backbone.name", "objective")


def read_warm_start(space: Space) -> WarmStart | None:
    """Take the trials of the earlier sweeps that a space names; None if it names none.

    Raises:
        ResultsError: If a folder holds no ended sweep, or one of another objective, backbone or
            encoder, or if no trial of it is a configuration of the space.
    """
    folders = space.settings.search.warm_start
    if not folders:
        return None
    taken = [_Earlier(space, path) for path in folders]
    trials = [trial for earlier in taken for trial in earlier.trials]
    schedules, own = space.schedule_trials, space.full_data_trials
    return WarmStart(
        sweeps=[earlier.sweep for earlier in taken],
        trials=trials,
        first=_best(space, [t for t in trials if not t.full_data], schedules),
        first_full_data=_best(space, [t for t in trials if t.full_data], own),
    ).sealed()


def require_same_data(space: Space, warm: WarmStart, now: Provenance) -> None:
    """Check that earlier sweeps had the data and the encoder files of a new one.

    Raises:
        ResultsError: If one had others.
    """
    for sweep in warm.sweeps:
        differing = [
            name
            for name in sorted(sweep.encoder_sha256.keys() | now.encoder_sha256.keys())
            if sweep.encoder_sha256.get(name) != now.encoder_sha256.get(name)
        ]
        if sweep.data_sha256 != now.data_sha256:
            differing = ["data", *differing]
        if differing:
            raise ResultsError(
                f"{_place(space)}: must name sweeps over the same data and encoders, but the"
                f" contents of {', '.join(differing)} differ from those of {sweep.path}; leave it"
                " out"
            )


def warm_start_notes(warm: WarmStart) -> list[str]:
    """What was taken from each earlier sweep, and how it is used."""
    return [
        f"search.warm_start: {sweep.trials} trials of {sweep.path} count"
        + (f", {sweep.left_out} are no configurations of this space" if sweep.left_out else "")
        + ("" if sweep.same_budget else ", as pruned at the end of another budget")
        + (
            f"; {sweep.ended_early} of them ended at a share of full data's samples, as pruned"
            " there: what is tried again of them trains by the budget of this space"
            if sweep.ended_early
            else ""
        )
        for sweep in warm.sweeps
    ]


class _Earlier:
    """An earlier sweep beside the space of a new one."""

    def __init__(self, space: Space, path: Path) -> None:
        folder = ResultsFolder.existing(path)
        if folder.in_use():
            raise ResultsError(
                f"{_place(space)}: must name sweeps that have ended, and {path} is in use; wait"
                " for its end"
            )
        self._new, self._old = space, load_begun(folder)
        environment, summary = folder.read_environment(), folder.read_summary()
        if environment.told_pairs is not None:
            raise ResultsError(
                f"{_place(space)}: must name sweeps of the same training, and the trials of {path}"
                " were trained by a loop of one's own, with class_sweep.Tuner; leave it out"
            )
        self._require_comparable(path)
        self._rungs = Rungs.of(self._old, summary.pairs.train).samples
        self._full_samples = summary.full_samples
        self._same_budget = self._old.settings.budget == space.settings.budget
        curves = reports_by_trial(folder.records())
        told = [c for c in curves.values() if c[-1].decision in {"finish", "prune"}]
        trained = [curve for curve in told if curve[-1].same_as is None]
        taken = [(c[-1], trial) for c in trained if (trial := self._trial(c)) is not None]
        found = [trial for _, trial in taken]
        if not found:
            raise ResultsError(
                f"{_place(space)}: must name sweeps with trials of this space, and none of the"
                f" {len(trained)} trials of {path} is one: {self._differences()}; leave it out"
            )
        self.trials: list[EarlierTrial] = found
        self.sweep = _described(path, folder, environment).model_copy(
            update={
                "trials": len(found),
                "left_out": len(trained) - len(found),
                "same_budget": self._same_budget,
                "ended_early": sum(SAMPLES in last.config for last, _ in taken),
            }
        )

    def _require_comparable(self, path: Path) -> None:
        free = location_settings(self._new) | location_settings(self._old)
        before, now = flat_settings(self._old), flat_settings(self._new)
        changed = {
            name: f"{before.get(name)} → {now.get(name)}"
            for name in sorted(before.keys() | now.keys())
            if name.startswith(_INPUTS) and name not in free and not is_execution(name)
            if before.get(name) != now.get(name)
        }
        if changed:
            raise ResultsError(
                f"{_place(self._new)}: must name sweeps of the same objective, backbone and"
                f" encoders, and {path} differs: {listed(changed)}; leave it out"
            )

    def _trial(self, curve: Sequence[Record]) -> EarlierTrial | None:
        last = curve[-1]
        assert last.objective is not None  # noqa: S101 - it finished, or was pruned at a rung
        full_data = last.name == FULL_DATA and self._new.full_data_trials > 0
        values = self._values(last, full_data=full_data)
        if values is None:
            return None
        finished = last.decision == "finish"
        ended_early = SAMPLES in last.config  # at its share
        rungs = [record.rung for record in curve if record.rung is not None]
        step = self._rungs[rungs[-1]] if rungs and not finished else self._full_samples
        return EarlierTrial(
            values=values,
            full_data=full_data,
            finished=finished and self._same_budget and not ended_early,
            step=last.samples if finished and ended_early else step,
            objective=last.objective,
        )

    def _values(self, record: Record, *, full_data: bool) -> Config | None:
        """The configuration of the new space that is the same training, or None."""
        old = self._old.resolve(record.config)
        tree = old.model_dump(mode="json")
        space = full_data_space(self._new) if full_data else self._new
        read = {path: _at(tree, path) for path in space.axes}
        drawn = {path: read[path] for path, axis in space.axes.items() if read[path] in axis}
        active = space.active(drawn)
        if not active.keys() <= drawn.keys():
            return None
        values = {path: drawn[path] for path in active}
        config = baseline_config(self._new, FULL_DATA, values) if full_data else values
        new = self._new.resolve(config)
        return values if _training(new, old) == _training(old, old) else None

    def _differences(self) -> str:
        """The settings of the two spaces that may keep trials apart."""
        before, now = flat_settings(self._old), flat_settings(self._new)
        sections = ("curriculum.", "optimizer.", "backbone.")
        changed = {
            path: f"{before.get(path)} → {now.get(path)}"
            for path in sorted(before.keys() | now.keys())
            if path.startswith(sections) and before.get(path) != now.get(path)
        }
        return listed(changed) or "it has baselines alone"


def _described(path: Path, folder: ResultsFolder, environment: Environment) -> EarlierSweep:
    return EarlierSweep(
        path=str(path),
        sweep_id=environment.sweep_id,
        log_sha256=hashlib.sha256(folder.trials.read_bytes()).hexdigest(),
        data_sha256=environment.data_sha256,
        encoder_sha256=environment.encoder_sha256,
        trials=0,
        left_out=0,
        same_budget=False,
    )


def _training(settings: Settings, inputs: Settings) -> str:
    """The identity of a training with other inputs, budget and seed, which are compared apart."""
    same = ("data", "text_encoder", "molecule_encoder", "budget", "search")
    return identity(settings.model_copy(update={name: getattr(inputs, name) for name in same}))


def _best(space: Space, trials: Sequence[EarlierTrial], proposed: int) -> list[Config]:
    """The best configurations, a quarter of the trials of a group and at least one of them.

    Of two budgets, the larger counts first: its values are those of longer trainings.
    """

    def merit(trial: EarlierTrial) -> tuple[bool, int, float]:
        return trial.finished, trial.step, space.objective.sign * trial.objective

    ranked = [trial.values for trial in sorted(trials, key=merit, reverse=True)]
    distinct = list({tuple(values.items()): values for values in ranked}.values())
    return distinct[: max(1, proposed // _ONE_IN)] if proposed else []


def _place(space: Space) -> str:
    return space.place("search.warm_start")


def _at(tree: Any, path: str) -> Any:
    for word in path.split("."):
        if isinstance(tree, list):
            tree = tree[int(word)] if word.isdigit() and int(word) < len(tree) else None
        else:
            tree = tree.get(word) if isinstance(tree, Mapping) else None
    return tree
